#include "process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <sstream>
#include <stdexcept>

extern char** environ;

namespace tenon::test {
namespace {

std::vector<std::string> environment_of(const ProcessOptions& options) {
  std::map<std::string, std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos) variables[text.substr(0, equals)] = text.substr(equals + 1);
  }
  std::erase_if(variables, [](const auto& variable) {
    return variable.first.starts_with("TENON_") || variable.first == "NO_COLOR" ||
           variable.first == "COLORTERM";
  });
  variables["TERM"] = "xterm-256color";
  variables["TENON_NUM_THREADS"] = std::to_string(1);
  for (const auto& [name, value] : options.environment) variables[name] = value;
  std::vector<std::string> texts;
  for (const auto& [name, value] : variables) texts.push_back(std::string(name).append("=").append(value));
  return texts;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

// A program with its arguments and environment, made ready before the fork.
class Program {
 public:
  Program(std::vector<std::string> words, const ProcessOptions& options)
      : words_(std::move(words)), variables_(environment_of(options)) {}
  [[noreturn]] void become() {
    execve(arguments_[0], arguments_.data(), environment_.data());
    _exit(127);
  }

 private:
  std::vector<std::string> words_;
  std::vector<std::string> variables_;
  std::vector<char*> arguments_ = pointers(words_);
  std::vector<char*> environment_ = pointers(variables_);
};

// Reads both until both are at their end; a terminal ends with EIO.
void read_all(std::array<int, 2> sources, std::array<std::string*, 2> texts) {
  std::array<pollfd, 2> polled = {pollfd{sources[0], POLLIN, 0}, pollfd{sources[1], POLLIN, 0}};
  while (polled[0].fd >= 0 || polled[1].fd >= 0) {
    poll(polled.data(), polled.size(), -1);
    for (std::size_t i = 0; i < 2; ++i) {
      if (polled[i].fd < 0 || polled[i].revents == 0) continue;
      std::array<char, 65536> buffer{};
      const ssize_t count = read(polled[i].fd, buffer.data(), buffer.size());
      if (count > 0) {
        texts[i]->append(buffer.data(), static_cast<std::size_t>(count));
      } else {
        close(polled[i].fd);
        polled[i].fd = -1;
      }
    }
  }
}

int wait_for(pid_t process) {
  int status = 0;
  waitpid(process, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Finished run_in_terminal(Program& program) {
  Finished finished;
  int master = -1;
  winsize size{24, 120, 0, 0};
  const pid_t process = forkpty(&master, nullptr, nullptr, &size);
  if (process < 0) throw std::runtime_error("no pseudo-terminal could be opened");
  if (process == 0) program.become();
  std::string nothing;
  read_all({master, -1}, {&finished.out, &nothing});
  finished.status = wait_for(process);
  return finished;
}

}  // namespace

bool has_terminals() {
  const int master = posix_openpt(O_RDWR | O_NOCTTY);
  if (master < 0) return false;
  close(master);
  return true;
}

Finished run_program(const std::vector<std::string>& words, const ProcessOptions& options) {
  Program program(words, options);
  if (options.terminal) return run_in_terminal(program);
  std::array<int, 2> out{};
  std::array<int, 2> err{};
  if (pipe2(out.data(), O_CLOEXEC) != 0 || pipe2(err.data(), O_CLOEXEC) != 0)
    throw std::runtime_error("pipe2");
  const pid_t process = fork();
  if (process == 0) {
    const int file = options.standard_output.empty() ? -1 : open(options.standard_output.c_str(), O_WRONLY);
    dup2(file >= 0 ? file : out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    program.become();
  }
  close(out[1]);
  close(err[1]);
  Finished finished;
  read_all({out[0], err[0]}, {&finished.out, &finished.err});
  finished.status = wait_for(process);
  return finished;
}

Finished tenon(std::vector<std::string> arguments, const ProcessOptions& options) {
  arguments.insert(arguments.begin(), TENON_TEST_TOOL);
  return run_program(arguments, options);
}

pid_t start_tenon(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), TENON_TEST_TOOL);
  Program program(std::move(arguments), {});
  const pid_t process = fork();
  if (process == 0) {
    const int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDOUT_FILENO);
    dup2(nowhere, STDERR_FILENO);
    program.become();
  }
  return process;
}

std::vector<nlohmann::json> json_lines(const std::string& text) {
  std::vector<nlohmann::json> objects;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    objects.push_back(nlohmann::json::parse(line, nullptr, false));
    EXPECT_TRUE(objects.back().is_object()) << line;
  }
  return objects;
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "tenon-apps-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace tenon::test
