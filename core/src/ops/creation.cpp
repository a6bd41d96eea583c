// Tensors out of nothing: the init family.
#include <tenon/creation.h>
#include <tenon/device.h>
#include <tenon/error.h>
#include <tenon/ops.h>
#include <tenon/random.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "../dispatch/selection.h"
#include "../free_list.h"
#include "../tensor_body.h"
#include "elementwise.h"

namespace tenon {
namespace {

void initialize(Op op, const Tensor& out, Scalar first, Scalar second = 0, std::uint64_t seed = 0,
                std::uint64_t offset = 0) {
  const DType dtype = out.dtype();
  const tenon_init_attributes attributes = {
      sizeof(tenon_init_attributes), info(op).member, {first.as(dtype), second.as(dtype)}, seed, offset};
  dispatch::dispatch(op, {}, out, &attributes);
}

Tensor initialized(Op op, const Shape& shape, DType dtype, Scalar first, Scalar second = 0,
                   std::uint64_t seed = 0, std::uint64_t offset = 0) {
  Tensor out = ops::output(shape, dtype);
  initialize(op, out, first, second, seed, offset);
  return out;
}

// Draws `words_per_element` words for each element from the generator.
Tensor drawn(Op op, const Shape& shape, DType dtype, std::uint64_t words_per_element, double first,
             double second, Generator& generator) {
  const auto count = static_cast<std::uint64_t>(element_count(shape));
  const std::uint64_t per_block = 4 / words_per_element;
  const Generator::Position from = generator.advance(count / per_block + (count % per_block != 0 ? 1 : 0));
  return initialized(op, shape, dtype, first, second, from.seed, from.offset);
}

Tensor drawn_floating(Op op, const Shape& shape, DType dtype, double first, double second,
                      Generator& generator) {
  ops::check_dtype(op, dtype);
  const DType native = dtype == DType::bfloat16 ? DType::float32 : dtype;
  return astype(drawn(op, shape, native, native == DType::float64 ? 2 : 1, first, second, generator), dtype);
}

}  // namespace

Tensor ops::output(const Shape& shape, DType dtype) {
  const std::int64_t count = element_count(shape);
  std::int64_t reach = count;  // of the strides, which an empty tensor has too
  if (count == 0) {
    Shape filled = shape;
    for (std::int64_t& extent : filled) extent = std::max<std::int64_t>(extent, 1);
    reach = element_count(filled);
  }
  std::int64_t bytes = 0;
  if (__builtin_mul_overflow(reach, static_cast<std::int64_t>(item_size(dtype)), &bytes)) {
    throw ShapeError(
        fmt::format("a {} tensor of shape {} has more than 2^63 - 1 bytes", name(dtype), to_string(shape)));
  }
  auto body = std::allocate_shared_for_overwrite<TensorBody>(FreeListAllocator<TensorBody>());
  body->shape = shape;
  body->strides = contiguous_strides(shape);
  body->dtype = dtype;
  body->size = count;
  body->storage = std::allocate_shared<Storage>(FreeListAllocator<Storage>(),
                                                static_cast<std::size_t>(count == 0 ? 0 : bytes));
  return Tensor(std::move(body));
}

Tensor ops::full_beside(const Tensor& x, const Shape& shape, Scalar value, DType dtype) {
  Tensor out = ops::output(shape, dtype);
  if (dispatch::scoped() == nullptr && !x.device().is_host()) out.storage()->place(x.storage()->memory());
  initialize(Op::fill, out, value);
  return out;
}

Tensor empty(const Shape& shape, DType dtype, const Device& device) {
  Tensor out = ops::output(shape, dtype);
  out.storage()->place(device.memory());
  return out;
}

Tensor empty(const Shape& shape, DType dtype) { return empty(shape, dtype, current_device()); }

Tensor full(const Shape& shape, Scalar value, DType dtype) {
  return initialized(Op::fill, shape, dtype, value);
}
Tensor full(const Shape& shape, Scalar value) {
  return full(shape, value, value.kind() == DType::float64 ? DType::float32 : value.kind());
}
Tensor zeros(const Shape& shape, DType dtype) { return full(shape, 0, dtype); }
Tensor ones(const Shape& shape, DType dtype) { return full(shape, 1, dtype); }
Tensor empty_like(const Tensor& x) {
  return empty(x.shape(), x.dtype(), Device(dispatch::selection_for(x.storage()->memory()).memory()));
}
Tensor full_like(const Tensor& x, Scalar value) {
  const use_backend scope(dispatch::beside(x));
  return full(x.shape(), value, x.dtype());
}
Tensor zeros_like(const Tensor& x) { return full_like(x, 0); }
Tensor ones_like(const Tensor& x) { return full_like(x, 1); }

namespace {

bool are_integers(Scalar start, Scalar stop, Scalar step) {
  return start.kind() != DType::float64 && stop.kind() != DType::float64 && step.kind() != DType::float64;
}

// How many steps lead from start to stop; negative if none ever does.
double exact_steps(Scalar start, Scalar stop, Scalar step) {
  if (!are_integers(start, stop, step)) return std::ceil((stop.real() - start.real()) / step.real());
  // In unsigned arithmetic: stop - start may be more than 2^63.
  const bool rising = step.integer() > 0;
  if (rising ? stop.integer() < start.integer() : stop.integer() > start.integer()) return -1;
  const auto first = static_cast<std::uint64_t>(rising ? start.integer() : stop.integer());
  const auto last = static_cast<std::uint64_t>(rising ? stop.integer() : start.integer());
  const auto size = static_cast<std::uint64_t>(step.integer());
  const std::uint64_t by = rising ? size : ~size + 1;
  const std::uint64_t steps = (last - first) / by + ((last - first) % by != 0 ? 1 : 0);
  return static_cast<double>(steps);
}

}  // namespace

Tensor arange(Scalar start, Scalar stop, Scalar step, DType dtype) {
  ops::check_dtype(Op::arange, dtype);
  const double steps = step.real() == 0 ? -1 : exact_steps(start, stop, step);
  if (!(steps >= 0)) {
    throw IndexError(
        fmt::format("[arange] step {} does not lead from {} to {}", step.real(), start.real(), stop.real()));
  }
  if (steps >= 0x1p53) throw ShapeError(fmt::format("[arange] {} elements are too many", steps));
  return initialized(Op::arange, {static_cast<std::int64_t>(steps)}, dtype, start, step);
}

Tensor arange(Scalar start, Scalar stop, Scalar step) {
  const bool integers =
      start.kind() != DType::float64 && stop.kind() != DType::float64 && step.kind() != DType::float64;
  return arange(start, stop, step, integers ? DType::int64 : DType::float32);
}
Tensor arange(Scalar stop) { return arange(0, stop, 1); }

Tensor eye(std::int64_t rows, std::int64_t columns, std::int64_t offset, DType dtype) {
  return initialized(Op::eye, {rows, columns}, dtype, offset);
}
Tensor eye(std::int64_t n, DType dtype) { return eye(n, n, 0, dtype); }

Tensor from_bytes(std::span<const std::byte> bytes, const Shape& shape, DType dtype) {
  Tensor out = empty(shape, dtype, Device());
  if (bytes.size() != out.storage()->bytes()) {
    throw ShapeError(fmt::format("[from_bytes] {} {} needs {} bytes, {} were given", name(dtype),
                                 to_string(shape), out.storage()->bytes(), bytes.size()));
  }
  if (!bytes.empty()) std::memcpy(out.address(), bytes.data(), bytes.size());
  return to(out, current_device());
}

void Generator::seed(std::uint64_t seed) {
  const std::lock_guard lock(mutex_);
  seed_ = seed;
  offset_ = 0;
}
std::uint64_t Generator::seed() const {
  const std::lock_guard lock(mutex_);
  return seed_;
}
std::uint64_t Generator::offset() const {
  const std::lock_guard lock(mutex_);
  return offset_;
}
void Generator::set_offset(std::uint64_t offset) {
  const std::lock_guard lock(mutex_);
  offset_ = offset;
}
Generator::Position Generator::advance(std::uint64_t blocks) {
  const std::lock_guard lock(mutex_);
  const Position before = {seed_, offset_};
  offset_ += blocks;
  return before;
}

Generator& default_generator() {
  static Generator generator;
  return generator;
}
void manual_seed(std::uint64_t seed) { default_generator().seed(seed); }

Tensor uniform(const Shape& shape, double low, double high, DType dtype, Generator& generator) {
  return drawn_floating(Op::uniform, shape, dtype, low, high, generator);
}
Tensor normal(const Shape& shape, double mean, double deviation, DType dtype, Generator& generator) {
  if (!(deviation >= 0))
    throw IndexError(fmt::format("[normal] standard deviation {} is negative", deviation));
  return drawn_floating(Op::normal, shape, dtype, mean, deviation, generator);
}
Tensor random_bits(const Shape& shape, Generator& generator) {
  return drawn(Op::random_bits, shape, DType::int64, 1, 0, 0, generator);
}
Tensor bernoulli(const Shape& shape, double p, Generator& generator) {
  if (!(p >= 0 && p <= 1)) throw IndexError(fmt::format("[bernoulli] probability {} is outside [0, 1]", p));
  return lt(uniform(shape, 0, 1, DType::float32, generator), p);
}

}  // namespace tenon
