#include <tenon/error.h>
#include <tenon/shape.h>

#include <fmt/format.h>

#include <bit>

namespace tenon {
namespace {

void check_rank(std::size_t size) {
  if (size > kMaxRank)
    throw ShapeError(fmt::format("rank {} is more than the {} that a tensor may have", size, kMaxRank));
}

}  // namespace

Dims::Dims(std::span<const std::int64_t> values) : size_(values.size()) {
  check_rank(size_);
  std::ranges::copy(values, begin());
}

Dims::Dims(std::size_t count, std::int64_t value) : size_(count) {
  check_rank(size_);
  std::fill_n(values_.data(), count, value);
}

void Dims::push_back(std::int64_t value) { insert(size_, value); }

void Dims::insert(std::size_t i, std::int64_t value) {
  check_rank(size_ + 1);
  std::copy_backward(begin() + i, end(), end() + 1);
  values_[i] = value;
  ++size_;
}

void Dims::erase(std::size_t i) {
  std::copy(begin() + i + 1, end(), begin() + i);
  --size_;
}

std::string to_string(const Dims& dims) {
  std::string text = "(";
  for (std::size_t i = 0; i < dims.size(); ++i) text += fmt::format("{}{}", i == 0 ? "" : ", ", dims[i]);
  return text + (dims.size() == 1 ? ",)" : ")");
}

std::int64_t element_count(const Shape& shape) {
  // Zero extents count as 1 at first: the strides of an empty tensor must be representable too.
  std::int64_t count = 1;
  bool empty = false;
  bool overflow = false;
  for (const std::int64_t extent : shape) {
    if (extent < 0) throw ShapeError(fmt::format("shape {} has a negative extent", to_string(shape)));
    empty |= extent == 0;
    overflow |= __builtin_mul_overflow(count, std::max<std::int64_t>(extent, 1), &count);
  }
  if (overflow) throw ShapeError(fmt::format("shape {} has more than 2^63 - 1 elements", to_string(shape)));
  return empty ? 0 : count;
}

Strides contiguous_strides(const Shape& shape) {
  Strides strides(shape.size(), 1);
  for (std::size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * std::max<std::int64_t>(shape[i], 1);
  return strides;
}

std::size_t normalize_axis(std::string_view op, std::int64_t axis, std::size_t rank) {
  const auto signed_rank = static_cast<std::int64_t>(rank);
  if (axis < -signed_rank || axis >= signed_rank) {
    throw IndexError(fmt::format("[{}] axis {} is outside [{}, {}) of a tensor of rank {}", op, axis,
                                 -signed_rank, signed_rank, rank));
  }
  return static_cast<std::size_t>(axis < 0 ? axis + signed_rank : axis);
}

std::uint32_t axis_mask(std::string_view op, const Axes& axes, std::size_t rank) {
  if (axes.empty()) return rank == 32 ? ~0U : (1U << rank) - 1;
  std::uint32_t mask = 0;
  for (const std::int64_t axis : axes) {
    const std::uint32_t bit = 1U << normalize_axis(op, axis, rank);
    if ((mask & bit) != 0) {
      throw IndexError(fmt::format("[{}] axis {} is named twice in {}", op, axis, to_string(axes)));
    }
    mask |= bit;
  }
  return mask;
}

Shape broadcast_shapes(std::string_view op, const Shape& a, const Shape& b) {
  if (a == b) return a;
  const Shape& longer = a.size() >= b.size() ? a : b;
  const Shape& shorter = a.size() >= b.size() ? b : a;
  Shape out = longer;
  const std::size_t lead = longer.size() - shorter.size();
  for (std::size_t i = 0; i < shorter.size(); ++i) {
    std::int64_t& extent = out[lead + i];
    if (extent == shorter[i] || shorter[i] == 1) continue;
    if (extent != 1) {
      const std::size_t from_end = shorter.size() - i;
      throw ShapeError(fmt::format(
          "[{}] {} and {} do not broadcast: axis -{} is {} and {}; extents must be equal or 1", op,
          to_string(a), to_string(b), from_end, a[a.size() - from_end], b[b.size() - from_end]));
    }
    extent = shorter[i];
  }
  return out;
}

Strides broadcast_strides(const Shape& shape, const Strides& strides, const Shape& to) {
  Strides out(to.size(), 0);
  const std::size_t lead = to.size() - shape.size();
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == to[lead + i]) out[lead + i] = strides[i];
  }
  return out;
}

}  // namespace tenon
