#include "device_memory.h"

#include <tenon/device.h>
#include <tenon/error.h>
#include <tenon/plugin/host.h>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "fork.h"

namespace tenon {
namespace {

constexpr DLDevice kHost = {kDLCPU, 0};

struct Counter {
  std::atomic<std::uint64_t> calls{0};
  std::atomic<std::uint64_t> bytes{0};

  void add(std::size_t more) {
    calls.fetch_add(1, std::memory_order_relaxed);
    bytes.fetch_add(more, std::memory_order_relaxed);
  }
  [[nodiscard]] Transfers value() const {
    return {calls.load(std::memory_order_relaxed), bytes.load(std::memory_order_relaxed)};
  }
  void reset() {
    calls.store(0, std::memory_order_relaxed);
    bytes.store(0, std::memory_order_relaxed);
  }
};

Counter to_device;
Counter to_host;
Counter between_devices;

}  // namespace

TransferCounts transfer_counts() { return {to_device.value(), to_host.value(), between_devices.value()}; }

void reset_transfer_counts() {
  for (Counter* counter : {&to_device, &to_host, &between_devices}) counter->reset();
}

DeviceMemory::DeviceMemory(const tenon_backend_table& table, tenon_backend* instance, std::int32_t index,
                           const std::string& backend, DLDevice device)
    : table_(table),
      instance_(instance),
      index_(index),
      forks_(forks()),
      name_(fmt::format("{}:{}", backend, index)),
      device_(device) {}

void DeviceMemory::check_process() const {
  if (forks() == forks_) return;
  throw BackendError(
      fmt::format("[fork] {} was opened before this process was forked, and does not come along: fork before "
                  "the first use of a device, or call exec",
                  name_));
}

std::uint64_t DeviceMemory::this_thread() {
  static std::atomic<std::uint64_t> last{0};
  thread_local const std::uint64_t number = last.fetch_add(1, std::memory_order_relaxed) + 1;
  return number;
}

// ---- the cache ----

// For this thread. Under the lock.
bool DeviceMemory::is_idle(const Block& block) const {
  return block.user == 0 || block.user == this_thread() || block.freed_at < last_wait_;
}

void* DeviceMemory::take_cached(const SizeClass& size) {
  Block block{};
  {
    const std::lock_guard lock(mutex_);
    auto& list = cached_[size.index];
    if (list.empty()) return nullptr;
    const auto idle =
        std::ranges::find_if(list.rbegin(), list.rend(), [&](const Block& b) { return is_idle(b); });
    std::swap(list.back(), idle == list.rend() ? list.back() : *idle);
    block = list.back();
    list.pop_back();
    statistics_.cached -= size.bytes;
    statistics_.in_use += size.bytes;
    if (is_idle(block)) return block.memory;
  }
  try {
    synchronize();
  } catch (...) {
    deallocate(block.memory, size.bytes, block.user, false);
    throw;
  }
  return block.memory;
}

tenon_status DeviceMemory::take_from_device(std::size_t bytes, void** memory) {
  const tenon_status status = table_.allocate(instance_, index_, bytes, memory);
  if (status == TENON_OK) {
    const std::lock_guard lock(mutex_);
    statistics_.in_use += bytes;
    statistics_.peak = std::max(statistics_.peak, statistics_.in_use + statistics_.cached);
  }
  return status;
}

void* DeviceMemory::allocate(std::size_t bytes) {
  if (bytes > (std::size_t{1} << 60)) {
    throw OutOfMemory(fmt::format("{} bytes were asked for on {}; no device has that", bytes, name_));
  }
  check_process();
  const SizeClass size = SizeClass::of(bytes);
  void* memory = take_cached(size);
  if (memory != nullptr) return memory;
  tenon_status status = take_from_device(size.bytes, &memory);
  if (status == TENON_OUT_OF_MEMORY) {
    plugin::take_error();
    release_cache();
    status = take_from_device(size.bytes, &memory);
  }
  if (status == TENON_OK) return memory;
  const std::string why = plugin::take_error();
  if (status != TENON_OUT_OF_MEMORY) throw BackendError(fmt::format("[allocate] {}: {}", name_, why));
  tenon_device_properties now{};
  now.struct_size = sizeof(now);
  const bool known = table_.device_properties(instance_, index_, &now) == TENON_OK;
  if (!known) plugin::take_error();
  throw OutOfMemory(
      fmt::format("{} bytes were asked for on {} and could not be had ({}); tensors hold {} bytes there{}",
                  size.bytes, name_, why, statistics().in_use,
                  known && now.total_memory > 0
                      ? fmt::format(", {} of its {} are free", now.free_memory, now.total_memory)
                      : ""));
}

void DeviceMemory::deallocate(void* memory, std::size_t bytes, std::uint64_t user, bool shared) noexcept {
  const SizeClass size = SizeClass::of(bytes);
  if (shared && settle()) user = 0;
  try {
    const std::lock_guard lock(mutex_);
    cached_[size.index].push_back({memory, user, waits_begun_});
    statistics_.in_use -= size.bytes;
    statistics_.cached += size.bytes;
    return;
  } catch (const std::bad_alloc&) {  // the list could not grow
  }
  if (settle()) table_.deallocate(instance_, index_, memory, size.bytes);
  const std::lock_guard lock(mutex_);
  statistics_.in_use -= size.bytes;
}

tenon_status DeviceMemory::wait() {
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = ++waits_begun_;
  }
  const tenon_status status = table_.synchronize(instance_, index_, nullptr);
  if (status == TENON_OK) {
    const std::lock_guard lock(mutex_);
    last_wait_ = std::max(last_wait_, number);
  }
  return status;
}

