#include "random_case.h"

#include <tenon/views.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "reference.h"

namespace tenon::test {
namespace {

std::string spelled(const std::string& term) {
  std::string text;
  for (const char c : term) text += c == '.' ? std::string("...") : std::string(1, c);
  return text;
}

// The first axis of the character at `place` of a term.
std::size_t axis_of(const RandomOperand& operand, std::size_t place) {
  const std::size_t dots = operand.term.find('.');
  return dots < place ? place - 1 + operand.dots() : place;
}

void remove(RandomOperand& operand, std::size_t place) {
  const auto axis = operand.extents.begin() + static_cast<std::ptrdiff_t>(axis_of(operand, place));
  const std::size_t axes = operand.term[place] == '.' ? operand.dots() : 1;
  operand.extents.erase(axis, axis + static_cast<std::ptrdiff_t>(axes));
  operand.term.erase(place, 1);
}

std::set<char> characters(const RandomCase& random_case) {
  std::set<char> all;
  for (const RandomOperand& operand : random_case.operands)
    all.insert(operand.term.begin(), operand.term.end());
  return all;
}

// The output may only have what an operand has.
void repair(RandomCase& random_case) {
  const std::set<char> known = characters(random_case);
  if (random_case.output) std::erase_if(*random_case.output, [&](char c) { return !known.contains(c); });
}

Tensor arranged(const RandomOperand& operand, DType dtype, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const std::size_t rank = operand.extents.size();
  Shape shape{std::span(operand.extents)};
  switch (operand.arrangement) {
    case Arrangement::permuted: {
      Axes order(rank, 0);
      std::iota(order.begin(), order.end(), 0);
      std::shuffle(order.begin(), order.end(), random);
      Shape base(rank, 0);
      for (std::size_t axis = 0; axis < rank; ++axis)
        base[static_cast<std::size_t>(order[axis])] = shape[axis];
      return permute(random_tensor(base, dtype, seed), order);
    }
    case Arrangement::sliced: {
      std::vector<Index> slices;
      for (std::int64_t& extent : shape) {
        const auto step = static_cast<std::int64_t>(1 + random() % 2);
        slices.emplace_back(Slice{1, 1 + step * extent, step});
        extent = 1 + step * extent;
      }
      return index(random_tensor(shape, dtype, seed), slices);
    }
    case Arrangement::expanded: {
      Shape base = shape;
      for (std::int64_t& extent : base) {
        if (extent != 0 && random() % 2 == 0) extent = 1;
      }
      return expand(random_tensor(base, dtype, seed), shape);
    }
    case Arrangement::diagonal:
      if (rank == 0) break;
      shape.push_back(shape[rank - 1]);
      return diagonal(random_tensor(shape, dtype, seed));
    case Arrangement::plain:
      break;
  }
  return random_tensor(shape, dtype, seed);
}

// Every case that is smaller by one thing.
std::vector<RandomCase> smaller(const RandomCase& from) {
  std::vector<RandomCase> cases;
  const auto add = [&](auto&& change) {
    RandomCase changed = from;
    change(changed);
    repair(changed);
    cases.push_back(std::move(changed));
  };
  const std::size_t count = from.operands.size();
  for (std::size_t i = 0; i < count && count > 1; ++i) {
    add([i](RandomCase& c) { c.operands.erase(c.operands.begin() + static_cast<std::ptrdiff_t>(i)); });
  }
  for (const char gone : characters(from)) {
    add([gone](RandomCase& c) {
      for (RandomOperand& operand : c.operands) {
        for (std::size_t at = operand.term.find(gone); at != std::string::npos; at = operand.term.find(gone))
          remove(operand, at);
      }
    });
  }
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t place = 0; place < from.operands[i].term.size(); ++place) {
      add([=](RandomCase& c) { remove(c.operands[i], place); });
    }
    if (from.operands[i].arrangement != Arrangement::plain) {
      add([i](RandomCase& c) { c.operands[i].arrangement = Arrangement::plain; });
    }
  }
  for (std::size_t i = 0; from.output && i < from.output->size(); ++i) {
    add([i](RandomCase& c) { c.output->erase(i, 1); });
  }
  for (const char letter : characters(from)) {
    for (const std::int64_t most : {1, 2}) {
      bool changes = false;
      RandomCase changed = from;
      for (RandomOperand& operand : changed.operands) {
        for (std::size_t place = 0; place < operand.term.size() && letter != '.'; ++place) {
          std::int64_t* const extent =
              operand.term[place] == letter ? &operand.extents[axis_of(operand, place)] : nullptr;
          if (extent == nullptr || *extent <= most) continue;
          *extent = most;
          changes = true;
        }
      }
      if (changes) cases.push_back(std::move(changed));
    }
  }
  return cases;
}

}  // namespace

