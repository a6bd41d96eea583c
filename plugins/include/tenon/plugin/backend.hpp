// The C++20 SDK for backends: derive from Backend, read calls through View and Call, export with
// TENON_EXPORT_BACKEND(tenon::plugin::entry<MyBackend>, "name", "version", ...). Header-only; no exception
// gets past it into the host.
#pragma once

#include <tenon/plugin/abi.h>
#include <tenon/plugin/dtype.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tenon::plugin {

/// One operand of a call: a typed look at a DLTensor. Owns nothing; valid while the call runs.
class View {
 public:
  explicit View(const DLTensor& tensor) : tensor_(&tensor) {}

  [[nodiscard]] DType dtype() const { return from_dlpack(tensor_->dtype); }
  [[nodiscard]] int rank() const { return tensor_->ndim; }
  [[nodiscard]] std::span<const std::int64_t> shape() const { return {tensor_->shape, rank_size()}; }
  /// In elements, never negative; 0 on broadcast axes.
  [[nodiscard]] std::span<const std::int64_t> strides() const { return {tensor_->strides, rank_size()}; }
  [[nodiscard]] std::int64_t size() const {
    std::int64_t n = 1;
    for (const std::int64_t extent : shape()) n *= extent;
    return n;
  }
  /// The first element. `T` must be the C++ type of dtype().
  template <typename T>
  [[nodiscard]] T* data() const {
    return reinterpret_cast<T*>(static_cast<std::byte*>(tensor_->data) + tensor_->byte_offset);
  }
  [[nodiscard]] const DLTensor& dlpack() const { return *tensor_; }

 private:
  [[nodiscard]] std::size_t rank_size() const { return static_cast<std::size_t>(tensor_->ndim); }
  const DLTensor* tensor_;
};

/// A call frame, read-only. Owns nothing; valid while the call runs.
class Call {
 public:
  explicit Call(const tenon_call& frame) : frame_(&frame) {}

  /// TENON_OP_*.
  [[nodiscard]] std::uint32_t op() const { return frame_->op; }
  [[nodiscard]] std::size_t num_inputs() const { return frame_->num_inputs; }
  [[nodiscard]] std::size_t num_outputs() const { return frame_->num_outputs; }
  [[nodiscard]] View input(std::size_t i) const { return View(frame_->inputs[i]); }
  [[nodiscard]] View output(std::size_t i = 0) const { return View(frame_->outputs[i]); }
  [[nodiscard]] void* stream() const { return frame_->stream; }
  [[nodiscard]] const tenon_call& frame() const { return *frame_; }
  /// A copy of the op's attributes; `Attributes` is the struct that abi.h names for the op. What an older
  /// host does not know of is 0.
  template <typename Attributes>
  [[nodiscard]] Attributes attributes() const {
    if (prefix().struct_size >= sizeof(Attributes))
      return *static_cast<const Attributes*>(frame_->attributes);
    Attributes attributes{};
    std::memcpy(&attributes, frame_->attributes, prefix().struct_size);
    return attributes;
  }
  /// The member of the op's family: TENON_UNARY_EXP, say.
  [[nodiscard]] std::uint32_t member() const { return prefix().member; }

 private:
  // How the attributes of every family begin.
  [[nodiscard]] const tenon_member_attributes& prefix() const {
    return *static_cast<const tenon_member_attributes*>(frame_->attributes);
  }

  const tenon_call* frame_;
};

/// Thrown by a backend whose data is wrong (an index out of range); becomes TENON_INVALID.
class InvalidData : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Thrown by a backend whose device has no more memory; becomes TENON_OUT_OF_MEMORY. The host frees what it can
/// and tries once more.
class OutOfDeviceMemory : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// How a backend does a call; see TENON_SUPPORT_*.
enum class Support : std::int32_t {
  none = TENON_SUPPORT_NONE,
  native = TENON_SUPPORT_NATIVE,
  shared = TENON_SUPPORT_SHARED,
  composed = TENON_SUPPORT_COMPOSED
};

