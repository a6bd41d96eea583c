#include "opencl/device.h"

#include "opencl/layout.h"

#include <tenon/plugin/backend.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string_view>
#include <utility>

namespace tenon::opencl {
namespace {

template <typename T>
T info(cl_device_id device, cl_device_info what) {
  T value{};
  check(clGetDeviceInfo(device, what, sizeof(value), &value, nullptr), "clGetDeviceInfo");
  return value;
}

std::string text(cl_device_id device, cl_device_info what) {
  std::size_t size = 0;
  check(clGetDeviceInfo(device, what, 0, nullptr, &size), "clGetDeviceInfo");
  std::string value(size, '\0');
  check(clGetDeviceInfo(device, what, size, value.data(), nullptr), "clGetDeviceInfo");
  value.resize(value.find_last_not_of(std::string(" \0", 2)) + 1);
  return value;
}

/// PoCL learns from sysfs how much memory there is; without, as in a bare chroot, it ends the process.
bool would_end_the_process(cl_platform_id platform) {
  char name[64] = {};
  clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof(name) - 1, name, nullptr);
  return std::string_view(name) == "Portable Computing Language" &&
         !std::filesystem::exists("/sys/devices/system/cpu");
}

/// Never destroyed: it is for the end of the process.
struct LiveDevices {
  std::mutex mutex;
  std::set<Device*> devices;
};
LiveDevices& live_devices() {
  static auto* const live = new LiveDevices;
  return *live;
}

void finish_live_devices() {
  LiveDevices& live = live_devices();
  const std::lock_guard lock(live.mutex);
  for (Device* const device : live.devices) device->finish();
}

constexpr std::size_t kMostItems = std::size_t{1} << 30;
constexpr std::size_t kMostGroups = 65535;
constexpr unsigned kTogether = 16;
constexpr std::size_t kStaged = std::size_t{1} << 20;
constexpr std::size_t kSmallWrite = kStaged / 16;
constexpr std::size_t kSpareBlocks = 16;
constexpr std::size_t kLargestSpare = std::size_t{64} << 20;

}  // namespace

Device::Device(cl_device_id id)
    : id_(id),
      type_(info<cl_device_type>(id, CL_DEVICE_TYPE)),
      name_(text(id, CL_DEVICE_NAME)),
      driver_(text(id, CL_DEVICE_VERSION) + ", " + text(id, CL_DRIVER_VERSION)),
      total_memory_(info<cl_ulong>(id, CL_DEVICE_GLOBAL_MEM_SIZE)),
      largest_block_(info<cl_ulong>(id, CL_DEVICE_MAX_MEM_ALLOC_SIZE)) {
  const auto single = info<cl_device_fp_config>(id, CL_DEVICE_SINGLE_FP_CONFIG);
  if (driver_.starts_with("OpenCL 1.0") || driver_.starts_with("OpenCL 1.1")) {
    throw std::runtime_error("OpenCL 1.2 is needed, and this is " + driver_);
  }
  if (text(id, CL_DEVICE_PROFILE) != "FULL_PROFILE" || (single & CL_FP_ROUND_TO_NEAREST) == 0 ||
      (single & CL_FP_INF_NAN) == 0) {
    throw std::runtime_error("its floats do not round to nearest or lack infinities and NaN");
  }
  traits_.has_double = text(id, CL_DEVICE_EXTENSIONS).find("cl_khr_fp64") != std::string::npos;
  traits_.has_fma = (single & CL_FP_FMA) != 0;
  options_ = "-cl-std=CL1.2";
  if ((single & CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT) != 0) {
    options_ += " -cl-fp32-correctly-rounded-divide-sqrt";
  } else {
    flags_ |= TENON_FLAG_APPROXIMATE_DIVISION;
  }
  if ((single & CL_FP_DENORM) == 0) flags_ |= TENON_FLAG_FLUSHES_DENORMALS;
}

void Device::finish() noexcept {
  if (queue_ != nullptr) clFinish(queue_);
}

Device::~Device() {
  {
    const std::lock_guard lock(live_devices().mutex);
    live_devices().devices.erase(this);
  }
  if (queue_ == nullptr) return;
  finish();
  for (const Block& block : spare_) clReleaseMemObject(block.memory);
  clReleaseCommandQueue(queue_);
}

void Device::connect() {
  std::call_once(connected_, [this] {
    cl_int code = CL_SUCCESS;
    context_.reset(clCreateContext(nullptr, 1, &id_, nullptr, nullptr, &code));
    check(code, "clCreateContext");
    queue_ = clCreateCommandQueue(context_.get(), id_, 0, &code);
    check(code, "clCreateCommandQueue");
    {
      const std::lock_guard lock(live_devices().mutex);
      live_devices().devices.insert(this);
    }
    compiler_.emplace(context_.get(), id_, traits_, options_,
                      name_ + '\n' + driver_ + '\n' + TENON_OPENCL_VERSION);
  });
}

cl_command_queue* Device::queue() {
  connect();
  return &queue_;
}

std::uint64_t Device::free_memory() const {
  const std::lock_guard lock(mutex_);
  return total_memory_ - std::min(taken_, total_memory_);
}

