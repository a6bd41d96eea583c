// The emulated plugin's table, and the functions by which a test makes CUDA fail.
#pragma once

#include "failures.h"

#include <tenon/plugin/abi.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace tenon::emulation {

/// The module's functions of failures.h.
struct Switches {
  /// Opens the module. Throws std::runtime_error.
  Switches();

  void (*fail_at)(long) = nullptr;
  void (*fail)(const char*, int, long, long) = nullptr;
  long (*calls)() = nullptr;
  long (*calls_of)(const char*) = nullptr;
  std::size_t (*live_bytes)() = nullptr;
  long (*live_handles)() = nullptr;
  bool (*has_context)(int) = nullptr;
  int (*current_device)() = nullptr;
  void (*set_device)(int) = nullptr;
  Machine* machine = nullptr;
};
/// The same for the whole process, as CUDA's state is.
const Switches& switches();

/// All functions may be called from any thread.
class BackendUnderTest {
 public:
  /// Opens the module and creates a backend. Throws std::runtime_error.
  BackendUnderTest();
  ~BackendUnderTest();
  BackendUnderTest(const BackendUnderTest&) = delete;
  BackendUnderTest& operator=(const BackendUnderTest&) = delete;

  [[nodiscard]] const tenon_backend_table& table() const { return *table_; }
  [[nodiscard]] tenon_backend* get() const { return backend_; }

 private:
  const tenon_backend_table* table_ = nullptr;
  tenon_backend* backend_ = nullptr;
};

/// The text of this thread's last set_error, and its removal.
std::string take_error();

/// This process's last line in the log, and its removal.
std::string take_log();

/// What a step of a test says went wrong; empty: nothing.
struct Outcome {
  tenon_status status = TENON_OK;
  std::string error;
};

/// A dense tensor in device memory that is given back with this object.
class DeviceTensor {
 public:
  DeviceTensor(const BackendUnderTest& backend, int device, DLDataType dtype,
               std::vector<std::int64_t> shape);
  ~DeviceTensor();
  DeviceTensor(const DeviceTensor&) = delete;
  DeviceTensor& operator=(const DeviceTensor&) = delete;

  [[nodiscard]] DLTensor tensor() const;
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] DLDevice device() const { return {kDLCUDA, device_}; }
  /// Null if there was no memory.
  [[nodiscard]] void* memory() const { return memory_; }
  Outcome write(const void* from) const;
  Outcome read(void* to) const;
  Outcome copy(const DeviceTensor& from) const;

 private:
  const BackendUnderTest* backend_;
  int device_;
  DLDataType dtype_;
  std::vector<std::int64_t> shape_;
  std::vector<std::int64_t> strides_;
  std::size_t bytes_;
  void* memory_ = nullptr;
};

Outcome run(const BackendUnderTest& backend, std::uint32_t op, std::initializer_list<DLTensor> inputs,
            const DLTensor& out, const void* attributes);

}  // namespace tenon::emulation
