#include "arena.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <new>

namespace tenon::emulation {
namespace {

constexpr int kFresh = 0xFF;
constexpr auto kGuard = std::byte{0xA5};
constexpr std::size_t kGuardBytes = 64;  // at least, behind each block

}  // namespace

Arena::Arena() {
  const int file = memfd_create("tenon-cuda-emulation", MFD_CLOEXEC);
  if (file < 0 || ftruncate(file, kTotal) != 0) throw std::bad_alloc();
  void* const outside = mmap(nullptr, kTotal, PROT_NONE, MAP_SHARED | MAP_NORESERVE, file, 0);
  void* const inside = mmap(nullptr, kTotal, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
  ::close(file);
  if (outside == MAP_FAILED || inside == MAP_FAILED) throw std::bad_alloc();
  base_ = static_cast<std::byte*>(outside);
  inside_ = static_cast<std::byte*>(inside);
}

Arena::~Arena() {
  munmap(base_, kTotal);
  munmap(inside_, kTotal);
}

std::size_t Arena::room_for(std::size_t bytes) {
  return (bytes + kGuardBytes + kAlignment - 1) / kAlignment * kAlignment;
}

std::size_t Arena::offset(const void* memory) const {
  const auto at = reinterpret_cast<std::uintptr_t>(memory) - reinterpret_cast<std::uintptr_t>(base_);
  return at < kTotal ? at : kTotal;
}

void* Arena::allocate(std::size_t bytes) {
  const std::size_t room = room_for(bytes);
  if (bytes > kTotal || room > kTotal) return nullptr;
  const auto gap = std::find_if(gaps_.begin(), gaps_.end(), [&](const auto& each) { return each.second >= room; });
  std::size_t at = top_;
  if (gap != gaps_.end()) {
    const auto [start, size] = *gap;
    at = start;
    gaps_.erase(gap);
    if (size > room) gaps_[start + room] = size - room;
  } else {
    if (room > kTotal - top_) return nullptr;
    top_ += room;
  }
  blocks_[at] = bytes;
  used_ += bytes;
  std::memset(inside_ + at, kFresh, bytes);
  std::fill(inside_ + at + bytes, inside_ + at + room, kGuard);
  return base_ + at;
}

void Arena::free(void* memory) {
  const std::size_t at = offset(memory);
  const std::size_t bytes = blocks_.at(at);
  const std::size_t room = room_for(bytes);
  if (std::any_of(inside_ + at + bytes, inside_ + at + room, [](std::byte each) { return each != kGuard; })) {
    std::fprintf(stderr, "cuda emulation: somebody wrote behind a block of %zu bytes of device memory\n", bytes);
    std::abort();
  }
  blocks_.erase(at);
  used_ -= bytes;
  auto gap = gaps_.emplace(at, room).first;
  if (const auto next = std::next(gap); next != gaps_.end() && gap->first + gap->second == next->first) {
    gap->second += next->second;
    gaps_.erase(next);
  }
  if (gap != gaps_.begin()) {
    const auto before = std::prev(gap);
    if (before->first + before->second == gap->first) {
      before->second += gap->second;
      gaps_.erase(gap);
      gap = before;
    }
  }
  if (gap->first + gap->second == top_) {  // the less there is, the less opening and closing costs
    top_ = gap->first;
    gaps_.erase(gap);
  }
}

bool Arena::owns(const void* memory, std::size_t bytes) const {
  const std::size_t at = offset(memory);
  const auto next = blocks_.upper_bound(at);
  if (next == blocks_.begin()) return false;
  const auto& [start, size] = *std::prev(next);
  return at >= start && at - start <= size && bytes <= size - (at - start);
}

void Arena::open() {
  if (is_open_ || top_ == 0) return;
  open_bytes_ = top_;
  if (mprotect(base_, open_bytes_, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
  is_open_ = true;
}

void Arena::close() {
  if (!is_open_) return;
  if (mprotect(base_, open_bytes_, PROT_NONE) != 0) throw std::bad_alloc();
  is_open_ = false;
}

}  // namespace tenon::emulation
