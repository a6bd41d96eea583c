// The commands of `tenon`. Each adds itself to the command line and leaves what it does in `action`.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <string>
#include <vector>

namespace tenon::tool {

using Action = std::function<void()>;

void add_backends(CLI::App& app, Action& action);
void add_train(CLI::App& app, Action& action);
void add_predict(CLI::App& app, Action& action);
void add_einsum(CLI::App& app, Action& action);

/// `op` has a command line for each op, made from the op table; it parses `words`, those after "op", itself.
void add_op(CLI::App& app);
void run_op(std::vector<std::string> words);

}  // namespace tenon::tool