/// What the host offers; set before the backend is constructed, valid until the process ends. What an older
/// host does not know of is null. Hidden, so that each plugin has its own whatever flags it was built with.
[[gnu::visibility("hidden")]] inline const tenon_host* host = nullptr;

/// A backend on host memory; see DeviceBackend for one with its own. The host makes one instance; `supports`
/// and `run` are called from several threads at once and must not throw anything but std::exception.
class Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  /// 0 = cannot run on this machine (`reason` says why and how to mend it); higher is preferred.
  virtual int score(std::string& reason) = 0;
  /// The vendor library in use with its version; empty if there is none.
  virtual std::string library() { return {}; }
  /// TENON_FLAG_*.
  virtual std::uint32_t flags() { return 0; }
  /// Whether run() would do this call.
  virtual bool supports(const Call& call) const = 0;
  /// How it would; for the coverage table. Support::none exactly where supports() is false.
  virtual Support support(const Call& call) const { return supports(call) ? Support::native : Support::none; }
  /// Does the call and returns true, or returns false before it touches an output. Throws InvalidData for
  /// wrong data, std::bad_alloc when out of memory, another std::exception if the library fails.
  virtual bool run(const Call& call) = 0;
};

/// One of a DeviceBackend's devices.
struct DeviceInfo {
  DLDevice device;
  std::string name;
  std::uint64_t total_memory = 0;  ///< bytes
  std::uint64_t free_memory = 0;
};

/// A backend with devices and memory of its own; abi.h says in which order things happen and what each
/// function owes. All are called from several threads at once.
class DeviceBackend : public Backend {
 public:
  /// 0 where score() is 0.
  virtual std::int32_t device_count() = 0;
  virtual DeviceInfo device(std::int32_t index) = 0;
  /// Throws OutOfDeviceMemory.
  virtual void* allocate(std::int32_t index, std::size_t bytes) = 0;
  virtual void deallocate(std::int32_t index, void* memory, std::size_t bytes) noexcept = 0;
  virtual void copy(DLDevice to_device, void* to, DLDevice from_device, const void* from, std::size_t bytes,
                    void* stream) = 0;
  virtual void synchronize(std::int32_t index, void* stream) = 0;
};

