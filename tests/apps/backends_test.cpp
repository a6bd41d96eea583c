#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "process.h"

namespace tenon::test {
namespace {

const nlohmann::json* find_backend(const nlohmann::json& backends, const std::string& name) {
  for (const auto& backend : backends) {
    if (backend.at("name") == name) return &backend;
  }
  return nullptr;
}

TEST(Backends, JsonIsAnArrayOfExactlyTheseKeys) {
  const Finished listed = tenon({"backends", "--json"});
  ASSERT_EQ(listed.status, 0) << listed.err;
  const auto backends = nlohmann::json::parse(listed.out);
  ASSERT_TRUE(backends.is_array());
  const std::set<std::string> keys = {"name", "path", "available", "reason", "version", "library", "score"};
  for (const auto& backend : backends) {
    std::set<std::string> found;
    for (const auto& [key, value] : backend.items()) found.insert(key);
    EXPECT_EQ(found, keys);
    EXPECT_TRUE(std::filesystem::path(backend.at("path").get<std::string>()).is_absolute());
  }
  for (const char* name : {"naive", "blas"}) {
    const auto* backend = find_backend(backends, name);
    ASSERT_NE(backend, nullptr) << name;
    EXPECT_TRUE(backend->at("available").get<bool>());
    EXPECT_GT(backend->at("score").get<int>(), 0);
    EXPECT_EQ(backend->at("reason"), "");
  }
  EXPECT_GT(find_backend(backends, "blas")->at("score"), find_backend(backends, "naive")->at("score"));
  EXPECT_NE(find_backend(backends, "blas")->at("library"), "");
}

TEST(Backends, ABrokenPluginIsListedWithItsReason) {
  const TemporaryFolder folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms::owner_all);
  std::ofstream(folder / "tenon-backend-broken.so") << "no ELF file";
  const ProcessOptions options{.environment = {{"TENON_PLUGIN_PATH", folder.path()}}};
  const Finished listed = tenon({"backends", "--json"}, options);
  ASSERT_EQ(listed.status, 0) << listed.err;
  const auto backends = nlohmann::json::parse(listed.out);
  const auto* broken = find_backend(backends, "broken");
  ASSERT_NE(broken, nullptr);
  EXPECT_FALSE(broken->at("available").get<bool>());
  EXPECT_NE(broken->at("reason"), "");
  const Finished table = tenon({"backends"}, options);
  EXPECT_EQ(table.status, 0);
  EXPECT_NE(table.out.find("unavailable: "), std::string::npos) << table.out;
}

TEST(Backends, ABlasLibraryThatCannotBeUsedIsNotReplacedSilently) {
  const Finished finished = tenon({"op", "eye", "--rows", "2", "--backend", "blas"},
                                  {.environment = {{"TENON_BLAS_LIBRARY", "/nope/libblas.so"}}});
  EXPECT_EQ(finished.status, 2);
  EXPECT_NE(finished.err.find("[blas] not available: TENON_BLAS_LIBRARY: /nope/libblas.so"),
            std::string::npos)
      << finished.err;
}

TEST(Backends, TheTableHasNoColourInAPipeAndMarksTheChoice) {
  const Finished table = tenon({"backends"}, {.environment = {{"TENON_BACKEND", "naive"}}});
  EXPECT_EQ(table.status, 0);
  EXPECT_EQ(table.out.find('\x1b'), std::string::npos);
  EXPECT_NE(table.out.find("\n*  naive"), std::string::npos) << table.out;
}

TEST(Backends, AnImpossibleChoiceDoesNotStopTheList) {
  const Finished table = tenon({"backends"}, {.environment = {{"TENON_BACKEND", "nonsense"}}});
  EXPECT_EQ(table.status, 0) << table.err;
  EXPECT_NE(table.out.find("naive"), std::string::npos);
}

TEST(Backends, CoverageNamesEveryOpOnEachBackend) {
  const Finished listed = tenon({"backends", "--coverage", "--json"});
  ASSERT_EQ(listed.status, 0) << listed.err;
  const auto rows = nlohmann::json::parse(listed.out);
  const auto matmul = std::ranges::find_if(rows, [](const auto& row) { return row.at("op") == "matmul"; });
  ASSERT_NE(matmul, rows.end());
  for (const char* name : {"naive", "blas"}) {
    const auto& dtypes = matmul->at("backends").at(name).at("native");
    EXPECT_NE(std::ranges::find(dtypes, "float32"), dtypes.end()) << name;
    EXPECT_EQ(std::ranges::find(dtypes, "bool"), dtypes.end()) << name;
  }
  const Finished table = tenon({"backends", "--coverage"});
  EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(table.out, '\n')), rows.size() + 5);
}

}  // namespace
}  // namespace tenon::test
