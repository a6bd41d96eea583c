// tenon einsum: how an equation is contracted, and how long that takes on each backend.
#include <tenon/backend.h>
#include <tenon/einsum.h>
#include <tenon/error.h>
#include <tenon/ops.h>
#include <tenon/random.h>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "backend_options.h"
#include "commands.h"
#include "console.h"
#include "usage_error.h"

namespace tenon::tool {
namespace {

/// More operations than this are only run on backends that were named.
constexpr double kMostUnasked = 1e10;

struct EinsumOptionsGiven {
  std::string equation;
  std::string shapes;
  std::string dtype = "float32";
  std::optional<std::int64_t> memory_limit;
  bool explain = false;
  bool json = false;
  BackendOptions backend;
};

// "3x4,4x5": an operand a piece; an empty piece is a scalar.
std::vector<Shape> parse_shapes(std::string_view text) {
  std::vector<Shape> shapes;
  while (true) {
    const std::size_t comma = text.find(',');
    std::string_view piece = text.substr(0, comma);
    Shape& shape = shapes.emplace_back();
    while (!piece.empty()) {
      const std::size_t cut = piece.find('x');
      const std::string_view number = piece.substr(0, cut);
      std::int64_t extent = -1;
      const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), extent);
      const bool whole = error == std::errc() && end == number.data() + number.size() && extent >= 0;
      if (!whole || cut + 1 == piece.size() || shape.size() == kMaxRank) {
        throw UsageError(fmt::format("--shapes: '{}' is no shape such as 3x4, of at most {} axes",
                                     text.substr(0, comma), kMaxRank));
      }
      shape.push_back(extent);
      piece.remove_prefix(cut == std::string_view::npos ? piece.size() : cut + 1);
    }
    if (comma == std::string_view::npos) return shapes;
    text.remove_prefix(comma + 1);
  }
}

std::vector<std::string> backends_to_time(const EinsumOptionsGiven& given, double flops) {
  std::vector<std::string> names;
  if (!given.backend.backend.empty()) return {current_backend().names()};
  if (flops > kMostUnasked) return names;
  for (const BackendInfo& backend : backends()) {
    if (backend.available && std::ranges::find(names, backend.name) == names.end())
      names.push_back(backend.name);
  }
  return names;
}

/// The shortest of several runs, the first (which plans) not counted; at least one, and about half a second
/// in all.
double seconds_on(const std::string& backend, const EinsumOptionsGiven& given,
                  std::span<const Tensor> operands) {
  using Clock = std::chrono::steady_clock;
  const use_backend scope(backend);
  double best = 0;
  const auto begin = Clock::now();
  for (int run = 0; run < 1000; ++run) {
    const auto start = Clock::now();
    einsum(given.equation, operands, {given.memory_limit});
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    best = run <= 1 ? seconds : std::min(best, seconds);
    if (run > 0 && Clock::now() - begin > std::chrono::milliseconds(500)) break;
    if (run == 0 && seconds > 1) break;
  }
  return best;
}

std::vector<Tensor> random_operands(std::span<const Shape> shapes, DType dtype) {
  Generator generator(0);
  std::vector<Tensor> operands;
  for (const Shape& shape : shapes) {
    operands.push_back(astype(uniform(shape, -1, 1, DType::float32, generator), dtype));
  }
  return operands;
}

nlohmann::ordered_json as_json(const EinsumPath& path) {
  nlohmann::ordered_json json = {{"equation", path.equation},
                                 {"naive_flops", path.naive_flops},
                                 {"flops", path.flops},
                                 {"largest", path.largest},
                                 {"steps", nlohmann::ordered_json::array()}};
  for (const EinsumStep& step : path.steps) {
    json["steps"].push_back({{"operands", step.operands},
                             {"equation", step.equation},
                             {"flops", step.flops},
                             {"size", step.size}});
  }
  return json;
}

std::string duration_text(double seconds) {
  if (seconds < 1e-3) return fmt::format("{:.1f} us", seconds * 1e6);
  return seconds < 1 ? fmt::format("{:.2f} ms", seconds * 1e3) : fmt::format("{:.2f} s", seconds);
}

void run_einsum(const EinsumOptionsGiven& given) {
  given.backend.apply();
  const std::vector<Shape> shapes = parse_shapes(given.shapes);
  const auto [dtype, path] = [&] {
    try {
      return std::pair(parse_dtype(given.dtype), einsum_path(given.equation, shapes, {given.memory_limit}));
    } catch (const Error& error) {  // what was typed is wrong
      throw UsageError(error.what());
    }
  }();
  std::string text = path.to_string();
  if (given.explain) {
    text += fmt::format("\nas one nest of loops\n\n{}", einsum_loops(given.equation, shapes));
  }
  const std::vector<std::string> names = backends_to_time(given, path.flops);
  const std::vector<Tensor> operands = names.empty() ? std::vector<Tensor>() : random_operands(shapes, dtype);
  nlohmann::ordered_json json = as_json(path);
  json["seconds"] = nlohmann::ordered_json::object();
  text += names.empty()
              ? fmt::format("\nnot run: more than {:g} operations; --backend runs it all the same\n",
                            kMostUnasked)
              : "\n";
  for (const std::string& name : names) {
    const double seconds = seconds_on(name, given, operands);
    json["seconds"][name] = seconds;
    text += fmt::format("{:<12} {:>10}  {:>9.3g} Gflop/s\n", name, duration_text(seconds),
                        seconds > 0 ? path.flops / seconds * 1e-9 : 0);
  }
  print(given.json ? json.dump() + "\n" : text);
}

}  // namespace

void add_einsum(CLI::App& app, Action& action) {
  auto given = std::make_shared<EinsumOptionsGiven>();
  CLI::App* command = app.add_subcommand("einsum", "Explain how an einsum is computed, and time it");
  command->add_option("equation", given->equation, "Such as ij,jk->ik")->required()->type_name("EQUATION");
  command
      ->add_option("--shapes", given->shapes,
                   "An operand's extents a piece: 3x4,4x5; a scalar's piece is empty")
      ->required()
      ->type_name("SHAPES");
  command->add_flag("--explain", given->explain, "Show the nest of loops that the equation stands for");
  command->add_option("--memory-limit", given->memory_limit, "The most elements of an intermediate result")
      ->type_name("N")
      ->check(between(0, INT64_MAX));
  command->add_option("--dtype", given->dtype, "Of the operands in the timing")->capture_default_str();
  command->add_flag("--json", given->json, "Print one JSON object");
  given->backend.add_to(*command);
  command->footer(
      "\nExamples:\n"
      "  tenon einsum ij,jk->ik --shapes 3x4,4x5 --explain\n"
      "  tenon einsum bhid,bhjd->bhij --shapes 8x8x128x64,8x8x128x64 --backend blas");
  command->callback([given, &action] { action = [given] { run_einsum(*given); }; });
}

}  // namespace tenon::tool
