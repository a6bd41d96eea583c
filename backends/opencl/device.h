// One OpenCL device: its context, its queue, its memory and its kernels.
#pragma once

#include "opencl/kernels.h"
#include "opencl/opencl.h"
#include "opencl/program.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace tenon::opencl {

/// Of tenon_host.log.
inline constexpr std::int32_t kWarning = 2;

/// How many work-items a launch has along each dimension, at least; surplus ones return at once.
struct Range {
  std::array<std::size_t, 3> items = {1, 1, 1};
  std::array<std::size_t, 3> group = {64, 1, 1};

  /// One dimension.
  static Range of(std::int64_t count) { return {{static_cast<std::size_t>(count), 1, 1}}; }
};

/// Everything that is asked of a device, by any thread, goes through one queue in the order in which it was
/// asked: that is each thread's order and more. Any thread may call anything. What is said of a device is read
/// at once; context and queue are made when first needed.
class Device {
 public:
  /// Throws OpenClError if the device does not answer, std::runtime_error if it cannot do what abi.h asks.
  explicit Device(cl_device_id id);
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  ~Device();

  [[nodiscard]] bool is_cpu() const { return (type_ & CL_DEVICE_TYPE_CPU) != 0; }
  [[nodiscard]] bool is_gpu() const { return (type_ & CL_DEVICE_TYPE_GPU) != 0; }
  [[nodiscard]] bool has_double() const { return traits_.has_double; }
  /// TENON_FLAG_*.
  [[nodiscard]] std::uint32_t flags() const { return flags_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  /// "OpenCL 3.0 PoCL, 3.1".
  [[nodiscard]] const std::string& driver() const { return driver_; }
  [[nodiscard]] std::uint64_t total_memory() const { return total_memory_; }
  /// What this backend has not taken; others' shares OpenCL does not tell.
  [[nodiscard]] std::uint64_t free_memory() const;

  /// Compiles and runs one kernel, to see whether the device works. Throws what it says.
  void probe();

  /// Throws plugin::OutOfDeviceMemory: beyond the device's limits at once, though OpenCL itself would find out
  /// when the memory is first used.
  cl_mem allocate(std::size_t bytes);
  void deallocate(cl_mem memory, std::size_t bytes) noexcept;
  /// A small one returns at once, for `from` was copied.
  void write(cl_mem to, const void* from, std::size_t bytes);
  void read(void* to, cl_mem from, std::size_t bytes);
  void copy(cl_mem to, cl_mem from, std::size_t bytes);
  void synchronize();
  /// Waits for everything that is queued, whether it fails or not.
  void finish() noexcept;

  /// Queues a kernel. Each argument is a cl_mem or a struct or number that the kernel takes by value.
  template <typename... Arguments>
  void launch(KernelId id, DType dtype, const Range& range, const Arguments&... arguments) {
    const std::lock_guard lock(mutex_);
    const Kernel& kernel = kernel_of(id, dtype);
    cl_uint position = 0;
    // NOLINTNEXTLINE(bugprone-sizeof-expression): a cl_mem goes as the handle that it is
    (set_argument(kernel.handle.get(), position++, sizeof(Arguments), &arguments), ...);
    enqueue(kernel, range);
  }
  /// For CLBlast, which queues its own kernels.
  cl_command_queue* queue();
  /// How often this thread has queued kernels, on any device.
  static std::uint64_t launches() { return launches_; }
  static void count_launch() { ++launches_; }

 private:
  friend class Scratch;
  struct Kernel {
    OwnedKernel handle;
    std::size_t largest_group = 1;
  };
  struct Block {
    cl_mem memory = nullptr;
    std::size_t bytes = 0;
  };

  void connect();
  const Kernel& kernel_of(KernelId id, DType dtype);
  static void set_argument(cl_kernel kernel, cl_uint position, std::size_t size, const void* value);
  void enqueue(const Kernel& kernel, const Range& range);
  void release_spare();
  Block take_scratch(std::size_t bytes);
  void give_scratch(Block block) noexcept;

  inline static thread_local std::uint64_t launches_ = 0;

  cl_device_id id_;
  cl_device_type type_ = 0;
  DeviceTraits traits_;
  std::uint32_t flags_ = 0;
  std::string options_;
  std::string name_;
  std::string driver_;
  std::uint64_t total_memory_ = 0;
  std::uint64_t largest_block_ = 0;

  mutable std::mutex mutex_;  // guards all that follows
  std::once_flag connected_;
  OwnedContext context_;
  cl_command_queue queue_ = nullptr;
  std::optional<Compiler> compiler_;
  std::array<std::array<OwnedProgram, kDTypeCount>, kFamilyCount> programs_;
  std::array<std::array<Kernel, kDTypeCount>, kKernelCount> kernels_;
  std::set<std::pair<cl_kernel, std::array<std::size_t, 3>>> compiled_;  // what PoCL has run, in such groups
  unsigned queued_ = 0;
  std::uint64_t taken_ = 0;
  std::vector<std::byte> staged_;  // what small writes still read from
  std::vector<Block> spare_;
};

/// Device memory that the next calls may use again, as soon as this one has queued its own: the queue's order
/// keeps them apart. No bytes: null.
class Scratch {
 public:
  Scratch(Device& device, std::size_t bytes) : device_(&device) {
    if (bytes > 0) block_ = device.take_scratch(bytes);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    if (block_.memory != nullptr) device_->give_scratch(block_);
  }
  [[nodiscard]] cl_mem memory() const { return block_.memory; }

 private:
  Device* device_;
  Device::Block block_;
};

/// All devices of all platforms, GPUs first. Throws std::runtime_error, with what to do, if there is none.
std::vector<std::unique_ptr<Device>> all_devices();

}  // namespace tenon::opencl
