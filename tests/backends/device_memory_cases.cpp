// What abi.h says of device memory: copies, their order with runs, threads, and the end of memory.
#include <algorithm>
#include <string>
#include <thread>

#include "device_operands.h"
#include "sections.h"
#include "values.h"

namespace tenon::conformance {
namespace {

using Bytes = std::vector<std::byte>;

Bytes random_bytes(std::size_t size, std::uint64_t seed) {
  Random random(seed);
  Bytes bytes(size);
  for (std::byte& each : bytes) each = static_cast<std::byte>(random.bits() & 0xFF);
  return bytes;
}

void copies(Grader& grader) {
  for (const std::size_t size : {1, 3, 64, 67, 4097, 1 << 20}) {
    const Bytes sent = random_bytes(size, size);
    Bytes source = sent;
    DeviceBuffer first(grader.plugin(), size);
    DeviceBuffer second(grader.plugin(), size);
    first.write(source.data(), size);
    std::fill(source.begin(), source.end(), std::byte{0});  // copy has returned: it may be changed
    second.write(source.data(), size);
    const std::size_t half = size / 2;
    if (half > 0) second.write(first, half);
    Bytes received(size, std::byte{1});
    first.read(received.data(), size);
    grader.verdict(1, received == sent ? "" : std::to_string(size) + " bytes do not come back");
    Bytes mixed(size);
    std::copy_n(sent.begin(), half, mixed.begin());
    second.read(received.data(), size);
    grader.verdict(1, received == mixed ? "" : "a copy of the first of " + std::to_string(size) + " bytes");
  }
}

/// y = x + x on the device, n float32 each.
tenon_status queue_doubling(const PluginUnderTest& plugin, const DeviceBuffer& x, const DeviceBuffer& y,
                            std::int64_t n) {
  std::int64_t shape[] = {n};
  std::int64_t strides[] = {1};
  const DLDevice device = plugin.properties().device;
  const DLTensor from = {x.handle(), device, 1, {kDLFloat, 32, 1}, shape, strides, 0};
  const DLTensor to = {y.handle(), device, 1, {kDLFloat, 32, 1}, shape, strides, 0};
  const DLTensor inputs[] = {from, from};
  const tenon_member_attributes attributes = {sizeof(attributes), TENON_BINARY_ADD};
  return plugin.run({sizeof(tenon_call), TENON_OP_BINARY, 2, 1, inputs, &to, &attributes, nullptr});
}

/// A chain of copies and runs with nothing to wait for in between.
std::string run_chain(const PluginUnderTest& plugin) {
  constexpr std::int64_t kCount = 50021;
  constexpr std::size_t kBytes = kCount * sizeof(float);
  constexpr int kRounds = 20;
  std::vector<float> numbers(kCount);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i % 97);
  const std::vector<float> before = numbers;
  DeviceBuffer x(plugin, kBytes);
  DeviceBuffer y(plugin, kBytes);
  x.write(reinterpret_cast<const std::byte*>(numbers.data()), kBytes);
  for (int round = 0; round < kRounds; ++round) {
    if (queue_doubling(plugin, x, y, kCount) != TENON_OK) return "add: " + host::take_error();
    x.write(y, kBytes);
  }
  x.read(reinterpret_cast<std::byte*>(numbers.data()), kBytes);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] != before[i] * static_cast<float>(1 << kRounds)) {
      return "copies and runs out of order, seen at element " + std::to_string(i);
    }
  }
  return {};
}

void order(Grader& grader) {
  grader.verdict(1, run_chain(grader.plugin()));
  std::vector<std::string> findings(4);
  std::vector<std::thread> threads;
  threads.reserve(findings.size());
  for (std::string& finding : findings) {
    threads.emplace_back([&] {
      try {
        finding = run_chain(grader.plugin());
      } catch (const std::exception& error) {
        finding = error.what();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& finding : findings) grader.verdict(1, finding);
}

/// What one thread queued, another one has after synchronize().
void between_threads(Grader& grader) {
  const PluginUnderTest& plugin = grader.plugin();
  constexpr std::int64_t kCount = 300007;
  constexpr std::size_t kBytes = kCount * sizeof(float);
  const std::vector<float> ones(kCount, 1);
  DeviceBuffer x(plugin, kBytes);
  DeviceBuffer y(plugin, kBytes);
  tenon_status queued = TENON_FAILED;
  std::thread([&] {
    x.write(reinterpret_cast<const std::byte*>(ones.data()), kBytes);
    queued = queue_doubling(plugin, x, y, kCount);
  }).join();
  const tenon_status waited = plugin.table().synchronize(plugin.backend(), 0, nullptr);
  std::vector<float> result(kCount);
  y.read(reinterpret_cast<std::byte*>(result.data()), kBytes);
  const bool right = queued == TENON_OK && waited == TENON_OK &&
                     std::all_of(result.begin(), result.end(), [](float value) { return value == 2; });
  grader.verdict(1, right ? "" : "another thread's work is not done after synchronize");
}

void exhaustion(Grader& grader) {
  const PluginUnderTest& plugin = grader.plugin();
  void* memory = nullptr;
  host::take_error();
  const tenon_status status = plugin.table().allocate(plugin.backend(), 0, std::size_t{1} << 60, &memory);
  grader.verdict(1, status == TENON_OUT_OF_MEMORY
                        ? ""
                        : "status " + std::to_string(status) + " for 2^60 bytes, want OUT_OF_MEMORY");
  grader.verdict(1, host::take_error().empty() ? "OUT_OF_MEMORY without a message" : "");
  grader.verdict(1, run_chain(plugin));
}

void properties(Grader& grader) {
  const PluginUnderTest& plugin = grader.plugin();
  const std::int32_t count = plugin.table().device_count(plugin.backend());
  for (std::int32_t index = 0; index < count; ++index) {
    tenon_device_properties each{};
    each.struct_size = sizeof(each);
    const bool told = plugin.table().device_properties(plugin.backend(), index, &each) == TENON_OK;
    grader.verdict(1, told && each.name[0] != '\0' ? "" : "a device without a description");
    grader.verdict(1, each.total_memory > 0 && each.free_memory <= each.total_memory
                          ? ""
                          : "a device's memory is not told");
  }
}

constexpr Section kSections[] = {
    {"device_memory_copies", copies, false, Memory::device},
    {"device_memory_order", order, false, Memory::device},
    {"device_memory_between_threads", between_threads, false, Memory::device},
    {"device_memory_exhaustion", exhaustion, false, Memory::device},
    {"device_memory_properties", properties, false, Memory::device},
};

}  // namespace

std::span<const Section> device_memory_sections() { return kSections; }

}  // namespace tenon::conformance
