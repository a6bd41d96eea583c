// The table that a Module prints of itself.
#include <tenon/autograd.h>
#include <tenon/creation.h>
#include <tenon/nn/module.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "module_trace.h"

namespace tenon::nn {
namespace {

enum Column : std::size_t { kName, kType, kOutput, kParameters, kBackend, kColumns };
using Row = std::array<std::string, kColumns>;

// 39760 as "39,760".
std::string grouped(std::int64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

std::string bytes_text(std::size_t bytes) {
  static constexpr std::array<std::string_view, 4> kUnits = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return fmt::format("{} bytes", bytes);
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string described(const Module& module) {
  const std::string extra = module.extra();
  return extra.empty() ? module.type_name() : fmt::format("{}({})", module.type_name(), extra);
}

std::int64_t count_of(const StateDict& tensors) {
  std::int64_t count = 0;
  for (const auto& [name, tensor] : tensors) count += tensor.size();
  return count;
}

std::string table(const std::vector<Row>& rows) {
  std::array<std::size_t, kColumns> widths{};
  for (const Row& row : rows) {
    for (std::size_t c = 0; c < kColumns; ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < kColumns; ++c) {
      if (widths[c] == 0) continue;
      const auto* const gap = line.empty() && c == kName ? "" : "  ";
      line += c == kParameters ? fmt::format("{}{:>{}}", gap, row[c], widths[c])
                               : fmt::format("{}{:<{}}", gap, row[c], widths[c]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string summary_of(const Module& root, const ModuleTrace* trace) {
  std::vector<Row> rows = {{"Name", "Type", trace == nullptr ? "" : "Output", "Parameters", "Backend"}};
  const auto modules = root.named_modules();
  const bool chosen = std::ranges::any_of(
      modules, [](const auto& entry) { return !entry.second->backend().names().empty(); });
  if (!chosen) rows[0][kBackend].clear();
  for (const auto& [name, module] : modules) {
    const Shape* output = trace == nullptr ? nullptr : trace->output_shape(*module);
    const std::int64_t own = count_of(module->named_parameters(false));
    rows.push_back({name.empty() ? "(all)" : name, described(*module),
                    output == nullptr ? "" : to_string(*output), own == 0 ? "" : grouped(own),
                    module->backend().names()});
  }
  StateDict trainable = root.named_parameters();
  std::size_t bytes = 0;
  for (const auto& [name, tensor] : trainable) {
    bytes += static_cast<std::size_t>(tensor.size()) * item_size(tensor.dtype());
  }
  const std::int64_t all = count_of(trainable);
  std::erase_if(trainable, [](const auto& named) { return !named.second.requires_grad(); });
  const StateDict buffers = root.named_buffers();
  std::string text = table(rows);
  text += fmt::format("{} parameters ({}), {} of them trainable", grouped(all), bytes_text(bytes),
                      grouped(count_of(trainable)));
  if (!buffers.empty()) text += fmt::format("; {} elements in buffers", grouped(count_of(buffers)));
  return text + "\n";
}

}  // namespace

std::string Module::summary() const { return summary_of(*this, nullptr); }

std::string Module::summary(const Shape& input, DType dtype) {
  // A local class may write training_; train() would spread to children that are in another mode.
  struct Evaluation {
    explicit Evaluation(Module& root) {
      for (const auto& [name, module] : root.named_modules()) {
        modes.emplace_back(module, module->training_);
        module->training_ = false;
      }
    }
    ~Evaluation() {
      for (const auto& [module, training] : modes) module->training_ = training;
    }
    Evaluation(const Evaluation&) = delete;
    Evaluation& operator=(const Evaluation&) = delete;

    std::vector<std::pair<Module*, bool>> modes;
  };
  ModuleTrace trace;
  const NoGrad no_grad;
  const Evaluation evaluation(*this);
  (*this)(zeros(input, dtype));
  return summary_of(*this, &trace);
}

}  // namespace tenon::nn
