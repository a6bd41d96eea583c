#include "block.h"

#include <boost/context/protected_fixedsize_stack.hpp>

#include <cstdio>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

constinit thread_local uint3 threadIdx{};
constinit thread_local uint3 blockIdx{};
constinit thread_local dim3 blockDim;
constinit thread_local dim3 gridDim;

namespace tenon::emulation {
namespace {

// The runner of the block that this thread is in; found at every barrier and shuffle, so it must be found fast.
constinit thread_local BlockRunner* current = nullptr;

constexpr std::size_t kStackSize = 64 * 1024;

[[noreturn]] void undefined(const char* what) {
  std::fprintf(stderr, "cuda emulation: block (%u, %u, %u), thread (%u, %u, %u): %s\n", blockIdx.x, blockIdx.y,
               blockIdx.z, threadIdx.x, threadIdx.y, threadIdx.z, what);
  std::abort();
}

// AddressSanitizer wants to know of every change of stacks.
void leave_stack([[maybe_unused]] void** fake, [[maybe_unused]] const void* to, [[maybe_unused]] std::size_t size) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(fake, to, size);
#endif
}
void enter_stack([[maybe_unused]] void* fake, [[maybe_unused]] const void** from, [[maybe_unused]] std::size_t* size) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fake, from, size);
#endif
}

}  // namespace

BlockRunner& BlockRunner::of_this_thread() {
  thread_local BlockRunner runner;
  return runner;
}

BlockRunner::~BlockRunner() {
  quit_ = true;  // an idle worker that is resumed now returns
  for (const std::unique_ptr<Worker>& worker : workers_) resume(*worker);
}

std::unique_ptr<BlockRunner::Worker> BlockRunner::make_worker() {
  auto worker = std::make_unique<Worker>();
  boost::context::protected_fixedsize_stack allocator(kStackSize);
  const boost::context::stack_context stack = allocator.allocate();
  worker->stack = static_cast<const char*>(stack.sp) - stack.size;
  worker->stack_size = stack.size;
  worker->here = boost::context::fiber(
      std::allocator_arg, boost::context::preallocated(stack.sp, stack.size, stack), allocator,
      [this, made = worker.get()](boost::context::fiber&& back) {
        enter_stack(nullptr, &stack_, &stack_size_);
        made->back = std::move(back);
        work(*made);
        leave_stack(nullptr, stack_, stack_size_);
        return std::move(made->back);
      });
  return worker;
}

void BlockRunner::work(Worker& worker) {
  while (!quit_) {
    run_threads(worker);
    idle_.push_back(&worker);
    suspend(worker);
  }
}

void BlockRunner::run_threads(Worker& worker) {
  while (started_ < threads_) {
    worker.thread = started_++;
    const unsigned plane = block_dim_.x * block_dim_.y;
    worker.index = {worker.thread % block_dim_.x, worker.thread / block_dim_.x % block_dim_.y,
                    worker.thread / plane};
    threadIdx = worker.index;
    (*thread_)();
    finish(worker);
  }
}

void BlockRunner::finish(const Worker& worker) {
  ++finished_;
  Warp& warp = warps_[worker.thread / kWarp];
  const unsigned own = 1U << worker.thread % kWarp;
  if (warp.arrived != 0 && (warp.mask & own) != 0) undefined("leaves while its warp waits for it in a shuffle");
  warp.left |= own;
  if (!at_barrier_.empty()) release_barrier();
}

void BlockRunner::resume(Worker& worker) {
  running_ = &worker;
  threadIdx = worker.index;
  leave_stack(&fake_stack_, worker.stack, worker.stack_size);
  worker.here = std::move(worker.here).resume();
  enter_stack(fake_stack_, nullptr, nullptr);
}

void BlockRunner::suspend(Worker& worker) {
  leave_stack(&worker.fake_stack, stack_, stack_size_);
  worker.back = std::move(worker.back).resume();
  enter_stack(worker.fake_stack, &stack_, &stack_size_);
}

void BlockRunner::release_barrier() {
  if (at_barrier_.size() < threads_ - finished_) return;
  ready_.insert(ready_.end(), at_barrier_.rbegin(), at_barrier_.rend());
  at_barrier_.clear();
}

BlockRunner::Worker* BlockRunner::next_worker() {
  std::vector<Worker*>& from = ready_.empty() ? idle_ : ready_;
  if (ready_.empty() && started_ == threads_) return nullptr;
  if (from.empty()) {
    workers_.push_back(make_worker());
    return workers_.back().get();
  }
  Worker* const worker = from.back();
  from.pop_back();
  return worker;
}

void BlockRunner::run(const std::function<void()>& thread, uint3 block, dim3 block_dim, dim3 grid_dim) {
  blockIdx = block;
  blockDim = block_dim_ = block_dim;
  gridDim = grid_dim;
  current = this;
  thread_ = &thread;
  threads_ = block_dim.x * block_dim.y * block_dim.z;
  started_ = finished_ = 0;
  warps_.assign((threads_ + kWarp - 1) / kWarp, Warp{});
  if (threads_ % kWarp != 0) warps_.back().left = ~0U << threads_ % kWarp;
  while (Worker* const worker = next_worker()) resume(*worker);
  if (finished_ != threads_) undefined("threads wait for each other at different places");
}

void BlockRunner::synchronize() {
  Worker& worker = *running_;
  at_barrier_.push_back(&worker);
  if (at_barrier_.size() == threads_ - finished_) {
    at_barrier_.pop_back();
    ready_.insert(ready_.end(), at_barrier_.rbegin(), at_barrier_.rend());
    at_barrier_.clear();
    return;  // the last to come needs not wait
  }
  suspend(worker);
}

std::uint64_t BlockRunner::exchange(unsigned mask, std::uint64_t bits, unsigned source) {
  Worker& worker = *running_;
  Warp& warp = warps_[worker.thread / kWarp];
  const unsigned own = lane();
  if ((mask >> own & 1U) == 0) undefined("its own lane is missing in the mask of a shuffle");
  if ((mask & warp.left) != 0) undefined("a shuffle with a lane that has left, or never was");
  if (source >= kWarp || (mask >> source & 1U) == 0) undefined("a shuffle from a lane outside of the mask");
  if (warp.arrived != 0 && warp.mask != mask) undefined("one warp is in two shuffles at once");
  warp.mask = mask;
  const unsigned turn = warp.turn;
  warp.bits[turn][own] = bits;
  warp.arrived |= 1U << own;
  if (warp.arrived == mask) {
    for (unsigned other = kWarp; other-- > 0;) {
      if (other != own && (mask >> other & 1U) != 0) ready_.push_back(warp.waiting[other]);
    }
    warp.arrived = 0;
    warp.turn = 1 - turn;
  } else {
    warp.waiting[own] = &worker;
    suspend(worker);
  }
  return warp.bits[turn][source];
}

unsigned BlockRunner::lane() const { return running_->thread % kWarp; }

std::uint64_t exchange(unsigned mask, std::uint64_t bits, unsigned source) {
  return current->exchange(mask, bits, source);
}

unsigned lane() { return current->lane(); }

}  // namespace tenon::emulation

void __syncthreads() { tenon::emulation::current->synchronize(); }
