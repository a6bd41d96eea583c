// Ops where a process ends or begins.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <tenon/backend.h>
#include <tenon/creation.h>
#include <tenon/device.h>
#include <tenon/error.h>
#include <tenon/ops.h>
#include <tenon/views.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "../conformance/backends_under_test.h"

namespace tenon {
namespace {

class Process : public test::OnEachBackend {};
INSTANTIATE_TEST_SUITE_P(Backends, Process, testing::ValuesIn(test::built_backends()),
                         test::backend_test_name);

float product_of_ones(std::int64_t n) {
  const Tensor x = ones({n, n});
  return max(matmul(x, transpose(contiguous(transpose(x))))).item<float>();
}

struct WorksAtItsEnd {
  ~WorksAtItsEnd() {
    const use_backend scope(backend);
    std::fprintf(stderr, "a product of %g\n", static_cast<double>(product_of_ones(64)));
  }
  std::string backend;
};

// The main thread's own objects are gone by then.
TEST_P(Process, OpsRunInTheDestructorsOfStaticObjects) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        static const WorksAtItsEnd late{GetParam()};
        (void)product_of_ones(64);
        std::exit(0);
      },
      testing::ExitedWithCode(0), "a product of 64");
}

// OpenMP's threads and a device's do not come along.
TEST_P(Process, AForkedChildWorksOrSaysWhyNot) {
  ASSERT_EQ(product_of_ones(300), 300);
  const bool has_device = !current_device().is_host();
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    try {
      _exit(product_of_ones(300) == 300 ? 1 : 2);
    } catch (const BackendError& error) {
      _exit(std::string(error.what()).find("fork") != std::string::npos ? 3 : 4);
    }
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), has_device ? 3 : 1);
  EXPECT_EQ(product_of_ones(300), 300);
}

}  // namespace
}  // namespace tenon
