#include "console.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "usage_error.h"

namespace tenon::tool {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

void check_output(bool good) {
  if (!good) throw Error(fmt::format("standard output: {}", std::strerror(errno)));
}

}  // namespace

void parse(CLI::App& app, std::vector<std::string> words) {
  std::ranges::reverse(words);  // CLI11 takes them from the back
  try {
    app.parse(std::move(words));
  } catch (const CLI::Success& success) {  // help or version
    app.exit(success);
    flush_output();
    throw HelpShown{};
  } catch (const CLI::ParseError& error) {
    std::string command = app.get_name();
    for (const CLI::App* chosen : app.get_subcommands()) command += " " + chosen->get_name();
    throw UsageError(fmt::format("{}\ntry `{} --help`", error.what(), command));
  }
}

CLI::Validator between(std::int64_t low, std::int64_t high) {
  return {[low, high](std::string& text) {
            std::int64_t value = 0;
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
            if (error != std::errc() || end != text.data() + text.size() || value < low || value > high) {
              return fmt::format("{} is no integer from {} to {}", text, low, high);
            }
            text = std::to_string(value);
            return std::string();
          },
          ""};
}

CLI::Validator one_of(std::vector<std::string> words) {
  return CLI::IsMember(std::move(words)).description("");
}

void print(std::string_view text) {
  check_output(std::fwrite(text.data(), 1, text.size(), stdout) == text.size());
}

void print_line(std::string_view text) {
  print(fmt::format("{}\n", text));
  flush_output();
}

void flush_output() { check_output(std::fflush(stdout) == 0 && std::ferror(stdout) == 0); }

void print_error(std::string_view message) {
  const std::string line = fmt::format("tenon: {}\n", message);
  std::fwrite(line.data(), 1, line.size(), stderr);
}

bool is_terminal(std::FILE* stream) { return isatty(fileno(stream)) != 0 && variable("TERM") != "dumb"; }

bool is_colourful(std::FILE* stream) { return is_terminal(stream) && variable("NO_COLOR").empty(); }

std::size_t columns(std::FILE* stream) {
  winsize size{};
  return ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace tenon::tool
