// Tenon's side of einsum_compare.py, and what concerns Tenon alone.
//
//   tenon-einsum-bench CASES      obeys the lines of standard input, a line of answer for each:
//                                   case NAME          make the operands of that case
//                                   result PATH        write the result there, float32 in row-major order, and
//                                                      say its shape
//                                   time COUNT BLOCKS  the seconds that COUNT calls take, so many times
//   tenon-einsum-bench            einsum against matmul, and what planning costs
#include <fmt/format.h>
#include <tenon/tenon.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using tenon::einsum;
using tenon::Shape;
using tenon::Tensor;

struct Case {
  std::string equation;
  std::vector<Shape> shapes;
  bool contiguous = false;
};

// "3x4", or "()" for a scalar.
Shape parse_shape(const std::string& text) {
  Shape shape;
  if (text == "()") return shape;
  std::istringstream extents(text);
  for (std::string extent; std::getline(extents, extent, 'x');) shape.push_back(std::stoll(extent));
  return shape;
}

std::map<std::string, Case> read_cases(const char* path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(fmt::format("cannot read {}", path));
  std::map<std::string, Case> cases;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    if (!(words >> name) || name.front() == '#') continue;
    Case& entry = cases[name];
    words >> entry.equation;
    for (std::string word; words >> word;) {
      if (word == "contiguous") {
        entry.contiguous = true;
      } else {
        entry.shapes.push_back(parse_shape(word));
      }
    }
  }
  return cases;
}

// The same numbers in [0, 1) as operand_values() of einsum_compare.py.
Tensor make_operand(const Shape& shape, std::uint32_t number) {
  std::vector<float> values(static_cast<std::size_t>(tenon::element_count(shape)));
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::uint32_t hash = static_cast<std::uint32_t>(i) * 2654435761U + (number + 1) * 2654435769U;
    hash = (hash ^ (hash >> 15)) * 2246822507U;
    hash ^= hash >> 13;
    values[i] = static_cast<float>(hash >> 8) / 16777216.0F;
  }
  return tenon::from_values(values, shape);
}

template <typename Call>
double seconds_for(std::int64_t count, Call&& call) {
  const auto start = Clock::now();
  for (std::int64_t i = 0; i < count; ++i) static_cast<void>(call());
  return std::chrono::duration<double>(Clock::now() - start).count();
}

class Worker {
 public:
  explicit Worker(const char* path) : cases_(read_cases(path)) {}

  void serve() {
    for (std::string line; std::getline(std::cin, line);) {
      std::istringstream words(line);
      std::string command;
      std::string argument;
      words >> command >> argument;
      if (command == "case") {
        take(cases_.at(argument));
        std::cout << "ok" << std::endl;
      } else if (command == "result") {
        std::cout << write_result(argument) << std::endl;
      } else if (command == "time") {
        const std::int64_t count = std::stoll(argument);
        std::int64_t blocks = 0;
        words >> blocks;
        const auto block = [&] { return seconds_for(count, [this] { return call(); }); };
        block();  // wakes the threads
        std::string times;
        for (; blocks > 0; --blocks) times += fmt::format("{:.9e} ", block());
        std::cout << times << std::endl;
      } else {
        throw std::runtime_error(fmt::format("what is '{}'?", line));
      }
    }
  }

 private:
  void take(const Case& chosen) {
    case_ = chosen;
    operands_.clear();
    for (const Shape& shape : chosen.shapes) {
      operands_.push_back(make_operand(shape, static_cast<std::uint32_t>(operands_.size())));
    }
  }

  [[nodiscard]] Tensor call() const {
    Tensor result = einsum(case_.equation, std::span<const Tensor>(operands_));
    return case_.contiguous ? tenon::contiguous(result) : result;
  }

  [[nodiscard]] std::string write_result(const std::string& path) const {
    const Tensor result = tenon::contiguous(call());
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(result.data<float>()),
               static_cast<std::streamsize>(result.size() * static_cast<std::int64_t>(sizeof(float))));
    if (!file.flush()) throw std::runtime_error(fmt::format("cannot write {}", path));
    return fmt::format("{}", fmt::join(result.shape(), " "));
  }

  std::map<std::string, Case> cases_;
  Case case_;
  std::vector<Tensor> operands_;
};

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

// Seconds of a call of either, measured in turns so that both see the same machine.
struct Pair {
  double first = 0;
  double second = 0;
  double ratio = 0;  ///< the median of first / second, turn by turn
};

template <typename First, typename Second>
Pair compare(First&& first, Second&& second) {
  constexpr double kTurn = 5e-4;
  constexpr int kTurns = 400;
  constexpr double kMost = 3;  // seconds
  std::int64_t count = 1;
  while (seconds_for(count, first) < kTurn) count *= 2;
  const auto start = Clock::now();
  std::vector<double> firsts;
  std::vector<double> seconds;
  std::vector<double> ratios;
  for (int turn = 0; turn < kTurns && std::chrono::duration<double>(Clock::now() - start).count() < kMost;
       ++turn) {
    if (turn % 2 == 0) firsts.push_back(seconds_for(count, first));
    seconds.push_back(seconds_for(count, second));
    if (turn % 2 != 0) firsts.push_back(seconds_for(count, first));
    ratios.push_back(firsts.back() / seconds.back());
  }
  const auto calls = static_cast<double>(count);
  return {median(firsts) / calls, median(seconds) / calls, median(ratios)};
}

