#include <tenon/backend.h>
#include <tenon/error.h>
#include <tenon/op_table.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "dispatch/registry.h"

namespace tenon {
namespace {

// Levenshtein's distance: insertions, deletions and substitutions.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t above = row[j + 1];
      row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

template <typename Range>
std::string_view nearest(std::string_view name, const Range& rows) {
  return std::ranges::min_element(rows, {}, [&](const auto& row) { return edit_distance(name, row.name); })
      ->name;
}

template <typename T>
bool parse_whole(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

[[noreturn]] void bad_value(std::string_view op, std::string_view argument, std::string_view text,
                            std::string_view wanted) {
  throw IndexError(fmt::format("[{}] --{} {}: {} was expected", op, argument, text, wanted));
}

}  // namespace

const OpInfo& find_op(std::string_view name) {
  const auto rows = op_table();
  const auto found = std::ranges::find(rows, name, &OpInfo::name);
  if (found == rows.end()) {
    throw IndexError(fmt::format("no op is called '{}'; did you mean '{}'?", name, nearest(name, rows)));
  }
  return *found;
}

Tensor invoke(std::string_view name, std::span<const Tensor> inputs,
              std::map<std::string, std::string> arguments) {
  const OpInfo& op = find_op(name);
  const std::vector<InputInfo> known = inputs_of(op);
  const auto required = static_cast<std::size_t>(std::ranges::count(known, false, &InputInfo::optional));
  const bool repeats = !known.empty() && known.back().repeats;
  if (inputs.size() < required || (!repeats && inputs.size() > known.size())) {
    throw ShapeError(
        fmt::format("[{}] takes the tensors ({}), {} were given", name, op.inputs, inputs.size()));
  }
  std::vector<Tensor> all(inputs.begin(), inputs.end());
  all.resize(std::max(all.size(), known.size()));
  return op.invoke(all, Arguments(name, op.arguments, std::move(arguments)));
}

std::vector<InputInfo> inputs_of(const OpInfo& op) {
  std::vector<InputInfo> inputs;
  std::string_view rest = op.inputs;
  while (!rest.empty()) {
    std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    InputInfo input{.name = word, .optional = word.starts_with('['), .repeats = word.ends_with("...")};
    if (input.optional) input.name = word.substr(1, word.size() - 2);
    if (input.repeats) input.name.remove_suffix(3);
    inputs.push_back(input);
  }
  return inputs;
}

Arguments::Arguments(std::string_view op, std::span<const ArgumentInfo> known,
                     std::map<std::string, std::string> given)
    : op_(op) {
  for (const ArgumentInfo& argument : known) {
    const auto found = given.find(std::string(argument.name));
    if (found != given.end()) {
      values_.emplace(argument.name, std::move(found->second));
      given.erase(found);
    } else if (argument.fallback == "required") {
      throw IndexError(fmt::format("[{}] --{} is missing ({})", op, argument.name, argument.help));
    } else {
      values_.emplace(argument.name, argument.fallback);
    }
  }
  if (!given.empty()) {
    const std::string& name = given.begin()->first;
    throw IndexError(
        fmt::format("[{}] has no argument --{}{}", op, name,
                    known.empty() ? "" : fmt::format("; did you mean --{}?", nearest(name, known))));
  }
}

const std::string& Arguments::text(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) throw IndexError(fmt::format("[{}] has no argument --{}", op_, name));
  return found->second;
}

std::int64_t Arguments::integer(std::string_view name) const {
  std::int64_t value = 0;
  if (!parse_whole(text(name), value)) bad_value(op_, name, text(name), "an integer");
  return value;
}

double Arguments::real(std::string_view name) const {
  double value = 0;
  if (!parse_whole(text(name), value)) bad_value(op_, name, text(name), "a number");
  return value;
}

Scalar Arguments::number(std::string_view name) const {
  std::int64_t integer = 0;
  if (parse_whole(text(name), integer)) return integer;
  return real(name);
}

bool Arguments::flag(std::string_view name) const {
  const std::string& word = text(name);
  if (word == "true" || word == "1" || word.empty()) return true;
  if (word != "false" && word != "0") bad_value(op_, name, word, "true or false");
  return false;
}

Dims Arguments::dims(std::string_view name) const {
  Dims dims;
  std::string_view rest = text(name);
  while (!rest.empty()) {
    const std::size_t cut = rest.find_first_of(",x");
    std::int64_t value = 0;
    if (!parse_whole(rest.substr(0, cut), value) || cut + 1 == rest.size()) {
      bad_value(op_, name, text(name), "integers such as 3x4 or 3,4");
    }
    dims.push_back(value);
    rest.remove_prefix(cut == std::string_view::npos ? rest.size() : cut + 1);
  }
  return dims;
}

DType Arguments::dtype(std::string_view name) const { return parse_dtype(text(name)); }

}  // namespace tenon
