#include "operand.h"

#include <tenon/plugin/dtype.hpp>

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <new>
#include <numeric>

namespace tenon::conformance {
namespace {

constexpr std::size_t kGuard = 64;
constexpr std::align_val_t kBufferAlignment{64};

/// Strides of a row-major parent whose axes, outermost first, are `order`, with the given parent extents.
std::vector<std::int64_t> nested_strides(const std::vector<std::size_t>& order,
                                         const std::vector<std::int64_t>& extents) {
  std::vector<std::int64_t> strides(extents.size());
  std::int64_t stride = 1;
  for (auto axis = order.rbegin(); axis != order.rend(); ++axis) {
    strides[*axis] = stride;
    stride *= std::max<std::int64_t>(extents[*axis], 1);
  }
  return strides;
}

std::vector<std::int64_t> layout_strides(Layout layout, const Shape& shape) {
  const std::size_t rank = shape.size();
  if (rank == 0) return {};
  std::vector<std::size_t> order(rank);
  std::iota(order.begin(), order.end(), std::size_t{0});
  Shape parent = shape;
  std::vector<std::int64_t> strides;
  switch (layout) {
    case Layout::contiguous:
      return nested_strides(order, parent);
    case Layout::transposed:
      std::reverse(order.begin(), order.end());
      return nested_strides(order, parent);
    case Layout::permuted:
      std::stable_partition(order.begin(), order.end(), [](std::size_t axis) { return axis % 2 == 1; });
      return nested_strides(order, parent);
    case Layout::sliced:
      parent[rank - 1] *= 2;
      if (rank > 1) parent[rank - 2] *= 3;
      strides = nested_strides(order, parent);
      strides[rank - 1] *= 2;
      if (rank > 1) strides[rank - 2] *= 3;
      return strides;
    case Layout::padded:
      parent[rank - 1] += 3;
      strides = nested_strides(order, parent);
      for (std::size_t axis = 0; axis < rank; ++axis) {
        if (shape[axis] == 1) strides[axis] = static_cast<std::int64_t>(2 * axis + 5);
      }
      return strides;
    case Layout::diagonal:
      parent[rank - 1] *= shape[rank - 1];
      strides = nested_strides(order, parent);
      strides[rank - 1] = shape[rank - 1] + 1;
      return strides;
    case Layout::broadcast_first:
      strides = nested_strides(order, parent);
      strides[0] = 0;
      return strides;
    case Layout::broadcast_last:
      strides = nested_strides(order, parent);
      strides[rank - 1] = 0;
      return strides;
    case Layout::broadcast_all:
      return std::vector<std::int64_t>(rank, 0);
    case Layout::sliding:
      return std::vector<std::int64_t>(rank, 1);
  }
  return {};
}

std::vector<std::int64_t> element_offsets(const Shape& shape, const std::vector<std::int64_t>& strides) {
  std::vector<std::int64_t> offsets = {0};
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] == 1) continue;
    std::vector<std::int64_t> wider;
    wider.reserve(offsets.size() * static_cast<std::size_t>(shape[axis]));
    for (const std::int64_t offset : offsets) {
      for (std::int64_t i = 0; i < shape[axis]; ++i) wider.push_back(offset + i * strides[axis]);
    }
    offsets = std::move(wider);
  }
  return offsets;
}

std::string list(const std::vector<std::int64_t>& values, char open, char close) {
  std::string text(1, open);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i != 0) text += ", ";
    text += std::to_string(values[i]);
  }
  return text + close;
}

std::byte canary(std::size_t position) { return static_cast<std::byte>(0x5A ^ (position * 37 & 0xFF)); }

template <typename T>
Real load(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return static_cast<Real>(value);
}

template <typename T>
void store(std::byte* to, T value) {
  std::memcpy(to, &value, sizeof(value));
}

}  // namespace

void BufferRelease::operator()(std::byte* memory) const {
  if (pages == 0) {
    ::operator delete[](memory, kBufferAlignment);
  } else {
    munmap(memory - front, pages);
  }
}

