// The backend `device` for the tests of device memory: two devices whose memory the host cannot reach, since
// what it is given are numbers, not addresses. Work is queued for each host thread and done when that thread
// synchronises or reads, or anybody does for all. naive does the arithmetic, but for float64, which the device
// declines. A test finds the functions at the end through dlsym.
#include <tenon/plugin/backend.hpp>

#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace tenon::plugin;

constexpr std::int32_t kDevices = 2;

std::recursive_mutex mutex;
std::size_t capacity = std::size_t{1} << 30;
std::int64_t failing_call = 0;  // counts down to the call that fails; 0: none
std::int64_t calls = 0;
int starving_copies = 0;  // the next so many copies find no memory

struct Block {
  std::int32_t device;
  std::vector<std::byte> bytes;
};
std::map<std::uintptr_t, Block> blocks;
std::uintptr_t last_handle = 0;

// What each thread asked for and nobody did yet, by thread.
std::map<std::uint64_t, std::deque<std::function<void()>>> queues;
std::uint64_t this_thread() {
  static std::atomic<std::uint64_t> last{0};
  thread_local const std::uint64_t number = ++last;
  return number;
}

void count_call(const char* what) {
  ++calls;
  if (failing_call > 0 && --failing_call == 0) {
    throw std::runtime_error(std::string("testErrorInjected from ") + what);
  }
}

void drain(std::deque<std::function<void()>>& queue) {
  while (!queue.empty()) {
    const auto work = std::move(queue.front());
    queue.pop_front();
    work();
  }
}

Block& block_of(const void* handle) {
  const auto found = blocks.find(reinterpret_cast<std::uintptr_t>(handle));
  if (found == blocks.end()) throw std::runtime_error("testErrorInvalidHandle");
  return found->second;
}

// A call frame and all it points to, for later.
struct Kept {
  explicit Kept(const tenon_call& frame) : call(frame) {
    for (std::uint32_t i = 0; i < frame.num_inputs; ++i) keep(frame.inputs[i]);
    keep(frame.outputs[0]);
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      tensors[i].shape = dims[2 * i].data();
      tensors[i].strides = dims[2 * i + 1].data();
    }
    call.inputs = tensors.data();
    call.outputs = &tensors.back();
    if (frame.attributes == nullptr) return;
    const auto* first = static_cast<const std::byte*>(frame.attributes);
    attributes.assign(first,
                      first + static_cast<const tenon_member_attributes*>(frame.attributes)->struct_size);
    call.attributes = attributes.data();
  }
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;

  tenon_call call;
  std::vector<DLTensor> tensors;

 private:
  void keep(const DLTensor& tensor) {
    tensors.push_back(tensor);
    dims.emplace_back(tensor.shape, tensor.shape + tensor.ndim);
    dims.emplace_back(tensor.strides, tensor.strides + tensor.ndim);
  }
  std::deque<std::vector<std::int64_t>> dims;
  std::vector<std::byte> attributes;
};

class TestDevice : public DeviceBackend {
 public:
  TestDevice() {
    void* module = dlopen(TEST_NAIVE, RTLD_NOW | RTLD_LOCAL);
    if (module == nullptr) throw std::runtime_error(dlerror());
    naive_ = reinterpret_cast<tenon_entry>(dlsym(module, "tenon_backend_entry"))(host);
    if (naive_ == nullptr || naive_->create(&instance_) != TENON_OK) throw std::runtime_error("naive");
  }

  int score(std::string&) override { return 1; }
  std::int32_t device_count() override { return kDevices; }
  DeviceInfo device(std::int32_t index) override {
    return {{kDLExtDev, index}, "test device", capacity, capacity - used(index)};
  }

  bool supports(const Call& call) const override {
    for (std::size_t i = 0; i < call.num_inputs(); ++i) {
      if (call.input(i).dtype() == tenon::DType::float64) return false;
    }
    return call.output().dtype() != tenon::DType::float64 && call.op() <= TENON_OP_EINSUM;
  }

