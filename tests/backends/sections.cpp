#include "sections.h"

namespace tenon::conformance {
namespace {

Shape shape_of_rank_32() {
  Shape shape(32, 1);
  shape[0] = 2;
  shape[7] = 3;
  shape[16] = 2;
  shape[30] = 5;
  return shape;
}

}  // namespace

std::vector<Section> all_sections() {
  std::vector<Section> all;
  for (const auto table : {elementwise_sections(), copy_sections(), reduce_sections(), matmul_sections(),
                           matmul_accuracy_sections(), einsum_sections(), einsum_random_sections(),
                           einsum_accuracy_sections(), init_sections(), random_sections(), index_sections(),
                           softmax_sections(), page_end_sections(), behaviour_sections()}) {
    all.insert(all.end(), table.begin(), table.end());
  }
  return all;
}

std::span<const Shape> sweep_shapes() {
  static const std::vector<Shape> shapes = {{},
                                            {1},
                                            {0},
                                            {7},
                                            {63},
                                            {65},
                                            {5, 7},
                                            {17, 16},
                                            {1, 13},
                                            {13, 1},
                                            {31, 33},
                                            {3, 0, 2},
                                            {2, 3, 5},
                                            {4, 1, 33},
                                            {2, 3, 2, 5},
                                            {2, 1, 3, 2, 3},
                                            {2, 2, 3, 1, 2, 3},
                                            {2, 1, 2, 2, 1, 2, 3},
                                            {2, 1, 2, 2, 2, 1, 2, 3},
                                            shape_of_rank_32()};
  return shapes;
}

}  // namespace tenon::conformance
