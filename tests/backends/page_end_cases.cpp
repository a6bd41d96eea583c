// Every operand ends where its page ends and the next page cannot be touched: a kernel that reads or writes
// whole vectors beyond its elements dies here, whatever it does with the surplus. Memory of a device has no
// such end.
#include <string>

#include "einsum_reference.h"
#include "matmul_reference.h"
#include "reference.h"
#include "sections.h"
#include "values.h"

namespace tenon::conformance {
namespace {

constexpr std::int64_t kLanes = 67;

template <typename F>
std::vector<Expected> each(const Operand& out, F&& f) {
  std::vector<Expected> expected;
  expected.reserve(static_cast<std::size_t>(out.size()));
  for (std::int64_t i = 0; i < out.size(); ++i) expected.push_back(f(i));
  return expected;
}

Operand operand(DType dtype, const Shape& shape, Role role, Layout layout, std::uint64_t seed) {
  Operand made(dtype, shape, role, layout, kAtPageEnd);
  if (role != Role::output) made.fill(ordinary_values(dtype, 97, seed));
  return made;
}

void elementwise(Grader& grader) {
  const std::uint32_t flags = grader.plugin().properties().flags;
  for (const DType dtype : kDTypes) {
    for (std::int64_t n = 1; n <= kLanes; ++n) {
      for (const Layout layout : {Layout::contiguous, Layout::sliced}) {
        Operand a = operand(dtype, {n}, Role::input, layout, 1);
        Operand b = operand(dtype, {n}, Role::input, layout, 2);
        for (const UnaryRow& row : unary_rows()) {
          if (!contains(row.domain, dtype)) continue;
          Operand out = operand(row.gives_boolean ? DType::boolean : dtype, {n}, Role::output, layout, 0);
          const tenon_member_attributes attributes = {sizeof(attributes), row.member};
          grader.grade({TENON_OP_UNARY, std::string("unary ") + row.name, {&a}, &out, &attributes},
                       each(out, [&](auto i) { return unary(row.member, dtype, a.at(i), flags); }));
        }
        for (const BinaryRow& row : binary_rows()) {
          if (!contains(row.domain, dtype)) continue;
          Operand out = operand(row.gives_boolean ? DType::boolean : dtype, {n}, Role::output, layout, 0);
          const tenon_member_attributes attributes = {sizeof(attributes), row.member};
          grader.grade({TENON_OP_BINARY, std::string("binary ") + row.name, {&a, &b}, &out, &attributes},
                       each(out, [&](auto i) { return binary(row.member, dtype, a.at(i), b.at(i), flags); }));
        }
        Operand condition = operand(DType::boolean, {n}, Role::input, layout, 3);
        Operand out = operand(dtype, {n}, Role::output, layout, 0);
        const tenon_member_attributes where = {sizeof(where), TENON_TERNARY_WHERE};
        grader.grade({TENON_OP_TERNARY, "ternary where", {&condition, &a, &b}, &out, &where},
                     each(out, [&](auto i) { return Expected{condition.at(i) != 0 ? a.at(i) : b.at(i)}; }));
        for (const DType to : kDTypes) {
          Operand copy = operand(to, {n}, Role::output, layout, 0);
          grader.grade({TENON_OP_COPY, "copy", {&a}, &copy},
                       each(copy, [&](auto i) { return Expected{cast(to, dtype, a.at(i))}; }));
        }
      }
    }
  }
}

void transposes(Grader& grader) {
  for (const DType dtype : kDTypes) {
    for (std::int64_t n = 1; n <= kLanes; n += 3) {
      for (const std::int64_t m : {std::int64_t{3}, n, std::int64_t{17}}) {
        Operand x = operand(dtype, {m, n}, Role::input, Layout::transposed, 1);
        Operand out = operand(dtype, {m, n}, Role::output, Layout::contiguous, 0);
        grader.grade({TENON_OP_COPY, "copy", {&x}, &out},
                     each(out, [&](auto i) { return Expected{x.at(i)}; }));
      }
    }
  }
}

void reduce(Grader& grader) {
  for (const DType dtype : kDTypes) {
    for (std::int64_t n = 1; n <= kLanes; ++n) {
      for (const std::uint32_t axes : {1u, 2u}) {
        Operand x = operand(dtype, {n, n}, Role::input, Layout::contiguous, 1);
        Operand out =
            operand(dtype, axes == 1 ? Shape{1, n} : Shape{n, 1}, Role::output, Layout::contiguous, 0);
        const tenon_reduce_attributes attributes = {sizeof(attributes), TENON_REDUCE_MAX, axes};
        grader.grade({TENON_OP_REDUCE, "reduce max", {&x}, &out, &attributes}, each(out, [&](auto i) {
                       Real largest = x.at(axes == 1 ? i : i * n);
                       for (std::int64_t j = 0; j < n; ++j) {
                         largest = maximum(largest, x.at(axes == 1 ? j * n + i : i * n + j));
                       }
                       return Expected{largest};
                     }));
      }
    }
  }
}

void matmul_and_gather(Grader& grader) {
  for (const DType dtype : kContractionDTypes) {
    for (std::int64_t n = 1; n <= kLanes; n += 2) {
      for (const Layout layout : {Layout::contiguous, Layout::transposed, Layout::sliced}) {
        Operand a = operand(dtype, {5, n}, Role::input, layout, 1);
        Operand b = operand(dtype, {n, 7}, Role::input, layout, 2);
        Operand bias = operand(dtype, {5, 7}, Role::input, Layout::broadcast_first, 3);
        Operand out = operand(dtype, {5, 7}, Role::output, Layout::contiguous, 0);
        grade_matmul(grader, "page end", a, b, &bias, out);
      }
      Operand x = operand(dtype, {9, n}, Role::input, Layout::contiguous, 1);
      Operand index(DType::int32, {4, n}, {1, 0}, Role::input, kAtPageEnd);
      index.fill({8, 0, 8, 3});
      Operand out = operand(dtype, {4, n}, Role::output, Layout::contiguous, 0);
      const tenon_index_attributes attributes = {sizeof(attributes), TENON_INDEX_GATHER, 0};
      grader.grade({TENON_OP_INDEX, "index gather", {&x, &index}, &out, &attributes}, each(out, [&](auto i) {
                     const auto row = static_cast<std::int64_t>(index.at(i));
                     return Expected{x.at(row * n + i % n)};
                   }));
    }
  }
}

void einsum(Grader& grader) {
  const char* const equations[] = {"ik,kj->ij", "ki,jk->ji", "bik,bjk->bij", "bk,bk->b",
                                   "ik,ik->ik", "iik,k->i",  "ik->ki",       "iik->i"};
  for (const DType dtype : kContractionDTypes) {
    for (std::int64_t n = 1; n <= kLanes; n += 3) {
      for (const char* const text : equations) {
        for (const Layout layout : {Layout::contiguous, Layout::transposed, Layout::sliced}) {
          const std::int64_t sizes[] = {3, 5, 4};
          Equation each = equation(text, sizes);
          each.extents['k' - 'a'] = n;
          EinsumOperands x(dtype, each, {layout, layout, Layout::contiguous, kAtPageEnd});
          x.fill_ordinary(1);
          grade_einsum(grader, "page end", each, x);
        }
      }
    }
  }
}

constexpr Section kSections[] = {
    {"page_end_elementwise", elementwise, false, Memory::host},
    {"page_end_transposes", transposes, false, Memory::host},
    {"page_end_reduce", reduce, false, Memory::host},
    {"page_end_matmul_and_gather", matmul_and_gather, false, Memory::host},
    {"page_end_einsum", einsum, false, Memory::host},
};

}  // namespace

std::span<const Section> page_end_sections() { return kSections; }

}  // namespace tenon::conformance
