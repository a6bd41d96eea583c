// One wrong call for each CASE; see CMakeLists.txt for what the compiler must say. CASE 0 is right.
#include <tenon/einsum.h>

using tenon::Tensor;

Tensor call(const Tensor& x, const Tensor& y) {
  [[maybe_unused]] const auto [i, j, k] = tenon::indices<3>();
#if CASE == 0
  return tenon::einsum<"ij,jk->ik">(x, y), tenon::einsum(tenon::out(i, k), x(i, j), y(j, k));
#elif CASE == 1
  return tenon::einsum<"ij,j1->i1">(x, y);
#elif CASE == 2
  return tenon::einsum<"ij,j..->i">(x, y);
#elif CASE == 3
  return tenon::einsum<"ij,jk-ik">(x, y);
#elif CASE == 4
  return tenon::einsum<"ij->j->i">(x);
#elif CASE == 5
  return tenon::einsum<"ij,jk->i,k">(x, y);
#elif CASE == 6
  return tenon::einsum<"...i...,jk">(x, y);
#elif CASE == 7
  return tenon::einsum<"ij,jk->ii">(x, y);
#elif CASE == 8
  return tenon::einsum<"ij,jk->il">(x, y);
#elif CASE == 9
  return tenon::einsum<"ij,jk->ik">(x);
#elif CASE == 10
  return tenon::einsum<"ij->ji">(x, y);
#elif CASE == 11
  return tenon::einsum(tenon::out(i, i), x(i, j), y(j, k));
#elif CASE == 12
  return tenon::einsum(tenon::out(i, k), x(i, j));
#elif CASE == 13
  return tenon::einsum(tenon::out());
#endif
}
