// Runs call frames against a plugin and keeps the score.
#pragma once

#include <tenon/plugin/abi.h>

#include <cstdint>
#include <string>
#include <vector>

#include "device_operands.h"
#include "judge.h"
#include "operand.h"
#include "plugin_under_test.h"

namespace tenon::conformance {

/// One call to be judged. Looks at its operands and attributes; an operand that is input and output at once
/// asks for in-place work.
struct Trial {
  std::uint32_t op = 0;
  std::string name;  ///< op and member, for reports
  std::vector<Operand*> inputs;
  Operand* output = nullptr;
  const void* attributes = nullptr;
};

/// Judges calls of one plugin. Around each call it checks: supports() agrees with run(), without data
/// pointers too; UNSUPPORTED leaves the output as it was; inputs stay unchanged; no byte outside of the
/// output's elements is written; a second run gives the same bytes; the floating-point environment comes
/// back; host memory is given back correctly. Not thread-safe: one grader a thread, then absorb().
class Grader {
 public:
  explicit Grader(const PluginUnderTest& plugin) : plugin_(&plugin) {}

  [[nodiscard]] const PluginUnderTest& plugin() const { return *plugin_; }

  /// Runs the call and judges element i of the output, in row-major order, by expected[i].
  void grade(const Trial& trial, const std::vector<Expected>& expected);

  /// Runs a call whose data is wrong: TENON_INVALID with a message, and an untouched output.
  void grade_invalid(const Trial& trial);

  /// Runs a call that no plugin of this version can know: UNSUPPORTED, supports() = 0, an untouched output.
  void grade_unknown(const tenon_call& call, const std::string& name, const std::vector<Operand*>& inputs,
                     Operand& output);

  /// Records a failure that the case found by itself.
  void fail(const std::string& text);
  /// Records a finding over `elements` elements: a failure if `text` is not empty.
  void verdict(std::int64_t elements, const std::string& text);

  /// Adds another grader's score to this one.
  void absorb(const Grader& other);

  /// Whether anything was judged, and nothing failed, and (unless `zeros_expected`) a zero would have been
  /// right for at most half of all elements.
  [[nodiscard]] bool passed(bool zeros_expected) const;
  [[nodiscard]] std::string report(bool zeros_expected) const;

  [[nodiscard]] std::int64_t calls() const { return calls_; }
  [[nodiscard]] std::int64_t unsupported() const { return unsupported_; }
  [[nodiscard]] std::int64_t elements() const { return elements_; }
  [[nodiscard]] std::int64_t failures() const { return failures_; }
  [[nodiscard]] const std::vector<std::string>& messages() const { return messages_; }

 private:
  enum class Ran : std::uint8_t { ok, no };
  Ran run_watched(const Trial& trial, PlacedCall& placed);
  void judge(const Trial& trial, const std::vector<Expected>& expected);
  void fail(const Trial& trial, const std::string& text);

  const PluginUnderTest* plugin_;
  std::int64_t calls_ = 0;
  std::int64_t unsupported_ = 0;
  std::int64_t elements_ = 0;
  std::int64_t zero_would_pass_ = 0;
  std::int64_t failures_ = 0;
  std::vector<std::string> messages_;  // the first few
};

}  // namespace tenon::conformance
