// The emulated devices: memory, and streams whose work waits until somebody synchronises. One lock for
// everything: one thing at a time runs on all of them together.
#pragma once

#include "arena.h"

#include <cuda.h>
#include <cuda_runtime.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

/// A stream of one device. The n-th operation that was queued has ticket n.
struct CUstream_st {
  struct Operation {
    std::function<void()> work;
    bool frees = false;  ///< gives memory back, which is done even where the rest is lost
  };
  int device = 0;
  std::deque<Operation> queue;
  std::uint64_t queued = 0;
  std::uint64_t done = 0;
  bool destroyed = false;  ///< it goes when its queue is empty
};

/// The primary context of a device.
struct CUctx_st {
  int device = 0;
};

/// A memory pool of a device.
struct CUmemPoolHandle_st {
  int device = 0;
};

/// What an event marks: the last operation of a stream at some time.
struct CUevent_st {
  std::shared_ptr<CUstream_st> stream;
  std::uint64_t ticket = 0;
};

namespace tenon::emulation {

using Stream = CUstream_st;

struct Device {
  Arena memory;
  std::vector<std::shared_ptr<Stream>> streams;
  CUctx_st context;
  bool has_context = false;  ///< once it has, it keeps it
};

/// Taken by every function of the API; the functions below ask for it.
std::recursive_mutex& gpu_mutex();

Device& device(int index);
int device_count();
/// This thread's device: that of its current context, or, without one, the device that it chose, 0 at first.
int current_device();
CUcontext current_context();
void set_current_context(CUcontext context);
/// As by cudaSetDevice, but makes no context.
void choose_device(int index);
/// Makes a device's context, unless there is one.
cudaError_t make_context(int index);
/// What every function does that needs a context: the thread's device has one from now on, and it is current.
cudaError_t use_context();

/// Null if there is no such stream.
std::shared_ptr<Stream> find(cudaStream_t stream);
void queue(Stream& stream, std::function<void()> work, bool frees = false);
/// Runs what was queued, up to a ticket.
void run(Stream& stream, std::uint64_t last_ticket);
void run_all(int device);
/// Drops what was queued but frees memory, as a device does that fell over.
void lose(Stream& stream);

/// Lets kernels, and everyone, touch the memory of this device and of no other, until run() is done.
void open_only(int device);

std::size_t live_bytes();
void count_bytes(std::ptrdiff_t change);
long live_handles();
void count_handle(int change);

/// What CUDA leaves undefined ends the process.
[[noreturn]] void destroyed_twice(const char* what);

/// Sets what cudaGetLastError gives, if it is an error, and returns it.
cudaError_t remember(cudaError_t error);

}  // namespace tenon::emulation