void Device::probe() {
  const Scratch number(*this, sizeof(float));
  const cl_mem memory = number.memory();
  const cl_uint member = TENON_BINARY_ADD;
  Nest().for_each_layout([&](const Layout& layout) {
    launch(KernelId::binary, DType::float32, Range::of(1), memory, memory, memory, layout, member);
  });
  synchronize();
}

cl_mem Device::allocate(std::size_t bytes) {
  connect();
  const std::lock_guard lock(mutex_);
  const auto lacks = [&] { return bytes > total_memory_ - std::min(taken_, total_memory_); };
  if (lacks()) release_spare();
  if (bytes > largest_block_ || lacks()) {
    throw plugin::OutOfDeviceMemory(name_ + " has no " + std::to_string(bytes) + " bytes: " +
                                    std::to_string(taken_) + " of " + std::to_string(total_memory_) +
                                    " are taken, one block has at most " + std::to_string(largest_block_));
  }
  cl_int code = CL_SUCCESS;
  cl_mem memory = clCreateBuffer(context_.get(), CL_MEM_READ_WRITE, bytes, nullptr, &code);
  if (code != CL_SUCCESS) {
    release_spare();
    memory = clCreateBuffer(context_.get(), CL_MEM_READ_WRITE, bytes, nullptr, &code);
  }
  check_memory(code, "clCreateBuffer");
  taken_ += bytes;
  return memory;
}

void Device::deallocate(cl_mem memory, std::size_t bytes) noexcept {
  clReleaseMemObject(memory);
  const std::lock_guard lock(mutex_);
  taken_ -= bytes;
}

void Device::write(cl_mem to, const void* from, std::size_t bytes) {
  connect();
  if (bytes <= kSmallWrite) {
    const std::lock_guard lock(mutex_);
    if (staged_.size() + bytes > staged_.capacity()) {
      check(clFinish(queue_), "clFinish");
      staged_.clear();
      staged_.reserve(kStaged);
    }
    const auto* const first = static_cast<const std::byte*>(from);
    staged_.insert(staged_.end(), first, first + bytes);
    const std::byte* const copied = staged_.data() + staged_.size() - bytes;
    check_memory(clEnqueueWriteBuffer(queue_, to, CL_FALSE, 0, bytes, copied, 0, nullptr, nullptr),
                 "clEnqueueWriteBuffer");
    return;
  }
  check_memory(clEnqueueWriteBuffer(queue_, to, CL_TRUE, 0, bytes, from, 0, nullptr, nullptr),
               "clEnqueueWriteBuffer");
}

void Device::read(void* to, cl_mem from, std::size_t bytes) {
  connect();
  check_memory(clEnqueueReadBuffer(queue_, from, CL_TRUE, 0, bytes, to, 0, nullptr, nullptr),
               "clEnqueueReadBuffer");
}

void Device::copy(cl_mem to, cl_mem from, std::size_t bytes) {
  connect();
  check_memory(clEnqueueCopyBuffer(queue_, from, to, 0, 0, bytes, 0, nullptr, nullptr),
               "clEnqueueCopyBuffer");
}

void Device::synchronize() {
  connect();
  check(clFinish(queue_), "clFinish");
}

const Device::Kernel& Device::kernel_of(KernelId id, DType dtype) {
  connect();
  const auto column = static_cast<std::size_t>(dtype);
  Kernel& kernel = kernels_[static_cast<std::size_t>(id)][column];
  if (!kernel.handle) {
    const Family family = family_of(id);
    OwnedProgram& program = programs_[static_cast<std::size_t>(family)][column];
    if (!program) program = compiler_->compile(family, dtype);
    cl_int code = CL_SUCCESS;
    OwnedKernel made(clCreateKernel(program.get(), name_of(id), &code));
    check(code, "clCreateKernel");
    check(clGetKernelWorkGroupInfo(made.get(), id_, CL_KERNEL_WORK_GROUP_SIZE, sizeof(kernel.largest_group),
                                   &kernel.largest_group, nullptr),
          "clGetKernelWorkGroupInfo");
    kernel.handle = std::move(made);
  }
  return kernel;
}

void Device::set_argument(cl_kernel kernel, cl_uint position, std::size_t size, const void* value) {
  check(clSetKernelArg(kernel, position, size, value), "clSetKernelArg");
}