  bool run(const Call& call) override {
    if (!supports(call)) return false;
    const std::lock_guard lock(mutex);
    count_call("run");
    auto kept = std::make_shared<Kept>(call.frame());
    for (const DLTensor& tensor : kept->tensors) {
      if (block_of(tensor.data).device != kept->tensors.back().device.device_id ||
          tensor.device.device_type != kDLExtDev) {
        throw std::runtime_error("testErrorWrongDevice");
      }
    }
    queues[this_thread()].push_back([this, kept] { compute(*kept); });
    // Whether an index is out of range is known only then.
    if (call.op() == TENON_OP_INDEX) drain(queues[this_thread()]);
    return true;
  }

  void* allocate(std::int32_t index, std::size_t bytes) override {
    const std::lock_guard lock(mutex);
    count_call("allocate");
    if (bytes > capacity || used(index) > capacity - bytes) throw OutOfDeviceMemory("testErrorNoMemory");
    blocks[++last_handle] = {index, std::vector<std::byte>(bytes, std::byte{0xFF})};
    return reinterpret_cast<void*>(last_handle);
  }

  void deallocate(std::int32_t, void* memory, std::size_t bytes) noexcept override {
    const std::lock_guard lock(mutex);
    for (const auto& [thread, queue] : queues) {
      if (!queue.empty()) std::abort();  // it may use this very block
    }
    const auto found = blocks.find(reinterpret_cast<std::uintptr_t>(memory));
    if (found == blocks.end() || found->second.bytes.size() != bytes) std::abort();
    blocks.erase(found);
  }

  void copy(DLDevice to_device, void* to, DLDevice from_device, const void* from, std::size_t bytes,
            void*) override {
    const std::lock_guard lock(mutex);
    count_call("copy");
    if (starving_copies > 0 && starving_copies-- > 0) throw OutOfDeviceMemory("testErrorNoMemory");
    if (from_device.device_type == kDLCPU) {
      const auto* first = static_cast<const std::byte*>(from);
      queues[this_thread()].push_back([to, source = std::vector<std::byte>(first, first + bytes)] {
        std::ranges::copy(source, block_of(to).bytes.begin());
      });
    } else if (to_device.device_type == kDLCPU) {
      drain(queues[this_thread()]);
      std::memcpy(to, block_of(from).bytes.data(), bytes);
    } else {
      queues[this_thread()].push_back(
          [to, from, bytes] { std::memcpy(block_of(to).bytes.data(), block_of(from).bytes.data(), bytes); });
    }
  }

  void synchronize(std::int32_t, void*) override {
    const std::lock_guard lock(mutex);
    count_call("synchronize");
    for (auto& [thread, queue] : queues) drain(queue);
  }

 private:
  static std::size_t used(std::int32_t index) {
    std::size_t sum = 0;
    for (const auto& [handle, block] : blocks) sum += block.device == index ? block.bytes.size() : 0;
    return sum;
  }

  void compute(Kept& kept) const {
    for (DLTensor& tensor : kept.tensors) {
      tensor.data = block_of(tensor.data).bytes.data();
      tensor.device = {kDLCPU, 0};
    }
    const tenon_status status = naive_->run(instance_, &kept.call);
    if (status == TENON_INVALID) throw InvalidData("an index is out of range");
    if (status != TENON_OK) throw std::runtime_error("testErrorLaunchFailed");
  }

  const tenon_backend_table* naive_ = nullptr;
  tenon_backend* instance_ = nullptr;
};

}  // namespace

extern "C" {
/// The `n`-th function that is called from now on fails, once; 0: none does.
[[gnu::visibility("default")]] void test_device_fail_at(std::int64_t n) {
  const std::lock_guard lock(mutex);
  failing_call = n;
}
/// How many functions were called so far.
[[gnu::visibility("default")]] std::int64_t test_device_calls() {
  const std::lock_guard lock(mutex);
  return calls;
}
/// The memory of each device.
[[gnu::visibility("default")]] void test_device_set_capacity(std::size_t bytes) {
  const std::lock_guard lock(mutex);
  capacity = bytes;
}
/// The next `n` copies find no memory.
[[gnu::visibility("default")]] void test_device_starve_copies(int n) {
  const std::lock_guard lock(mutex);
  starving_copies = n;
}
}

TENON_EXPORT_BACKEND(entry<TestDevice>, "device", "1.0", "", "", "", 1)
