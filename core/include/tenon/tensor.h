// The tensor: a value handle to shape, strides, dtype and shared memory. What one can do with it are free
// functions: views.h, ops.h, creation.h, random.h, autograd.h.
#pragma once

#include <tenon/dtype.h>
#include <tenon/export.h>
#include <tenon/shape.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace tenon {

class Device;
class Storage;
struct TensorBody;
template <typename Origin, std::size_t Number>
struct EinsumIndex;
template <typename Indices>
struct IndexedTensor;
namespace einsum_language {
template <typename... Indices>
struct IndexList;
}

/// Copying a Tensor copies the handle: both name the same tensor. A default-made Tensor is undefined; only
/// defined() may be asked of it.
class TENON_API Tensor {
 public:
  Tensor() = default;
  explicit Tensor(std::shared_ptr<TensorBody> body) : body_(std::move(body)) {}

  [[nodiscard]] bool defined() const { return body_ != nullptr; }
  [[nodiscard]] const Shape& shape() const;
  [[nodiscard]] const Strides& strides() const;
  /// The extent of one axis; negative axes count from the end. Throws IndexError.
  [[nodiscard]] std::int64_t size(std::int64_t axis) const;
  /// The number of elements.
  [[nodiscard]] std::int64_t size() const;
  [[nodiscard]] std::size_t rank() const { return shape().size(); }
  [[nodiscard]] DType dtype() const;
  /// The first element's position in the storage, in elements.
  [[nodiscard]] std::int64_t offset() const;
  [[nodiscard]] const std::shared_ptr<Storage>& storage() const;
  /// The memory it lies in.
  [[nodiscard]] Device device() const;
  /// A copy in the memory of that name, or this tensor if it lies there: to(*this, Device(name)) of device.h.
  [[nodiscard]] Tensor to(std::string_view device) const;
  /// Whether the elements lie row-major without gaps.
  [[nodiscard]] bool is_contiguous() const;

  /// The first element. Throws DTypeError if `T` is not the element type, BackendError if it does not lie in
  /// the host's memory. Writing is for a tensor that nothing else reads; strides() tells where the other
  /// elements are.
  template <typename T>
  [[nodiscard]] T* data() const {
    check_type(dtype_of<T>());
    return static_cast<T*>(address());
  }
  /// The first element, untyped. Throws BackendError if it does not lie in the host's memory.
  [[nodiscard]] void* address() const;

  /// The value of a tensor with one element, cast to `T`. Throws ShapeError on any other size.
  template <typename T>
  [[nodiscard]] T item() const {
    check_single();
    const Tensor single = on_host();
    return visit_dtype(dtype(), [&](auto tag) {
      return plugin::cast_element<T>(*static_cast<const typename decltype(tag)::type*>(single.address()));
    });
  }
  /// All elements in row-major order, cast to `T`.
  template <typename T>
  [[nodiscard]] std::vector<T> to_vector() const;

  /// Whether gradients flow to this tensor.
  [[nodiscard]] bool requires_grad() const;
  /// Starts or stops collecting a gradient here; returns this tensor. Throws AutogradError on a tensor that
  /// an op computed, DTypeError on one that is not floating.
  const Tensor& set_requires_grad(bool requires_grad = true) const;
  /// The gradient collected by backward(); undefined if there is none.
  [[nodiscard]] Tensor grad() const;
  /// Replaces the collected gradient; an undefined one forgets it. Throws on another shape, dtype or device,
  /// or if this tensor does not collect one.
  void set_grad(const Tensor& grad) const;
  /// Adds d(this)/d(leaf) to every leaf's grad(). `gradient` has this tensor's shape; undefined stands for 1
  /// and needs a tensor of one element. See autograd.h.
  void backward(const Tensor& gradient = {}) const;
  /// This tensor with an index for each axis, as an operand of einsum(out(i, j), a(i, k), b(k, j)); see
  /// einsum.h.
  template <typename... Origins, std::size_t... Numbers>
  [[nodiscard]] auto operator()(EinsumIndex<Origins, Numbers>...) const {
    return IndexedTensor<einsum_language::IndexList<EinsumIndex<Origins, Numbers>...>>{*this};
  }

  /// The same memory without history.
  [[nodiscard]] Tensor detach() const;

  /// For the library's own parts.
  [[nodiscard]] TensorBody& body() const { return *body_; }
  [[nodiscard]] bool is_same(const Tensor& other) const { return body_ == other.body_; }
  /// Whether no other handle and no other view can see this memory.
  [[nodiscard]] bool is_sole_owner() const { return body_.use_count() == 1 && storage().use_count() == 1; }

 private:
  void check_type(DType asked) const;
  void check_single() const;
  [[nodiscard]] Tensor on_host() const;

  std::shared_ptr<TensorBody> body_;
};

extern template TENON_API std::vector<float> Tensor::to_vector<float>() const;
extern template TENON_API std::vector<double> Tensor::to_vector<double>() const;
extern template TENON_API std::vector<std::int32_t> Tensor::to_vector<std::int32_t>() const;
extern template TENON_API std::vector<std::int64_t> Tensor::to_vector<std::int64_t>() const;
extern template TENON_API std::vector<std::uint8_t> Tensor::to_vector<std::uint8_t>() const;
extern template TENON_API std::vector<bool> Tensor::to_vector<bool>() const;

}  // namespace tenon