void compare_with_matmul() {
  fmt::print("einsum ik,kj->ij against matmul (time; at most 1.02 is asked for)\n");
  for (const std::int64_t n : {3, 16, 64, 128, 256, 512, 1024}) {
    const Tensor a = make_operand({n, n}, 0);
    const Tensor b = make_operand({n, n}, 1);
    const Pair times = compare([&] { return einsum("ik,kj->ij", a, b); }, [&] { return matmul(a, b); });
    fmt::print("  n = {:4}: {:10.3f} us  {:10.3f} us  ratio {:.3f}\n", n, times.first * 1e6,
               times.second * 1e6, times.ratio);
  }
}

struct Network {
  const char* name;
  const char* equation;
};

// Ten operands each.
constexpr Network kNetworks[] = {
    {"chain", "ab,bc,cd,de,ef,fg,gh,hi,ij,jk->ak"},
    {"ring", "abA,bcB,cdC,deD,efE,fgF,ghG,hiH,ijI,jaJ->ABCDEFGHIJ"},
    {"star", "abcdefghi,aA,bB,cC,dD,eE,fF,gG,hH,iI->ABCDEFGHI"},
    {"grid", "ab,acd,cef,eg,bhi,hdjk,jflm,lgn,ipo,pkmno->"},
    {"cubic graph", "abc,ade,bfg,chi,djk,elm,fhl,gjm,ikn,n->"},
    {"random", "abcd,aefg,behi,cfjk,dglm,hjln,ikmn,opq,oprs,qrs->"},
};

// With extents of 2 and 3, others in each round.
std::vector<Tensor> operands_of(const std::string& equation, std::uint32_t round) {
  std::vector<Shape> shapes(1);
  for (const char c : equation.substr(0, equation.find('-'))) {
    if (c == ',') {
      shapes.emplace_back();
    } else {
      const auto hash = (static_cast<std::uint32_t>(c) * 128 + round) * 2654435761U;
      shapes.back().push_back(2 + (((hash ^ (hash >> 15)) * 2246822507U) >> 31));
    }
  }
  std::vector<Tensor> operands;
  for (const Shape& shape : shapes) {
    operands.push_back(make_operand(shape, static_cast<std::uint32_t>(operands.size())));
  }
  return operands;
}

void time_planning() {
  fmt::print(
      "planning ten operands: the first call less the second; median and most of 50 (at most 5 ms is asked "
      "for)\n");
  for (const Network& network : kNetworks) {
    std::vector<double> times;
    for (std::uint32_t round = 0; round < 50; ++round) {
      const std::vector<Tensor> operands = operands_of(network.equation, round);
      const auto call = [&] { return einsum(network.equation, std::span<const Tensor>(operands)); };
      const double first = seconds_for(1, call);
      times.push_back(first - seconds_for(1, call));
    }
    fmt::print("  {:14}: {:8.3f} ms {:8.3f} ms\n", network.name, median(times) * 1e3,
               std::ranges::max(times) * 1e3);
  }
}

void time_cached_plans() {
  fmt::print("finding a plan in the cache: the call less its ops (below 1 us is asked for)\n");
  const auto row = [](const char* what, const Pair& times) {
    fmt::print("  {:42}: {:7.1f} ns, less {:7.1f} ns of ops: {:7.1f} ns\n", what, times.first * 1e9,
               times.second * 1e9, (times.first - times.second) * 1e9);
  };
  const Tensor matrix = make_operand({3, 3}, 0);
  row("ij->ji of 3x3, less permute", compare([&] { return einsum("ij->ji", matrix); },
                                             [&] {
                                               return permute(matrix, {1, 0});
                                             }));
  row("ij->ji of 3x3, read by the compiler", compare([&] { return einsum<"ij->ji">(matrix); },
                                                     [&] {
                                                       return permute(matrix, {1, 0});
                                                     }));
  const Tensor scalar = make_operand({}, 0);
  row(",-> of scalars, less mul",
      compare([&] { return einsum(",->", scalar, scalar); }, [&] { return mul(scalar, scalar); }));
  const Tensor one = make_operand({1, 1}, 0);
  row("ik,kj->ij of 1x1, less mul",
      compare([&] { return einsum("ik,kj->ij", one, one); }, [&] { return mul(one, one); }));
  row("ik,kj->ij of 3x3, less matmul",
      compare([&] { return einsum("ik,kj->ij", matrix, matrix); }, [&] { return matmul(matrix, matrix); }));
  const std::vector<Tensor> ones(10, one);
  row("chain of ten 1x1, less nine mul",
      compare([&] { return einsum(kNetworks[0].equation, std::span<const Tensor>(ones)); },
              [&] {
                Tensor product = one;
                for (int i = 0; i < 9; ++i) product = mul(product, one);
                return product;
              }));
}

}  // namespace

int main(int argc, char** argv) try {
  const tenon::NoGrad no_grad;
  const tenon::use_backend scope("blas");
  tenon::set_fallback_policy(tenon::Fallback::error);
  if (argc > 1) {
    Worker(argv[1]).serve();
  } else {
    compare_with_matmul();
    time_planning();
    time_cached_plans();
  }
  return 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
