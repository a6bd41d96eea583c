// The file that may be a plugin, read with bounded reads so that nobody who truncates it meanwhile can crash
// us.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <type_traits>

namespace tenon::plugin {

/// An open regular file that passed the file gate: owned by root or the effective user, not writable by
/// everyone, not empty. Read-only; closes itself.
class PluginFile {
 public:
  /// Throws Refusal.
  explicit PluginFile(const std::filesystem::path& path);
  PluginFile(const PluginFile&) = delete;
  PluginFile& operator=(const PluginFile&) = delete;
  ~PluginFile();

  /// In bytes, when it was opened.
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// Whether [offset, offset + count) lies inside the file; never overflows.
  [[nodiscard]] bool contains(std::uint64_t offset, std::uint64_t count) const {
    return offset <= size_ && count <= size_ - offset;
  }
  /// Fills `to` from `offset`. Throws Refusal if the file ends before.
  void read(std::uint64_t offset, std::span<std::byte> to) const;
  template <typename T>
  [[nodiscard]] T read_as(std::uint64_t offset) const {
    static_assert(std::is_trivially_copyable_v<T>);
    T value;
    read(offset, std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }

 private:
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace tenon::plugin