void Device::enqueue(const Kernel& kernel, const Range& range) {
  std::array<std::size_t, 3> group = range.group;
  while (group[0] * group[1] * group[2] > kernel.largest_group) {
    std::size_t& most = *std::ranges::max_element(group);
    most = (most + 1) / 2;
  }
  // What devices count in 32 or 16 bits is queued in pieces.
  std::array<std::size_t, 3> piece = {kMostItems, kMostGroups * group[1], kMostGroups * group[2]};
  piece[0] -= piece[0] % group[0];
  const cl_uint dimensions = range.items[2] > 1 ? 3 : range.items[1] > 1 || group[1] > 1 ? 2 : 1;
  std::array<std::size_t, 3> first{};
  for (first[2] = 0; first[2] < range.items[2]; first[2] += piece[2]) {
    for (first[1] = 0; first[1] < range.items[1]; first[1] += piece[1]) {
      for (first[0] = 0; first[0] < range.items[0]; first[0] += piece[0]) {
        std::array<std::size_t, 3> items{};
        for (std::size_t i = 0; i < items.size(); ++i) {
          const std::size_t rest = std::min(range.items[i] - first[i], piece[i]);
          items[i] = (rest + group[i] - 1) / group[i] * group[i];
        }
        check_memory(clEnqueueNDRangeKernel(queue_, kernel.handle.get(), dimensions, first.data(),
                                            items.data(), group.data(), 0, nullptr, nullptr),
                     "clEnqueueNDRangeKernel");
        count_launch();
      }
    }
  }
  // PoCL compiles a kernel for each size of group when it first runs, in a thread that does not survive the
  // end of the compiler's static objects. So it is waited for; and what is queued after that, by a handler that
  // was registered after those objects were made and therefore comes before their end.
  const std::pair variant(kernel.handle.get(), group);
  if (is_cpu() && !compiled_.contains(variant)) {
    check(clFinish(queue_), "clFinish");
    std::atexit(finish_live_devices);
    compiled_.insert(variant);
  }
  // A driver may hold back what is queued until it is told to begin or waited for.
  if (++queued_ % kTogether == 0) check(clFlush(queue_), "clFlush");
}

// Under the lock.
void Device::release_spare() {
  for (const Block& block : spare_) {
    clReleaseMemObject(block.memory);
    taken_ -= block.bytes;
  }
  spare_.clear();
  clFinish(queue_);  // which held on to them
}

Device::Block Device::take_scratch(std::size_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    auto best = spare_.end();
    for (auto it = spare_.begin(); it != spare_.end(); ++it) {
      if (it->bytes >= bytes && (best == spare_.end() || it->bytes < best->bytes)) best = it;
    }
    if (best != spare_.end()) {
      const Block block = *best;
      spare_.erase(best);
      return block;
    }
  }
  return {allocate(bytes), bytes};
}

void Device::give_scratch(Block block) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (block.bytes <= kLargestSpare && spare_.size() < kSpareBlocks) {
      spare_.push_back(block);
      return;
    }
  }
  deallocate(block.memory, block.bytes);
}

namespace {

/// What is left out, in the log and for whom finds no device at all.
void leave_out(const std::exception& error, std::string& reasons) {
  plugin::host->log(kWarning, ("[opencl] a device is left out: " + std::string(error.what())).c_str());
  reasons += std::string("; ") + error.what();
}

void add_usable(cl_platform_id platform, std::vector<std::unique_ptr<Device>>& devices,
                std::string& reasons) {
  cl_uint count = 0;
  const cl_int code = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, nullptr, &count);
  if (code == CL_DEVICE_NOT_FOUND) return;
  check(code, "clGetDeviceIDs");
  std::vector<cl_device_id> ids(count);
  check(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, count, ids.data(), nullptr), "clGetDeviceIDs");
  for (const cl_device_id id : ids) {
    try {
      const bool usable =
          info<cl_bool>(id, CL_DEVICE_AVAILABLE) != 0 && info<cl_bool>(id, CL_DEVICE_COMPILER_AVAILABLE) != 0;
      if (usable) devices.push_back(std::make_unique<Device>(id));
    } catch (const std::exception& error) {
      leave_out(error, reasons);
    }
  }
}

}  // namespace

std::vector<std::unique_ptr<Device>> all_devices() {
  constexpr cl_int kNoPlatform = -1001;  // CL_PLATFORM_NOT_FOUND_KHR
  cl_uint count = 0;
  const cl_int code = clGetPlatformIDs(0, nullptr, &count);
  if (code == kNoPlatform || (code == CL_SUCCESS && count == 0)) {
    throw std::runtime_error(
        "no OpenCL platform: install your GPU vendor's OpenCL driver, or pocl-opencl-icd to run on the CPU");
  }
  check(code, "clGetPlatformIDs");
  std::vector<cl_platform_id> platforms(count);
  check(clGetPlatformIDs(count, platforms.data(), nullptr), "clGetPlatformIDs");
  std::erase_if(platforms, would_end_the_process);
  if (platforms.empty()) {
    throw std::runtime_error("PoCL, the only OpenCL platform, needs /sys: mount -t sysfs sysfs /sys");
  }
  std::vector<std::unique_ptr<Device>> devices;
  std::string reasons;
  for (const cl_platform_id platform : platforms) {
    try {
      add_usable(platform, devices, reasons);
    } catch (const std::exception& error) {
      leave_out(error, reasons);
    }
  }
  if (devices.empty()) {
    throw std::runtime_error(
        "no OpenCL device that can compile kernels: install your GPU vendor's OpenCL driver, or "
        "pocl-opencl-icd to run on the CPU, and see what `clinfo` says" +
        reasons);
  }
  const auto rank = [](const auto& device) { return device->is_gpu() ? 0 : device->is_cpu() ? 1 : 2; };
  std::ranges::stable_sort(devices, {}, rank);
  return devices;
}

}  // namespace tenon::opencl
