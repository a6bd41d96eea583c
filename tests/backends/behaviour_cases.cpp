// What holds for every op: thread counts, calls from many threads at once, newer hosts, unknown calls, the
// device's description.
#include <array>
#include <cstring>
#include <string>
#include <thread>

#include "device_operands.h"
#include "einsum_reference.h"
#include "matmul_reference.h"
#include "philox_reference.h"
#include "reference.h"
#include "sections.h"
#include "values.h"

namespace tenon::conformance {
namespace {

/// One call of each family at a size that kernels split among threads.
void large_calls(Grader& grader) {
  const Shape shape = {307, 653};
  for (const Layout layout : {Layout::contiguous, Layout::transposed}) {
    Operand x(DType::float32, shape, Role::input, layout);
    Operand y(DType::float32, shape, Role::input, Layout::contiguous);
    Operand out(DType::float32, shape, Role::output, layout);
    x.fill(ordinary_values(DType::float32, 10007, 1));
    y.fill(ordinary_values(DType::float32, 10009, 2));
    std::vector<Expected> sums;
    std::vector<Expected> exponentials;
    std::vector<Expected> copies;
    for (std::int64_t i = 0; i < out.size(); ++i) {
      sums.push_back(binary(TENON_BINARY_ADD, DType::float32, x.at(i), y.at(i)));
      exponentials.push_back(unary(TENON_UNARY_EXP, DType::float32, x.at(i)));
      copies.push_back({cast(DType::int32, DType::float32, x.at(i))});
    }
    tenon_member_attributes member = {sizeof(member), TENON_BINARY_ADD};
    grader.grade({TENON_OP_BINARY, "large add", {&x, &y}, &out, &member}, sums);
    member.member = TENON_UNARY_EXP;
    grader.grade({TENON_OP_UNARY, "large exp", {&x}, &out, &member}, exponentials);
    Operand whole(DType::int32, shape, Role::output, Layout::contiguous);
    grader.grade({TENON_OP_COPY, "large cast", {&x}, &whole}, copies);

    const Draw draw(9, 3);
    std::vector<Expected> uniforms;
    for (std::int64_t i = 0; i < out.size(); ++i) {
      uniforms.push_back({draw.uniform(DType::float32, static_cast<std::uint64_t>(i), 0, 1)});
    }
    const tenon_init_attributes init = {sizeof(init), TENON_INIT_UNIFORM, {{0, 0}, {1, 1}}, 9, 3};
    grader.grade({TENON_OP_INIT, "large uniform", {}, &out, &init}, uniforms);
  }
  Operand numbers(DType::float32, {200003}, Role::input);
  const std::vector<Real> values = whole_values(DType::float32, numbers.size(), 80, 4);
  numbers.fill(values);
  ExactSum total;
  for (const Real value : values) total.add(value);
  Operand sum(DType::float32, {1}, Role::output);
  const tenon_reduce_attributes reduce = {sizeof(reduce), TENON_REDUCE_SUM, 1};
  grader.grade({TENON_OP_REDUCE, "large sum", {&numbers}, &sum, &reduce}, {{total.value()}});

  for (const DType dtype : {DType::float32, DType::bfloat16}) {
    Operand a(dtype, {129, 131}, Role::input);
    Operand b(dtype, {131, 127}, Role::input, Layout::transposed);
    Operand product(dtype, {129, 127}, Role::output);
    a.fill(whole_values(dtype, a.size(), 60, 5));
    b.fill(whole_values(dtype, b.size(), 60, 6));
    grade_matmul(grader, "large", a, b, nullptr, product, {}, Strictness::exact);
    for (const char* const text : {"bihd,bjhd->bhij", "ijkl,mjkl->im", "ijkl->kijl"}) {
      const std::int64_t extents[] = {2, 65, 3, 33, 67};
      const Equation each = equation(text, extents);
      EinsumOperands x(dtype, each);
      x.fill_whole(7, 7);
      grade_einsum(grader, "large", each, x, Strictness::exact);
    }
  }
}

void thread_counts(Grader& grader) {
  for (const std::int32_t count : {1, 2, 8}) {
    host::set_num_threads(count);
    large_calls(grader);
  }
  host::set_num_threads(2);
}

/// More threads than a product has tiles along any extent: none may be left without work that is waited for.
void more_threads_than_tiles(Grader& grader) {
  host::set_num_threads(64);
  for (const DType dtype : {DType::float32, DType::float64}) {
    for (const std::int64_t k : {96, 208, 1000}) {
      Operand a(dtype, {104, k}, Role::input);
      Operand b(dtype, {k, 104}, Role::input);
      Operand out(dtype, {104, 104}, Role::output);
      a.fill(whole_values(dtype, 509, 7, 1));
      b.fill(whole_values(dtype, 503, 7, 2));
      grade_matmul(grader, "on 64 threads", a, b, nullptr, out, {}, Strictness::exact);
    }
  }
  host::set_num_threads(2);
}

/// Eight threads run different calls at the same time.
void at_once(Grader& grader) {
  static constexpr const char* kTogether[] = {"reduce_whole_numbers", "matmul_tiles",        "copy_bits",
                                              "index_one_hot",        "matmul_batches",      "init_arange",
                                              "random_known_answers", "reduce_signed_zeros", "einsum_scaled",
                                              "einsum_diagonals"};
  std::vector<Section> chosen;
  for (const Section& section : all_sections()) {
    for (const char* const name : kTogether) {
      if (std::strcmp(section.name, name) == 0) chosen.push_back(section);
    }
  }
  constexpr std::size_t kThreads = 8;
  std::vector<Grader> graders(kThreads, Grader(grader.plugin()));
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      if (t % 4 == 0) large_calls(graders[t]);
      for (std::size_t i = 0; i < 3; ++i) chosen[(t + i) % chosen.size()].run(graders[t]);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Grader& each : graders) grader.absorb(each);
}

/// A newer host's structs are longer; what a backend knows of them still counts.
void newer_host(Grader& grader) {
  struct LongerCall {
    tenon_call known;
    std::array<std::uint64_t, 4> appended;
  };
  struct LongerAttributes {
    tenon_member_attributes known;
    std::array<std::uint64_t, 4> appended;
  };
  Operand x(DType::float32, {5}, Role::input);
  x.fill({1, 2, -3, 4, 5});
  Operand out(DType::float32, {5}, Role::output);
  const DLTensor from = x.tensor();
  const DLTensor to = out.tensor();
  LongerAttributes attributes{};
  attributes.known = {sizeof(attributes), TENON_UNARY_NEG};
  attributes.appended.fill(~std::uint64_t{0});
  LongerCall call{};
  call.known = {sizeof(call), TENON_OP_UNARY, 1, 1, &from, &to, &attributes, nullptr};
  call.appended.fill(~std::uint64_t{0});
  const tenon_status status = run_call(grader.plugin(), call.known, {&x, &out});
  if (status == TENON_UNSUPPORTED && grader.plugin().coverage() == Coverage::partial) return;
  bool right = status == TENON_OK;
  for (std::int64_t i = 0; i < x.size(); ++i) right = right && out.at(i) == -x.at(i);
  grader.verdict(x.size(), right ? "" : "a call frame with appended fields is not understood");
}

/// Ops, members and dtypes of a later version are refused, not failed and not guessed.
void unknown_calls(Grader& grader) {
  Operand x(DType::float32, {5}, Role::input);
  x.fill({1, 2, 3, 4, 5});
  Operand out(DType::float32, {5}, Role::output);
  const DLTensor from = x.tensor();
  const DLTensor to = out.tensor();
  const auto grade = [&](std::uint32_t op, const void* attributes, const char* name) {
    grader.grade_unknown({sizeof(tenon_call), op, 1, 1, &from, &to, attributes, nullptr}, name, {&x}, out);
  };
  const tenon_member_attributes known = {sizeof(known), TENON_UNARY_NEG};
  const tenon_member_attributes unknown = {sizeof(unknown), 9999};
  const tenon_reduce_attributes reduce = {sizeof(reduce), 9999, 1};
  const tenon_index_attributes index = {sizeof(index), 9999, 0};
  grade(9999, &known, "an unknown op");
  grade(0, &known, "op 0");
  grade(TENON_OP_UNARY, &unknown, "an unknown unary member");
  grade(TENON_OP_REDUCE, &reduce, "an unknown reduction");
  grade(TENON_OP_INDEX, &index, "an unknown index member");

  DLTensor half_from = from;
  DLTensor half_to = to;
  half_from.dtype = half_to.dtype = DLDataType{kDLFloat, 16, 1};
  grader.grade_unknown({sizeof(tenon_call), TENON_OP_COPY, 1, 1, &half_from, &half_to, nullptr, nullptr},
                       "a copy of float16", {&x}, out);
  grader.grade_unknown({sizeof(tenon_call), TENON_OP_UNARY, 1, 1, &half_from, &half_to, &known, nullptr},
                       "neg of float16", {&x}, out);
  const tenon_einsum_attributes einsum = {sizeof(einsum), {}};
  grader.grade_unknown({sizeof(tenon_call), TENON_OP_EINSUM, 1, 1, &half_from, &half_to, &einsum, nullptr},
                       "einsum of float16", {&x}, out);
}

void description(Grader& grader) {
  const tenon_device_properties& properties = grader.plugin().properties();
  const tenon_backend_table& table = grader.plugin().table();
  const auto ends = [](const auto& text) { return std::memchr(text, '\0', sizeof(text)) != nullptr; };
  grader.verdict(1, ends(properties.name) && ends(properties.library) ? "" : "a name without its end");
  grader.verdict(1, properties.name[0] != '\0' ? "" : "a device without a name");
  grader.verdict(1, table.device_count(grader.plugin().backend()) >= 1 ? "" : "available without a device");
  const int functions =
      static_cast<int>(table.allocate != nullptr) + static_cast<int>(table.deallocate != nullptr) +
      static_cast<int>(table.copy != nullptr) + static_cast<int>(table.synchronize != nullptr);
  const bool host_memory = properties.device.device_type == kDLCPU;
  grader.verdict(1, functions == (host_memory ? 0 : 4) ? "" : "memory functions do not fit the device");
}

constexpr Section kSections[] = {
    {"behaviour_thread_counts", thread_counts},
    {"behaviour_more_threads_than_tiles", more_threads_than_tiles},
    {"behaviour_at_once", at_once},
    {"behaviour_newer_host", newer_host},
    {"behaviour_unknown_calls", unknown_calls, true},
    {"behaviour_description", description},
};

}  // namespace

std::span<const Section> behaviour_sections() { return kSections; }

}  // namespace tenon::conformance
