// The memory of one emulated device. It is mapped twice: at the addresses that are handed out, which nobody can
// touch but while a kernel runs, and at others, by which the emulation itself reaches it. A
// forked process shares it.
#pragma once

#include <cstddef>
#include <map>

namespace tenon::emulation {

/// Not thread-safe. Fresh memory holds 0xFF bytes (NaN), so that reading it before writing shows; writing
/// beyond the end of a block ends the process when the block is freed.
class Arena {
 public:
  /// The alignment that CUDA promises.
  static constexpr std::size_t kAlignment = 256;
  static constexpr std::size_t kTotal = std::size_t{1} << 30;

  Arena();
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Null if there is no room.
  void* allocate(std::size_t bytes);
  void free(void* memory);
  /// Whether all of it lies in one block.
  [[nodiscard]] bool owns(const void* memory, std::size_t bytes) const;
  [[nodiscard]] bool is_block(const void* memory) const { return blocks_.count(offset(memory)) != 0; }
  [[nodiscard]] std::size_t size_of(const void* memory) const { return blocks_.at(offset(memory)); }
  [[nodiscard]] std::size_t used() const { return used_; }

  /// Where the emulation finds what a device address stands for.
  [[nodiscard]] std::byte* reach(const void* memory) const { return inside_ + offset(memory); }

  /// Lets everyone touch the memory, or no one.
  void open();
  void close();

 private:
  [[nodiscard]] std::size_t offset(const void* memory) const;
  static std::size_t room_for(std::size_t bytes);

  std::byte* base_;
  std::byte* inside_;
  bool is_open_ = false;
  std::size_t open_bytes_ = 0;
  std::size_t top_ = 0;  // where the last block ends
  std::size_t used_ = 0;
  std::map<std::size_t, std::size_t> blocks_;  // offset to the size asked for
  std::map<std::size_t, std::size_t> gaps_;    // offset to size, neighbours merged, below top_
};

}  // namespace tenon::emulation
