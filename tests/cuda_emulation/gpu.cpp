#include "gpu.h"

#include "failures.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace tenon::emulation {
namespace {

constexpr int kMostDevices = 2;

std::atomic<std::ptrdiff_t> bytes_alive{0};
std::atomic<long> handles_alive{0};
thread_local CUcontext current = nullptr;
thread_local int chosen = 0;
int running = 0;  // run() within run(), on another stream

// Never destroyed: threads that end after main() still give back what they hold.
Device* devices() {
  static auto* const all = [] {
    auto* const made = new Device[kMostDevices];
    for (int i = 0; i < kMostDevices; ++i) made[i].context.device = i;
    return made;
  }();
  return all;
}

}  // namespace

std::recursive_mutex& gpu_mutex() {
  static auto* const mutex = new std::recursive_mutex;
  return *mutex;
}

Device& device(int index) { return devices()[index]; }

int device_count() { return std::min(machine().devices, kMostDevices); }

int current_device() { return current != nullptr ? current->device : chosen; }

CUcontext current_context() { return current; }

void set_current_context(CUcontext context) { current = context; }

void choose_device(int index) {
  chosen = index;
  current = nullptr;
}

cudaError_t make_context(int index) {
  if (index == machine().taken_device) return cudaErrorDevicesUnavailable;
  device(index).has_context = true;
  return cudaSuccess;
}

cudaError_t use_context() {
  const int index = current_device();
  if (const cudaError_t error = make_context(index); error != cudaSuccess) return error;
  current = &device(index).context;
  return cudaSuccess;
}

std::shared_ptr<Stream> find(cudaStream_t stream) {
  for (int i = 0; i < kMostDevices; ++i) {
    for (const std::shared_ptr<Stream>& each : device(i).streams) {
      if (each.get() == stream && !each->destroyed) return each;
    }
  }
  return nullptr;
}

void queue(Stream& stream, std::function<void()> work, bool frees) {
  stream.queue.push_back({std::move(work), frees});
  ++stream.queued;
}

void open_only(int wanted) {
  for (int i = 0; i < kMostDevices; ++i) {
    if (i == wanted) {
      device(i).memory.open();
    } else {
      device(i).memory.close();
    }
  }
}

void run(Stream& stream, std::uint64_t last_ticket) {
  ++running;
  while (stream.done < last_ticket && !stream.queue.empty()) {
    const Stream::Operation operation = std::move(stream.queue.front());
    stream.queue.pop_front();
    operation.work();
    ++stream.done;
  }
  if (--running == 0) open_only(-1);
}

void run_all(int index) {
  const std::vector<std::shared_ptr<Stream>> streams = device(index).streams;
  for (const std::shared_ptr<Stream>& each : streams) run(*each, std::numeric_limits<std::uint64_t>::max());
  std::erase_if(device(index).streams,
                [](const auto& each) { return each->destroyed && each->queue.empty(); });
}

void lose(Stream& stream) {
  while (!stream.queue.empty()) {
    if (stream.queue.front().frees) stream.queue.front().work();
    stream.queue.pop_front();
    ++stream.done;
  }
}

std::size_t live_bytes() { return static_cast<std::size_t>(bytes_alive.load()); }
void count_bytes(std::ptrdiff_t change) { bytes_alive += change; }
long live_handles() { return handles_alive; }
void count_handle(int change) { handles_alive += change; }

void destroyed_twice(const char* what) {
  std::fprintf(stderr, "cuda emulation: %s is destroyed that does not exist\n", what);
  std::abort();
}

}  // namespace tenon::emulation