void Operand::allocate(bool at_page_end) {
  if (!at_page_end) {
    buffer_.reset(static_cast<std::byte*>(::operator new[](bytes_, kBufferAlignment)));
    return;
  }
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t usable = (bytes_ + page - 1) / page * page;
  void* const memory =
      mmap(nullptr, usable + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  auto* const start = static_cast<std::byte*>(memory);
  const std::size_t front = usable - bytes_;
  buffer_ = {start + front, BufferRelease{usable + page, front}};
  if (mprotect(start + usable, page, PROT_NONE) != 0) throw std::bad_alloc();
}

Operand::Operand(DType dtype, Shape shape, Role role, Layout layout, int lead)
    : Operand(dtype, shape, layout_strides(layout, shape), role, lead) {}

Operand::Operand(DType dtype, Shape shape, std::vector<std::int64_t> strides, Role role, int lead)
    : dtype_(dtype),
      shape_(std::move(shape)),
      strides_(std::move(strides)),
      offsets_(element_offsets(shape_, strides_)) {
  // A frame's arrays are never null, not even at rank 0.
  shape_.reserve(1);
  strides_.reserve(1);
  place(role, lead);
}

void Operand::place(Role role, int lead) {
  const std::size_t item = size_of(dtype_);
  const std::int64_t span = offsets_.empty() ? 0 : *std::max_element(offsets_.begin(), offsets_.end()) + 1;
  const bool at_page_end = lead == kAtPageEnd;
  const std::size_t lead_bytes = at_page_end ? 0 : static_cast<std::size_t>(lead) * item;
  byte_offset_ = lead % 2 == 1 ? lead_bytes : 0;
  first_ = kGuard + lead_bytes;
  tail_ = role == Role::input || at_page_end ? 0 : kGuard;
  bytes_ = first_ + static_cast<std::size_t>(span) * item + tail_;
  allocate(at_page_end);
  if (role == Role::input) {
    std::memset(buffer_.get(), 0xFF, bytes_);
  } else {
    for (std::size_t i = 0; i < bytes_; ++i) buffer_[i] = canary(i);
    for (std::int64_t i = 0; i < size(); ++i) std::memset(element(i), 0xFF, item);
  }
}

std::byte* Operand::element(std::int64_t i) const {
  return buffer_.get() + first_ +
         static_cast<std::size_t>(offsets_[static_cast<std::size_t>(i)]) * size_of(dtype_);
}

Real Operand::at(std::int64_t i) const {
  const std::byte* const from = element(i);
  switch (dtype_) {
    case DType::float32:
      return load<float>(from);
    case DType::float64:
      return load<double>(from);
    case DType::bfloat16: {
      std::byte widened[4] = {std::byte{0}, std::byte{0}, from[0], from[1]};
      return load<float>(widened);
    }
    case DType::int32:
      return load<std::int32_t>(from);
    case DType::int64:
      return load<std::int64_t>(from);
    case DType::uint8:
    case DType::boolean:
      break;
  }
  return load<std::uint8_t>(from);
}

void Operand::put(std::int64_t i, Real value) {
  std::byte* const to = element(i);
  switch (dtype_) {
    case DType::float32:
      return store(to, static_cast<float>(value));
    case DType::float64:
      return store(to, static_cast<double>(value));
    case DType::bfloat16: {
      const auto rounded = static_cast<float>(round_to(DType::bfloat16, value));
      std::byte wide[4];
      store(wide, rounded);
      std::memcpy(to, wide + 2, 2);
      return;
    }
    case DType::int32:
      return store(to, static_cast<std::int32_t>(value));
    case DType::int64:
      return store(to, static_cast<std::int64_t>(value));
    case DType::uint8:
    case DType::boolean:
      return store(to, static_cast<std::uint8_t>(value));
  }
}

void Operand::put_bits(std::int64_t i, std::uint64_t bits) {
  std::memcpy(element(i), &bits, size_of(dtype_));
}

std::uint64_t Operand::bits(std::int64_t i) const {
  std::uint64_t bits = 0;
  std::memcpy(&bits, element(i), size_of(dtype_));
  return bits;
}

void Operand::fill(const std::vector<Real>& values) {
  for (std::int64_t i = 0; i < size(); ++i) put(i, values[static_cast<std::size_t>(i) % values.size()]);
}

DLTensor Operand::tensor() const {
  DLTensor tensor{};
  tensor.data = buffer_.get() + first_ - byte_offset_;
  tensor.device = DLDevice{kDLCPU, 0};
  tensor.ndim = static_cast<std::int32_t>(shape_.size());
  tensor.dtype = plugin::to_dlpack(dtype_);
  tensor.shape = const_cast<std::int64_t*>(shape_.data());
  tensor.strides = const_cast<std::int64_t*>(strides_.data());
  tensor.byte_offset = byte_offset_;
  return tensor;
}

void Operand::seal() { sealed_ = image(); }

void Operand::restore() { std::copy(sealed_.begin(), sealed_.end(), buffer_.get()); }

bool Operand::changed() const { return std::memcmp(buffer_.get(), sealed_.data(), bytes_) != 0; }

std::string Operand::trespass() const {
  std::vector<std::byte> allowed = sealed_;
  const std::size_t item = size_of(dtype_);
  for (std::int64_t i = 0; i < size(); ++i) {
    const std::byte* const from = element(i);
    std::copy(from, from + item, allowed.begin() + (from - buffer_.get()));
  }
  const std::byte* const end = buffer_.get() + bytes_;
  const auto [at, unused] = std::mismatch(static_cast<const std::byte*>(buffer_.get()), end, allowed.begin());
  if (at == end) return {};
  const std::ptrdiff_t position = at - buffer_.get() - static_cast<std::ptrdiff_t>(first_);
  const bool behind = static_cast<std::size_t>(at - buffer_.get()) + tail_ >= bytes_;
  const char* const where = position < 0 ? "before" : behind ? "after" : "between";
  return std::string("wrote ") + where + " its elements, at byte " + std::to_string(position) +
         " from the first";
}

std::vector<std::byte> Operand::image() const { return {buffer_.get(), buffer_.get() + bytes_}; }

std::string Operand::describe() const {
  return std::string(name_of(dtype_)) + list(shape_, '[', ']') + " strides " + list(strides_, '[', ']') +
         " at byte " + std::to_string(reinterpret_cast<std::uintptr_t>(buffer_.get() + first_) % 64) +
         " of 64";
}

std::string Operand::index_text(std::int64_t i) const {
  Shape index(shape_.size());
  for (std::size_t axis = shape_.size(); axis-- > 0;) {
    index[axis] = i % shape_[axis];
    i /= shape_[axis];
  }
  return list(index, '(', ')');
}

std::vector<std::int64_t> contiguous_strides(const Shape& shape) {
  return layout_strides(Layout::contiguous, shape);
}

std::int64_t element_count(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

}  // namespace tenon::conformance