// Waits for everybody. A failure of what was queued comes once, and is kept for who reads or synchronises next; a
// second one says that the device no longer tells when it is done.
bool DeviceMemory::settle() noexcept {
  if (forks() != forks_) return false;
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (wait() == TENON_OK) return true;
    std::string why = plugin::take_error();
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(why);
  }
  return false;
}

void DeviceMemory::throw_kept_failure() {
  std::optional<std::string> failure;
  {
    const std::lock_guard lock(mutex_);
    failure = std::exchange(failure_, std::nullopt);
  }
  if (failure) throw BackendError(fmt::format("[synchronize] {}: {}", name_, *failure));
}

void DeviceMemory::release_cache() noexcept {
  // Out of the cache before the wait: what is freed meanwhile may be in use.
  std::vector<Block> blocks[SizeClass::kCount];
  {
    const std::lock_guard lock(mutex_);
    std::ranges::swap(blocks, cached_);
    statistics_.cached = 0;
  }
  const bool settled = settle();
  for (std::size_t index = 0; index < SizeClass::kCount; ++index) {
    for (const Block& block : blocks[index]) {
      const std::size_t bytes = SizeClass::bytes_of(index);
      if (settled) {
        table_.deallocate(instance_, index_, block.memory, bytes);
      } else {
        const std::lock_guard lock(mutex_);
        statistics_.in_use += bytes;  // out of reach: the device may still write to it
      }
    }
  }
}

MemoryStatistics DeviceMemory::statistics() const {
  const std::lock_guard lock(mutex_);
  return statistics_;
}

// ---- copies ----

void DeviceMemory::copy(DLDevice to, void* to_memory, DLDevice from, const void* from_memory,
                        std::size_t bytes) {
  if (bytes == 0) return;
  check_process();
  const auto attempt = [&] {
    return table_.copy(instance_, to, to_memory, from, from_memory, bytes, nullptr);
  };
  tenon_status status = attempt();
  if (status == TENON_OUT_OF_MEMORY) {  // some devices take memory at its first use
    plugin::take_error();
    release_cache();
    status = attempt();
  }
  if (status == TENON_OK) return;
  const std::string text =
      fmt::format("[copy] {} bytes {} {}: {}", bytes, from.device_type == kDLCPU ? "to" : "from", name_,
                  plugin::take_error());
  if (status == TENON_OUT_OF_MEMORY) throw OutOfMemory(text);
  throw BackendError(text);
}

void DeviceMemory::write(void* to, const void* from, std::size_t bytes) {
  copy(device_, to, kHost, from, bytes);
  to_device.add(bytes);
}

void DeviceMemory::read(void* to, const void* from, std::size_t bytes) {
  copy(kHost, to, device_, from, bytes);
  to_host.add(bytes);
  throw_kept_failure();
}

void DeviceMemory::copy_from(DeviceMemory& other, void* to, const void* from, std::size_t bytes) {
  if (instance_ == other.instance_) {
    copy(device_, to, other.device_, from, bytes);
    between_devices.add(bytes);
    return;
  }
  Storage on_host(bytes);
  on_host.place(nullptr);
  other.read(on_host.data(), from, bytes);
  write(to, on_host.data(), bytes);
}

void DeviceMemory::synchronize() {
  check_process();
  if (wait() == TENON_OK) return throw_kept_failure();
  throw BackendError(fmt::format("[synchronize] {}: {}", name_, plugin::take_error()));
}

}  // namespace tenon
