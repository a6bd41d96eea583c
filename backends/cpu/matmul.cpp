// MATMUL of every dtype, for backends whose library declines.
#include "cpu/families.h"
#include "cpu/matmul_in_parts.h"
#include "cpu/plain_product.h"

namespace tenon::cpu {
namespace {

template <typename T>
void floating_matmul(const plugin::Call& call) {
  matmul_in_parts<T>(call, [&](T alpha, const plugin::View& sum) {
    in_dtype<T>(call.input(0), [&](const plugin::View& a) {
      in_dtype<T>(call.input(1), [&](const plugin::View& b) { plain_product<T>(alpha, a, b, sum); });
    });
  });
}

}  // namespace

bool matmul(const plugin::Call& call, bool run) {
  const DType dtype = call.output().dtype();
  if (!plugin::is_floating(dtype)) return integer_matmul(call, run);
  if (!supports_matmul_in_parts(call)) return false;
  if (!run || call.output().size() == 0) return true;
  if (dtype == DType::float64) {
    floating_matmul<double>(call);
  } else {
    floating_matmul<float>(call);
  }
  return true;
}

}  // namespace tenon::cpu