namespace detail {

template <typename F>
tenon_status guarded(F&& f) noexcept {
  try {
    return f();
  } catch (const InvalidData& error) {
    host->set_error(error.what());
    return TENON_INVALID;
  } catch (const UnknownDType& error) {
    host->set_error(error.what());
    return TENON_UNSUPPORTED;
  } catch (const OutOfDeviceMemory& error) {
    host->set_error(error.what());
    return TENON_OUT_OF_MEMORY;
  } catch (const std::bad_alloc&) {
    host->set_error("out of host memory");
    return TENON_OUT_OF_MEMORY;
  } catch (const std::exception& error) {
    host->set_error(error.what());
  } catch (...) {
    host->set_error("an exception that is no std::exception");
  }
  return TENON_FAILED;
}

inline Backend& self(tenon_backend* backend) { return *reinterpret_cast<Backend*>(backend); }

template <std::size_t N>
void copy_text(char (&to)[N], std::string_view from) {
  const std::size_t n = from.size() < N - 1 ? from.size() : N - 1;
  std::memcpy(to, from.data(), n);
  to[n] = '\0';
}

/// Copies as much of a struct as both sides know of; `to` keeps the rest.
template <typename Struct>
void copy_known(Struct* to, const Struct* from, std::size_t struct_size) {
  std::memcpy(to, from, struct_size < sizeof(Struct) ? struct_size : sizeof(Struct));
}

inline DeviceBackend& device_self(tenon_backend* backend) {
  return static_cast<DeviceBackend&>(self(backend));
}

template <bool has_memory>
tenon_status device_properties(tenon_backend* backend, std::int32_t index,
                               tenon_device_properties* properties) {
  return guarded([&] {
    DeviceInfo info{DLDevice{kDLCPU, 0}, "CPU"};
    if constexpr (has_memory) info = device_self(backend).device(index);
    tenon_device_properties own{};
    own.struct_size = properties->struct_size;
    own.flags = self(backend).flags();
    own.device = info.device;
    own.total_memory = info.total_memory;
    own.free_memory = info.free_memory;
    copy_text(own.name, info.name);
    copy_text(own.library, self(backend).library());
    copy_known(properties, &own, properties->struct_size);
    return TENON_OK;
  });
}

inline std::int32_t score(tenon_backend* backend) {
  std::int32_t value = 0;
  guarded([&] {
    std::string reason;
    value = self(backend).score(reason);
    if (value == 0) host->set_error(reason.c_str());
    return TENON_OK;
  });
  return value;
}

inline std::int32_t supports(tenon_backend* backend, const tenon_call* call) {
  Support answer = Support::none;
  guarded([&] {
    answer = self(backend).support(Call(*call));
    return TENON_OK;
  });
  return static_cast<std::int32_t>(answer);
}

inline tenon_status run(tenon_backend* backend, const tenon_call* call) {
  return guarded([&] { return self(backend).run(Call(*call)) ? TENON_OK : TENON_UNSUPPORTED; });
}

template <bool has_memory>
std::int32_t device_count(tenon_backend* backend) {
  std::int32_t count = 1;
  if constexpr (has_memory) {
    guarded([&] {
      count = 0;
      count = device_self(backend).device_count();
      return TENON_OK;
    });
  }
  return count;
}

inline tenon_status allocate(tenon_backend* backend, std::int32_t index, std::size_t bytes, void** memory) {
  return guarded([&] {
    *memory = device_self(backend).allocate(index, bytes);
    return TENON_OK;
  });
}

inline void deallocate(tenon_backend* backend, std::int32_t index, void* memory, std::size_t bytes) {
  device_self(backend).deallocate(index, memory, bytes);
}

inline tenon_status copy(tenon_backend* backend, DLDevice to_device, void* to, DLDevice from_device,
                         const void* from, std::size_t bytes, void* stream) {
  return guarded([&] {
    device_self(backend).copy(to_device, to, from_device, from, bytes, stream);
    return TENON_OK;
  });
}

inline tenon_status synchronize(tenon_backend* backend, std::int32_t index, void* stream) {
  return guarded([&] {
    device_self(backend).synchronize(index, stream);
    return TENON_OK;
  });
}

}  // namespace detail

/// The entry function of a plugin whose backend is the class `T`; for TENON_EXPORT_BACKEND.
template <typename T>
[[gnu::visibility("hidden")]] const tenon_backend_table* entry(const tenon_host* offered) {
  if (offered->abi_major != TENON_ABI_MAJOR) {
    offered->set_error("the host has another major version of the ABI; rebuild one of them");
    return nullptr;
  }
  static tenon_host known{};
  detail::copy_known(&known, offered, offered->struct_size);
  host = &known;
  constexpr bool has_memory = std::derived_from<T, DeviceBackend>;
  static constexpr tenon_backend_table table = {
      sizeof(tenon_backend_table),
      TENON_ABI_MAJOR,
      TENON_ABI_MINOR,
      [](tenon_backend** backend) {
        return detail::guarded([&] {
          *backend = reinterpret_cast<tenon_backend*>(static_cast<Backend*>(new T()));
          return TENON_OK;
        });
      },
      [](tenon_backend* backend) { delete &detail::self(backend); },
      detail::score,
      detail::device_count<has_memory>,
      detail::device_properties<has_memory>,
      has_memory ? detail::allocate : nullptr,
      has_memory ? detail::deallocate : nullptr,
      has_memory ? detail::copy : nullptr,
      has_memory ? detail::synchronize : nullptr,
      detail::supports,
      detail::run,
  };
  return &table;
}

}  // namespace tenon::plugin
