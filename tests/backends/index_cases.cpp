// INDEX: gather, scatter-add, one-hot.
#include <limits>
#include <string>

#include "reference.h"
#include "sections.h"
#include "values.h"

namespace tenon::conformance {
namespace {

constexpr DType kIndexDTypes[] = {DType::int32, DType::int64};

/// Row-major position of `i` (in `shape`) after its index on `axis` is replaced by `at`, in `target`.
std::int64_t moved(const Shape& shape, std::int64_t i, std::size_t axis, std::int64_t at,
                   const Shape& target) {
  const std::vector<std::int64_t> strides = contiguous_strides(target);
  std::int64_t position = 0;
  for (std::size_t each = shape.size(); each-- > 0;) {
    position += (each == axis ? at : i % shape[each]) * strides[each];
    i /= shape[each];
  }
  return position;
}

std::vector<Real> indices(std::int64_t n, std::int64_t extent, std::uint64_t seed) {
  Random random(seed);
  std::vector<Real> values(static_cast<std::size_t>(n));
  for (Real& value : values) value = static_cast<Real>(extent == 0 ? 0 : random.integer(0, extent - 1));
  return values;
}

struct IndexShape {
  Shape shape;  // of x (gather) or out (scatter-add)
  std::size_t axis;
  std::int64_t picks;  // extent of the index along the axis
};

const std::vector<IndexShape>& index_shapes() {
  static const std::vector<IndexShape> shapes = {
      {{7}, 0, 67},      {{1}, 0, 5},       {{5, 7}, 0, 3},          {{5, 7}, 1, 11},
      {{2, 3, 5}, 1, 4}, {{2, 3, 5}, 2, 9}, {{3, 0, 4}, 1, 0},       {{0, 4}, 1, 3},
      {{4, 0}, 0, 6},    {{4, 3}, 0, 0},    {{2, 1, 3, 2, 2}, 2, 5}, {{2, 1, 2, 2, 1, 2, 2, 3}, 7, 4},
      {{31, 17}, 0, 65}, {{65, 33}, 1, 16}};
  return shapes;
}

tenon_index_attributes attributes_of(std::uint32_t member, std::size_t axis) {
  return {sizeof(tenon_index_attributes), member, static_cast<std::int32_t>(axis)};
}

void grade_gather(Grader& grader, Operand& x, Operand& index, Operand& out, std::size_t axis) {
  std::vector<Expected> expected;
  for (std::int64_t i = 0; i < out.size(); ++i) {
    const auto at = static_cast<std::int64_t>(index.at(i));
    expected.push_back({x.at(moved(out.shape(), i, axis, at, x.shape()))});
  }
  const tenon_index_attributes attributes = attributes_of(TENON_INDEX_GATHER, axis);
  grader.grade({TENON_OP_INDEX, "index gather", {&x, &index}, &out, &attributes}, expected);
}

void gather(Grader& grader) {
  int turn = 0;
  for (const DType dtype : kDTypes) {
    for (const DType index_dtype : kIndexDTypes) {
      for (const IndexShape& each : index_shapes()) {
        for (const Layout layout : kInputLayouts) {
          Shape picked = each.shape;
          picked[each.axis] = each.picks;
          Operand x(dtype, each.shape, Role::input, layout, turn % 3);
          x.fill(ordinary_values(dtype, 211, 1));
          const Layout own = kInputLayouts[static_cast<std::size_t>(turn) % kInputLayouts.size()];
          Operand index(index_dtype, picked, Role::input, own, turn % 2);
          index.fill(indices(1009, each.shape[each.axis], static_cast<std::uint64_t>(turn)));
          Operand out(dtype, picked, Role::output,
                      kOutputLayouts[static_cast<std::size_t>(turn) % kOutputLayouts.size()], turn % 4);
          grade_gather(grader, x, index, out, each.axis);
          ++turn;
        }
        // Whole rows: the index has zero strides on the other axes.
        Shape picked = each.shape;
        picked[each.axis] = each.picks;
        std::vector<std::int64_t> strides(picked.size(), 0);
        strides[each.axis] = 1;
        Operand x(dtype, each.shape, Role::input);
        x.fill(ordinary_values(dtype, 211, 2));
        Operand index(index_dtype, picked, strides, Role::input);
        index.fill(indices(997, each.shape[each.axis], static_cast<std::uint64_t>(turn)));
        Operand out(dtype, picked, Role::output);
        grade_gather(grader, x, index, out, each.axis);
      }
    }
  }
}

/// out += src in row-major order of src; every addition in out's dtype, so duplicates have one right answer.
void grade_scatter_add(Grader& grader, Operand& index, Operand& src, Operand& out, std::size_t axis) {
  std::vector<Expected> expected;
  for (std::int64_t i = 0; i < out.size(); ++i) expected.push_back({out.at(i)});
  for (std::int64_t i = 0; i < src.size(); ++i) {
    const auto at = static_cast<std::int64_t>(index.at(i));
    Expected& slot = expected[static_cast<std::size_t>(moved(src.shape(), i, axis, at, out.shape()))];
    slot = binary(TENON_BINARY_ADD, out.dtype(), slot.want, src.at(i));
  }
  const tenon_index_attributes attributes = attributes_of(TENON_INDEX_SCATTER_ADD, axis);
  grader.grade({TENON_OP_INDEX, "index scatter_add", {&index, &src}, &out, &attributes}, expected);
}

void scatter_add(Grader& grader) {
  int turn = 0;
  for (const DType dtype : kDTypes) {
    if (dtype == DType::boolean) continue;
    for (const DType index_dtype : kIndexDTypes) {
      for (const IndexShape& each : index_shapes()) {
        for (const Layout layout : kInputLayouts) {
          Shape picked = each.shape;
          picked[each.axis] = each.picks;
          const auto step = static_cast<std::size_t>(turn);
          Operand index(index_dtype, picked, Role::input, kInputLayouts[(step + 3) % kInputLayouts.size()],
                        turn % 2);
          index.fill(indices(1013, each.shape[each.axis], step));
          Operand src(dtype, picked, Role::input, layout, turn % 3);
          Operand out(dtype, each.shape, Role::updated, kOutputLayouts[step % kOutputLayouts.size()],
                      turn % 4);
          // Few whole numbers in bfloat16: exact whether a sum is rounded once or at each step.
          const bool whole = dtype == DType::bfloat16;
          src.fill(whole ? whole_values(dtype, 211, 3, 1) : ordinary_values(dtype, 211, 1));
          out.fill(whole ? whole_values(dtype, 223, 3, 2) : ordinary_values(dtype, 223, 2));
          grade_scatter_add(grader, index, src, out, each.axis);
          ++turn;
        }
      }
      // All into one place: as many duplicates as there are.
      Operand index(index_dtype, {4099}, Role::input);
      index.fill({2});
      Operand src(dtype, {4099}, Role::input);
      src.fill(dtype == DType::bfloat16 ? std::vector<Real>{1, -1} : ordinary_values(dtype, 4099, 3));
      Operand out(dtype, {5}, Role::updated, Layout::sliced);
      out.fill({1, 2, 3, 4, 5});
      grade_scatter_add(grader, index, src, out, 0);
      // Among many, in an order that matters to how sums round.
      Operand spread(index_dtype, {4099}, Role::input);
      spread.fill(indices(4099, 700, 1));
      Operand many(dtype, {700}, Role::updated);
      many.fill(dtype == DType::bfloat16 ? std::vector<Real>{0} : ordinary_values(dtype, 223, 2));
      grade_scatter_add(grader, spread, src, many, 0);
    }
  }
}

void one_hot(Grader& grader) {
  int turn = 0;
  for (const DType dtype : kDTypes) {
    for (const DType index_dtype : kIndexDTypes) {
      for (const Shape& shape : {Shape{}, Shape{1}, Shape{0}, Shape{67}, Shape{5, 7}, Shape{2, 3, 1, 2}}) {
        for (const std::int64_t classes : {1, 2, 10, 33}) {
          const auto step = static_cast<std::size_t>(turn);
          Operand index(index_dtype, shape, Role::input, kInputLayouts[step % kInputLayouts.size()],
                        turn % 2);
          index.fill(indices(101, classes, step));
          Shape wider = shape;
          wider.push_back(classes);
          Operand out(dtype, wider, Role::output, kOutputLayouts[step % kOutputLayouts.size()], turn % 3);
          std::vector<Expected> expected;
          for (std::int64_t i = 0; i < out.size(); ++i) {
            expected.push_back({static_cast<Real>(index.at(i / classes) == static_cast<Real>(i % classes))});
          }
          const tenon_index_attributes attributes = attributes_of(TENON_INDEX_ONE_HOT, 0);
          grader.grade({TENON_OP_INDEX, "index one_hot", {&index}, &out, &attributes}, expected);
          ++turn;
        }
      }
    }
  }
}

/// One index beyond its range, at the first, the last and every place between: INVALID, a message, nothing
/// written.
void out_of_range(Grader& grader) {
  constexpr std::int64_t n = 37;
  constexpr std::int64_t extent = 9;
  for (const DType dtype : {DType::float32, DType::float64, DType::int64, DType::uint8, DType::bfloat16}) {
    for (const DType index_dtype : kIndexDTypes) {
      std::vector<std::int64_t> wrong = {-1, extent, INT32_MAX, INT32_MIN};
      if (index_dtype == DType::int64)
        wrong.insert(wrong.end(), {INT64_MAX, INT64_MIN, std::int64_t{1} << 32});
      for (const std::int64_t value : wrong) {
        for (std::int64_t place = 0; place < n; place += 4) {
          Operand index(index_dtype, {n}, Role::input);
          index.fill(indices(n, extent, 5));
          index.put(place, static_cast<Real>(value));
          Operand values(dtype, {extent}, Role::input);
          values.fill(ordinary_values(dtype, extent, 1));
          Operand picked(dtype, {n}, Role::output);
          tenon_index_attributes attributes = attributes_of(TENON_INDEX_GATHER, 0);
          grader.grade_invalid({TENON_OP_INDEX, "index gather", {&values, &index}, &picked, &attributes});

          Operand src(dtype, {n}, Role::input);
          src.fill(ordinary_values(dtype, n, 2));
          Operand sums(dtype, {extent}, Role::updated);
          sums.fill(ordinary_values(dtype, extent, 3));
          attributes = attributes_of(TENON_INDEX_SCATTER_ADD, 0);
          grader.grade_invalid({TENON_OP_INDEX, "index scatter_add", {&index, &src}, &sums, &attributes});

          Operand hot(dtype, {n, extent}, Role::output);
          attributes = attributes_of(TENON_INDEX_ONE_HOT, 0);
          grader.grade_invalid({TENON_OP_INDEX, "index one_hot", {&index}, &hot, &attributes});
        }
      }
    }
  }
}

constexpr Section kSections[] = {
    {"index_gather", gather},
    {"index_scatter_add", scatter_add},
    {"index_one_hot", one_hot, true},
    {"index_out_of_range", out_of_range},
};

}  // namespace

std::span<const Section> index_sections() { return kSections; }

}  // namespace tenon::conformance
