// tenon: lists backends, trains a classifier, predicts with it, explains einsum, and runs single ops from the
// shell.
//
// Exit codes: 0 done, 1 failed at its work, 2 wrong usage or selection.
#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "commands.h"
#include "console.h"
#include "usage_error.h"

namespace tenon::tool {
namespace {

enum ExitCode : int { kDone = 0, kFailed = 1, kUsage = 2 };

void run(std::vector<std::string> words) {
  if (!words.empty() && words.front() == "op") {
    words.erase(words.begin());
    return run_op(std::move(words));
  }
  CLI::App app("Tensors whose kernels all live in plugins.", "tenon");
  app.set_version_flag("--version", "tenon " TENON_VERSION, "Print the version and exit");
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.require_subcommand(1);
  app.failure_message(CLI::FailureMessage::simple);
  app.option_defaults()->take_last();  // a later --seed overrides an earlier one
  Action action;
  add_backends(app, action);
  add_train(app, action);
  add_predict(app, action);
  add_einsum(app, action);
  add_op(app);
  const bool named = !words.empty() && !words.front().starts_with("-");
  if (named &&
      app.get_subcommands([&](CLI::App* command) { return command->check_name(words.front()); }).empty()) {
    throw UsageError("no command is called '" + words.front() + "'\ntry `tenon --help`");
  }
  app.footer(
      "\nTENON_BACKEND chooses backends where --backend does not; TENON_PLUGIN_PATH adds directories of "
      "plugins;\n"
      "TENON_NUM_THREADS, TENON_FALLBACK=allow|warn|error and TENON_DEBUG=1..4 do what they say.\n"
      "`tenon COMMAND --help` explains a command. Start with `tenon train`.");
  parse(app, std::move(words));
  action();
}

}  // namespace
}  // namespace tenon::tool

int main(int argc, char** argv) {
  using namespace tenon::tool;
  std::signal(SIGPIPE, SIG_DFL);  // `tenon ... | head` ends quietly, whatever the parent process ignores
  // Waiting threads soon sleep: on a machine with other work, ones that spin for long, as libgomp's do by
  // default, make small kernels a hundred times slower; on an idle one this costs nothing that could be
  // measured.
  if (std::getenv("OMP_WAIT_POLICY") == nullptr) setenv("GOMP_SPINCOUNT", "20000", 0);
  try {
    run({argv + 1, argv + argc});
    flush_output();
    return kDone;
  } catch (const HelpShown&) {
    return kDone;
  } catch (const UsageError& error) {
    print_error(error.what());
    return kUsage;
  } catch (const std::exception& error) {
    print_error(error.what());
    return kFailed;
  }
}
