// Reading the small text headers of binary files, strictly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace tenon::io {

/// A position in a text. All failures are FileErrors that name the file, the current field and the position.
/// The text must outlive the cursor.
class TextCursor {
 public:
  TextCursor(std::string_view path, std::string_view text) : path_(path), text_(text) {}

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::string& field() const { return field_; }
  /// What the following characters belong to; stands in messages.
  void set_field(std::string field) { field_ = std::move(field); }
  /// The characters that are left.
  [[nodiscard]] std::string_view rest() const { return text_.substr(position_); }
  void advance(std::size_t count) { position_ += count; }

  /// All of these first pass over white space. Whether `token` comes next; if so it is passed over.
  bool accept(std::string_view token);
  /// accept() or fail.
  void expect(std::string_view token);
  /// Decimal digits without sign, leading zeros, fraction or exponent, at most 2^63 - 1.
  std::int64_t natural();
  /// Whether only white space is left.
  bool at_end();

  [[noreturn]] void fail(std::string_view message) const;

 private:
  void pass_white_space();

  std::string path_;
  std::string_view text_;
  std::string field_ = "header";
  std::size_t position_ = 0;
};

}  // namespace tenon::io