std::size_t RandomOperand::dots() const {
  return extents.size() + 1 - term.size() - (term.find('.') == std::string::npos ? 1 : 0);
}

std::string RandomCase::equation() const {
  std::string text;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (i > 0) text += ',';
    text += spelled(operands[i].term);
  }
  if (output) text += "->" + spelled(*output);
  return text;
}

std::vector<Tensor> RandomCase::tensors() const {
  std::vector<Tensor> tensors;
  for (const RandomOperand& operand : operands) {
    tensors.push_back(arranged(operand, dtype, seed + 100 * tensors.size()));
  }
  return tensors;
}

std::string RandomCase::to_text() const {
  std::string text =
      equation() + " of " + std::string(name(dtype)) + " with seed " + std::to_string(seed) + ":";
  for (const RandomOperand& operand : operands) {
    constexpr const char* kNames[] = {"", "permuted", "sliced", "expanded", "diagonal"};
    text += ' ';
    text += kNames[static_cast<std::size_t>(operand.arrangement)];
    text += to_string(Shape{std::span(operand.extents)});
  }
  return text;
}

RandomCase random_case(std::mt19937_64& random, DType dtype) {
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const auto one_in = [&](std::size_t n) { return below(n) == 0; };
  std::string letters = "abcdXYZ";
  std::shuffle(letters.begin(), letters.end(), random);
  letters.resize(1 + below(letters.size()));
  std::map<char, std::int64_t> extents;
  for (const char letter : letters)
    extents[letter] = one_in(40) ? 0 : static_cast<std::int64_t>(1 + below(4));
  std::vector<std::int64_t> dots(below(3));
  for (std::int64_t& extent : dots) extent = one_in(30) ? 0 : static_cast<std::int64_t>(1 + below(3));
  const bool with_dots = one_in(3);

  RandomCase result;
  result.dtype = dtype;
  result.seed = random();
  const std::size_t count = 1 + below(6);
  for (std::size_t i = 0; i < count; ++i) {
    RandomOperand operand;
    operand.arrangement = static_cast<Arrangement>(below(5));
    std::size_t rank = below(6);
    std::map<char, std::int64_t> here = extents;
    for (auto& [letter, extent] : here) {
      if (one_in(10)) extent = 1;
    }
    const std::size_t leading = with_dots && !one_in(4) ? std::min(below(dots.size() + 1), rank) : 0;
    const bool dotted = leading > 0 || (with_dots && one_in(3));
    const std::size_t place = dotted ? below(rank - leading + 1) : rank + 1;
    for (std::size_t letter = 0; letter <= rank - leading; ++letter) {
      if (letter == place) {
        operand.term += '.';
        for (std::size_t axis = dots.size() - leading; axis < dots.size(); ++axis) {
          operand.extents.push_back(one_in(6) ? 1 : dots[axis]);
        }
      }
      if (letter == rank - leading) break;
      operand.term += letters[below(letters.size())];
      operand.extents.push_back(here[operand.term.back()]);
    }
    result.operands.push_back(std::move(operand));
  }
  if (!one_in(3)) {
    std::string output;
    for (const char c : characters(result)) {
      if (!one_in(c == '.' ? 4 : 2)) output += c;
    }
    std::shuffle(output.begin(), output.end(), random);
    result.output = output;
  }
  return result;
}

RandomCase shrunk(RandomCase failing, const std::function<bool(const RandomCase&)>& fails) {
  for (bool smaller_found = true; smaller_found;) {
    smaller_found = false;
    for (RandomCase& candidate : smaller(failing)) {
      if (!fails(candidate)) continue;
      failing = std::move(candidate);
      smaller_found = true;
      break;
    }
  }
  return failing;
}

}  // namespace tenon::test
