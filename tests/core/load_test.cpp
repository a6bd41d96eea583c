// A process that was started without libtenon and loads it later, as an interpreter does.
#include <dlfcn.h>
#include <gtest/gtest.h>

namespace {

TEST(Load, LibtenonFitsIntoWhatIsLeftOfThreadLocalStorage) {
  void* library = dlopen(TENON_TEST_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  EXPECT_NE(library, nullptr) << dlerror();
}

}  // namespace
