#include "plugin_fixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <mutex>
#include <span>
#include <stdexcept>
#include <utility>

namespace tenon::plugin {

namespace fs = std::filesystem;

namespace {

std::mutex log_mutex;
std::vector<std::string> log_lines;

void log_line(std::int32_t, const char* message) {
  const std::lock_guard lock(log_mutex);
  log_lines.emplace_back(message);
}

}  // namespace

fs::path test_module(const std::string& name) {
  return fs::path(TENON_TEST_MODULES) / ("tenon-backend-" + name + ".so");
}

std::string read_bytes(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_bytes(const fs::path& path, std::string_view bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path.string());
  fs::permissions(path, fs::perms(0755));
}

PluginDirectory::PluginDirectory() {
  std::string name = (fs::temp_directory_path() / "tenon-plugins-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
  path_ = fs::canonical(name);
  fs::permissions(path_, fs::perms(0755));
}

PluginDirectory::~PluginDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path PluginDirectory::file(const std::string& name) const {
  return path_ / ("tenon-backend-" + name + ".so");
}

fs::path PluginDirectory::add(const std::string& name, const std::string& module) const {
  write_bytes(file(name), read_bytes(test_module(module)));
  return file(name);
}

std::vector<Candidate> PluginDirectory::scan() const { return plugin::scan(std::span(&path_, 1)); }

Candidate PluginDirectory::candidate(const fs::path& file) const {
  std::vector<Candidate> all = scan();
  std::erase_if(all, [&](const Candidate& each) { return each.path != file; });
  if (all.size() != 1) throw std::runtime_error(file.string() + " is not listed exactly once");
  return all.front();
}

std::size_t passport_offset(std::string_view bytes) {
  constexpr std::uint32_t start[2] = {sizeof(tenon_passport), TENON_PASSPORT_MAGIC};
  const std::size_t at = bytes.find(std::string_view(reinterpret_cast<const char*>(start), sizeof start));
  if (at == std::string_view::npos) throw std::runtime_error("no passport to patch");
  return at;
}

void patch_passport(const fs::path& path, const std::function<void(tenon_passport&)>& patch) {
  std::string bytes = read_bytes(path);
  const std::size_t at = passport_offset(bytes);
  tenon_passport passport;
  std::memcpy(&passport, bytes.data() + at, sizeof passport);
  patch(passport);
  std::memcpy(bytes.data() + at, &passport, sizeof passport);
  write_bytes(path, bytes);
}

const tenon_host& test_services() {
  static const tenon_host services = {
      sizeof(tenon_host),
      TENON_ABI_MAJOR,
      TENON_ABI_MINOR,
      log_line,
      set_error,
      [] { return std::int32_t{1}; },
      [](std::size_t bytes) { return std::malloc(bytes); },
      [](void* memory, std::size_t) { std::free(memory); },
  };
  return services;
}

std::vector<std::string> take_log() {
  const std::lock_guard lock(log_mutex);
  return std::exchange(log_lines, {});
}

Running::Running(const Candidate& candidate, const tenon_host& services) {
  Opened opened = open(candidate, services);
  if (opened.plugin == nullptr) throw std::runtime_error(opened.reason);
  plugin_ = std::move(opened.plugin);
}

Running::~Running() { plugin_->table().destroy(plugin_->instance()); }

tenon_status Running::unary(std::uint32_t member, std::vector<float>& x, std::vector<float>& out) const {
  auto extent = static_cast<std::int64_t>(x.size());
  std::int64_t stride = 1;
  const auto view = [&](std::vector<float>& data) {
    return DLTensor{data.data(), {kDLCPU, 0}, 1, {kDLFloat, 32, 1}, &extent, &stride, 0};
  };
  const DLTensor input = view(x);
  const DLTensor output = view(out);
  const tenon_member_attributes attributes = {sizeof attributes, member};
  const tenon_call call = {sizeof call, TENON_OP_UNARY, 1, 1, &input, &output, &attributes, nullptr};
  return plugin_->table().run(plugin_->instance(), &call);
}

void expect_negates(const Running& running) {
  std::vector<float> x = {1.5F, -2.0F, 0.25F};
  std::vector<float> out(3, 0.0F);
  EXPECT_EQ(running.unary(TENON_UNARY_NEG, x, out), TENON_OK);
  EXPECT_EQ(out, (std::vector<float>{-1.5F, 2.0F, -0.25F}));
}

void expect_reason(const std::string& reason, const fs::path& path, const std::string& what) {
  EXPECT_TRUE(reason.starts_with(path.string() + ": ")) << reason;
  EXPECT_NE(reason.find(what), std::string::npos) << "'" << what << "' is not in: " << reason;
  const std::size_t fix = reason.rfind("; ");
  EXPECT_TRUE(fix != std::string::npos && fix + 2 < reason.size()) << "no fix in: " << reason;
  EXPECT_TRUE(std::none_of(reason.begin(), reason.end(), [](unsigned char c) { return c < 0x20; })) << reason;
}

}  // namespace tenon::plugin
