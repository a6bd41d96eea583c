#include "cuda/context.h"

#include <cstdint>
#include <map>
#include <mutex>

namespace tenon::cuda {
namespace {

// What a device's pool keeps of freed memory: scratch memory comes and goes with every call.
constexpr std::uint64_t kKeptBytes = std::uint64_t{512} << 20;

/// The driver's functions for what the runtime cannot do. Its status codes have the runtime's numbers.
struct Driver {
  CUresult (*retain_primary)(CUcontext*, CUdevice) = nullptr;
  CUresult (*get_current)(CUcontext*) = nullptr;
  CUresult (*set_current)(CUcontext) = nullptr;

  Driver() {
    find("cuDevicePrimaryCtxRetain", retain_primary);
    find("cuCtxGetCurrent", get_current);
    find("cuCtxSetCurrent", set_current);
  }

 private:
  template <typename Function>
  static void find(const char* name, Function*& function) {
    void* found = nullptr;
#if CUDART_VERSION >= 12050
    constexpr unsigned kVersion = 12000;
    check(cudaGetDriverEntryPointByVersion(name, &found, kVersion, cudaEnableDefault),
          "cudaGetDriverEntryPointByVersion");
#else
    check(cudaGetDriverEntryPoint(name, &found, cudaEnableDefault), "cudaGetDriverEntryPoint");
#endif
    if (found == nullptr) throw CudaError(std::string("the driver has no ") + name);
    function = reinterpret_cast<Function*>(found);
  }
};

const Driver& driver() {
  static const Driver found;
  return found;
}

cudaError_t retain_primary(CUcontext& context, int device) {
  return static_cast<cudaError_t>(driver().retain_primary(&context, device));
}
cudaError_t get_current(CUcontext& context) {
  return static_cast<cudaError_t>(driver().get_current(&context));
}
cudaError_t set_current(CUcontext context) { return static_cast<cudaError_t>(driver().set_current(context)); }

struct Registry {
  std::mutex mutex;
  std::map<int, Context> contexts;
};

// Never destroyed: tensors in static storage give their memory back after it would have been.
Registry& registry() {
  static auto* const only = new Registry;
  return *only;
}

}  // namespace

const Context& Context::of(int device) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  Context& context = all.contexts[device];
  if (!context.is_made_) context.make(device);
  return context;
}

const Context* Context::find(int device) {
  Registry& all = registry();
  const std::lock_guard lock(all.mutex);
  const auto found = all.contexts.find(device);
  return found != all.contexts.end() && found->second.is_made_ ? &found->second : nullptr;
}

// Each step is done once: where one fails, the next attempt goes on from there.
void Context::make(int device) {
  if (handle_ == nullptr) check(retain_primary(handle_, device), "cuDevicePrimaryCtxRetain");
  const DeviceScope scope(*this);
  if (pool_ == nullptr) {
    cudaMemPoolProps properties{};
    properties.allocType = cudaMemAllocationTypePinned;
    properties.location.type = cudaMemLocationTypeDevice;
    properties.location.id = device;
    check(cudaMemPoolCreate(&pool_, &properties), "cudaMemPoolCreate");
  }
  std::uint64_t kept = kKeptBytes;
  check(cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReleaseThreshold, &kept), "cudaMemPoolSetAttribute");
  if (allocations_ == nullptr) {
    check(cudaStreamCreateWithFlags(&allocations_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
  }
  is_made_ = true;
}

void Context::trim_pool() const {
  check(cudaStreamSynchronize(allocations_), "cudaStreamSynchronize");
  check(cudaMemPoolTrimTo(pool_, 0), "cudaMemPoolTrimTo");
}

DeviceScope::DeviceScope(const Context& context) {
  check(get_current(before_), "cuCtxGetCurrent");
  if (before_ == context.handle()) return;
  check(set_current(context.handle()), "cuCtxSetCurrent");
  has_changed_ = true;
}

DeviceScope::DeviceScope(const Context& context, std::nothrow_t /*tag*/) noexcept {
  release_quietly("cuCtxGetCurrent", [this] { return get_current(before_); });
  if (before_ == context.handle()) return;
  release_quietly("cuCtxSetCurrent", [&] { return set_current(context.handle()); });
  has_changed_ = true;
}

DeviceScope::~DeviceScope() {
  // Once more where it fails, which does no harm here: what it reports may be the failure of earlier work.
  if (has_changed_ && set_current(before_) != cudaSuccess) {
    release_quietly("cuCtxSetCurrent", [this] { return set_current(before_); });
  }
}

}  // namespace tenon::cuda
