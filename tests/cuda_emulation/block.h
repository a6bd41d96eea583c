// One block of threads, run on one thread of the host. Threads run one after the other; one that waits for
// others (at __syncthreads or in a shuffle) is left on its stack, and the next goes on on another.
#pragma once

#include <cuda_runtime.h>

#include <boost/context/fiber.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace tenon::emulation {

/// Not thread-safe: each thread of the host has its own, of_this_thread(). Whatever CUDA leaves undefined (a
/// barrier that some threads never reach, a shuffle with a lane that has left) ends the process with a
/// message.
class BlockRunner {
 public:
  static BlockRunner& of_this_thread();

  BlockRunner() = default;
  BlockRunner(const BlockRunner&) = delete;
  BlockRunner& operator=(const BlockRunner&) = delete;
  ~BlockRunner();

  /// Runs `thread` once for every thread of the block, with the built-in variables set; returns when all are
  /// done.
  void run(const std::function<void()>& thread, uint3 block, dim3 block_dim, dim3 grid_dim);

  // For the running thread of the block.
  void synchronize();
  std::uint64_t exchange(unsigned mask, std::uint64_t bits, unsigned source);
  [[nodiscard]] unsigned lane() const;

 private:
  static constexpr unsigned kWarp = 32;

  /// A stack of its own, on which threads of the block run until one of them has to wait.
  struct Worker {
    boost::context::fiber here;  // where it goes on, while it is suspended
    boost::context::fiber back;  // the runner, while it is not
    unsigned thread = 0;
    uint3 index{};
    void* fake_stack = nullptr;  // AddressSanitizer's
    const void* stack = nullptr;
    std::size_t stack_size = 0;
  };

  struct Warp {
    unsigned mask = 0;  // of the exchange that is under way
    unsigned arrived = 0;
    unsigned left = 0;  // lanes whose threads have ended, or never were
    unsigned turn = 0;  // which of the two rows of bits it fills
    std::uint64_t bits[2][kWarp] = {};
    Worker* waiting[kWarp] = {};
  };

  std::unique_ptr<Worker> make_worker();
  void work(Worker& worker);
  void run_threads(Worker& worker);
  void finish(const Worker& worker);
  void resume(Worker& worker);
  void suspend(Worker& worker);
  void release_barrier();
  Worker* next_worker();

  const std::function<void()>* thread_ = nullptr;
  dim3 block_dim_;
  unsigned threads_ = 0;
  unsigned started_ = 0;
  unsigned finished_ = 0;
  bool quit_ = false;
  Worker* running_ = nullptr;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Worker*> idle_;
  std::vector<Worker*> ready_;
  std::vector<Worker*> at_barrier_;
  std::vector<Warp> warps_;
  void* fake_stack_ = nullptr;  // of the runner's own stack, for AddressSanitizer
  const void* stack_ = nullptr;
  std::size_t stack_size_ = 0;
};

}  // namespace tenon::emulation
