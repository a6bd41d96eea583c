// tenon op: any op of the op table on .npy files. Arguments and help come from the table.
#include <tenon/error.h>
#include <tenon/format.h>
#include <tenon/io.h>
#include <tenon/op_table.h>
#include <tenon/ops.h>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "backend_options.h"
#include "commands.h"
#include "console.h"
#include "op_help.h"
#include "usage_error.h"

namespace tenon::tool {
namespace {

using Given = std::map<std::string, std::string>;

struct Call {
  std::vector<std::string> files;
  Given arguments;
  std::string out;
  bool json = false;
  BackendOptions backend;
};

std::string_view type_name(ArgumentKind kind) {
  switch (kind) {
    case ArgumentKind::integer:
      return "N";
    case ArgumentKind::real:
      return "X";
    case ArgumentKind::dims:
      return "N,...";
    case ArgumentKind::dtype:
      return "DTYPE";
    default:
      return "TEXT";
  }
}

void add_argument(CLI::App& app, const ArgumentInfo& argument, Given& given) {
  const std::string flag = fmt::format("--{}", argument.name);
  const std::string key(argument.name);
  const auto keep = [&given, key](const std::string& value) { given[key] = value; };
  if (argument.kind == ArgumentKind::flag) {
    const auto keep_flag = [&given, key](std::int64_t count) { given[key] = count > 0 ? "true" : "false"; };
    app.add_flag_function(flag, keep_flag, std::string(argument.help))
        ->check(one_of({"true", "false", "1", "0"}));
    return;
  }
  CLI::Option* option = app.add_option_function<std::string>(flag, keep, std::string(argument.help));
  option->type_name(std::string(type_name(argument.kind)));
  if (argument.fallback == "required") {
    option->required();
  } else {
    option->default_str(std::string(argument.fallback));
  }
}

// Reads every argument as what it is meant to be, so that a mistake in one is a mistake in usage.
void check_values(const OpInfo& op, const Given& given) {
  try {
    const Arguments arguments(op.name, op.arguments, given);
    for (const ArgumentInfo& argument : op.arguments) {
      if (!given.contains(std::string(argument.name))) continue;
      switch (argument.kind) {
        case ArgumentKind::integer:
          static_cast<void>(arguments.integer(argument.name));
          break;
        case ArgumentKind::real:
          static_cast<void>(arguments.real(argument.name));
          break;
        case ArgumentKind::flag:
          static_cast<void>(arguments.flag(argument.name));
          break;
        case ArgumentKind::dims:
          static_cast<void>(arguments.dims(argument.name));
          break;
        case ArgumentKind::dtype:
          static_cast<void>(arguments.dtype(argument.name));
          break;
        case ArgumentKind::text:
          break;
      }
    }
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
}

// "--keepdims" is no argument: lets core say which was meant.
void refuse_unknown(const OpInfo& op, const std::vector<std::string>& extras) {
  for (const std::string& word : extras) {
    if (!word.starts_with("--")) {
      throw UsageError(
          fmt::format("[{}] takes the tensors ({}); '{}' is one too many", op.name, op.inputs, word));
    }
    const std::string name = word.substr(2, word.find('=') - 2);
    check_values(op, {{name, ""}});
  }
}

Call parse_call(const OpInfo& op, std::vector<std::string> words) {
  Call call;
  CLI::App app(std::string(op.formula), fmt::format("tenon op {}", op.name));
  app.set_help_flag("-h,--help", "Print this help and exit");
  for (const InputInfo& input : inputs_of(op)) {
    const auto add_file = [&call](const CLI::results_t& files) {
      call.files.insert(call.files.end(), files.begin(), files.end());
      return true;
    };
    CLI::Option* option = app.add_option(std::string(input.name), add_file, "A .npy file");
    option->type_name("FILE")->required(!input.optional);
    if (input.repeats) option->expected(-1)->take_all();  // one or more
  }
  for (const ArgumentInfo& argument : op.arguments) add_argument(app, argument, call.arguments);
  app.add_option("--out", call.out, "Write the result here instead of printing it")->type_name("FILE.npy");
  app.add_flag("--json", call.json, "Print the result as JSON");
  call.backend.add_to(app);
  app.footer(op_footer(op));
  app.allow_extras();
  parse(app, std::move(words));
  refuse_unknown(op, app.remaining());
  check_values(op, call.arguments);
  return call;
}

// Nested arrays, as Python's tolist().
nlohmann::ordered_json nested(const std::vector<nlohmann::ordered_json>& values, const Shape& shape,
                              std::size_t axis, std::size_t& next) {
  if (axis == shape.size()) return values[next++];
  auto row = nlohmann::ordered_json::array();
  for (std::int64_t i = 0; i < shape[axis]; ++i) row.push_back(nested(values, shape, axis + 1, next));
  return row;
}

template <typename T>
std::vector<nlohmann::ordered_json> json_values(const Tensor& x) {
  const std::vector<T> values = x.to_vector<T>();
  return {values.begin(), values.end()};
}

std::string json_text(const Tensor& x) {
  const auto values = x.dtype() == DType::boolean ? json_values<bool>(x)
                      : is_floating(x.dtype())    ? json_values<double>(x)
                                                  : json_values<std::int64_t>(x);
  std::size_t next = 0;
  return nlohmann::ordered_json{{"dtype", name(x.dtype())},
                                {"shape", std::vector<std::int64_t>(x.shape().begin(), x.shape().end())},
                                {"values", nested(values, x.shape(), 0, next)}}
      .dump();
}

const OpInfo& known_op(const std::string& name) {
  try {
    return find_op(name);
  } catch (const IndexError& error) {
    throw UsageError(fmt::format("{}\n`tenon op --help` lists them", error.what()));
  }
}

}  // namespace

void add_op(CLI::App& app) { app.add_subcommand("op", "Run any op of the table on .npy files"); }

void run_op(std::vector<std::string> words) {
  if (words.empty()) throw UsageError("op: which one?\n`tenon op --help` lists them");
  if (words.front() == "--help" || words.front() == "-h") return print(op_list());
  const OpInfo& op = known_op(words.front());
  words.erase(words.begin());
  const Call call = parse_call(op, std::move(words));
  call.backend.apply();
  std::vector<Tensor> inputs;
  for (const std::string& file : call.files) inputs.push_back(load_npy(file));
  const Tensor result = invoke(op.name, inputs, call.arguments);
  if (!call.out.empty()) return save_npy(call.out, contiguous(result));
  print((call.json ? json_text(result) : to_string(result)) + "\n");
}

}  // namespace tenon::tool
