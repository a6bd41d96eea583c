#include "cpu/inner_product.h"

#include "cpu/scratch.h"
#include "cpu/tables.h"
#include "cpu/threads.h"

#include <algorithm>

namespace tenon::cpu {
namespace {

constexpr std::int64_t kGrain = 16384;  // multiplications worth a thread
constexpr std::int64_t kBlock = 512;    // columns that are summed side by side

/// Tasks are pairs of a block of results and a segment of the sum; several segments only where there are few
/// blocks.
template <typename T>
class InnerProducts {
 public:
  InnerProducts(const Loop& loop, const SummedAxis& summed, bool by_columns)
      : loop_(loop),
        summed_(summed),
        by_columns_(by_columns),
        width_(by_columns ? loop.extent[0] : 1),
        block_(std::min(width_, kBlock)),
        blocks_per_row_((width_ + block_ - 1) / block_),
        blocks_(loop.size / width_ * blocks_per_row_) {
    const std::int64_t threads = thread_count();
    if (blocks_ < threads) {
      segments_ =
          std::clamp<std::int64_t>(std::min(threads, summed.extent * block_ / kGrain), 1, summed.extent);
    }
  }

  void run() const {
    const Scratch memory(static_cast<std::size_t>(segments_ > 1 ? blocks_ * segments_ * block_ : 0) *
                         sizeof(T));
    T* const partial = memory.as<T>();
    const std::int64_t work = std::max<std::int64_t>(1, summed_.extent * block_ / segments_);
    parallel_for(blocks_ * segments_, (kGrain + work - 1) / work, [&](std::int64_t begin, std::int64_t end) {
      alignas(64) T own[kBlock];
      for (std::int64_t task = begin; task < end; ++task) {
        T* const sum = segments_ > 1 ? partial + task * block_ : own;
        fold(task / segments_, task % segments_, sum);
        if (segments_ == 1) write(task, sum);
      }
    });
    if (segments_ == 1) return;
    for (std::int64_t block = 0; block < blocks_; ++block) {
      T* const sum = partial + block * segments_ * block_;
      for (std::int64_t segment = 1; segment < segments_; ++segment) {
        for (std::int64_t j = 0; j < columns_of(block); ++j) sum[j] += sum[segment * block_ + j];
      }
      write(block, sum);
    }
  }

 private:
  [[nodiscard]] std::int64_t first_of(std::int64_t block) const {
    return block / blocks_per_row_ * width_ + block % blocks_per_row_ * block_;
  }
  [[nodiscard]] std::int64_t columns_of(std::int64_t block) const {
    return std::min(block_, width_ - block % blocks_per_row_ * block_);
  }

  void fold(std::int64_t block, std::int64_t segment, T* sum) const {
    const std::int64_t begin = summed_.extent * segment / segments_;
    const std::int64_t count = summed_.extent * (segment + 1) / segments_ - begin;
    const std::byte* const a = loop_.address(1, first_of(block)) + begin * summed_.a_stride;
    const std::byte* const b = loop_.address(2, first_of(block)) + begin * summed_.b_stride;
    if (by_columns_) {
      const std::int64_t columns = columns_of(block);
      std::fill_n(sum, columns, T{0});
      kernels_.columns(sum, a, summed_.a_stride, b, summed_.b_stride, count,
                       static_cast<std::size_t>(columns));
    } else {
      sum[0] = kernels_.rows(reinterpret_cast<const T*>(a), reinterpret_cast<const T*>(b),
                             static_cast<std::size_t>(count));
    }
  }

  void write(std::int64_t block, const T* sum) const {
    std::byte* to = loop_.address(0, first_of(block));
    const std::int64_t stride = by_columns_ ? loop_.stride[0][0] : 0;
    for (std::int64_t j = 0; j < columns_of(block); ++j) *reinterpret_cast<T*>(to + j * stride) = sum[j];
  }

  const Loop& loop_;
  const SummedAxis& summed_;
  const InnerKernels<T>& kernels_ = inner_kernels<T>();
  bool by_columns_;
  std::int64_t width_;  // results side by side in a row
  std::int64_t block_;
  std::int64_t blocks_per_row_;
  std::int64_t blocks_;
  std::int64_t segments_ = 1;
};

}  // namespace

template <typename T>
bool inner_products(const Loop& loop, const SummedAxis& summed) {
  constexpr auto kItem = static_cast<std::int64_t>(sizeof(T));
  const bool rows = summed.extent == 1 || (summed.a_stride == kItem && summed.b_stride == kItem);
  const bool columns = loop.rank > 0 && loop.stride[1][0] == kItem && loop.stride[2][0] == kItem;
  if (!rows && !columns) return false;
  InnerProducts<T>(loop, summed, !rows).run();
  return true;
}

template bool inner_products<float>(const Loop&, const SummedAxis&);
template bool inner_products<double>(const Loop&, const SummedAxis&);

}  // namespace tenon::cpu
