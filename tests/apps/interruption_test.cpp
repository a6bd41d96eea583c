// Signals at any moment leave a whole file or none.
#include <gtest/gtest.h>

#include <tenon/io.h>

#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <filesystem>

#include "image_folder.h"
#include "process.h"

namespace tenon::test {
namespace {

class Interruption : public testing::Test {
 protected:
  Interruption() { write_image_folder(folder_.path()); }

  // Trains for ever, saving after each epoch, until the file is there and the signal has come.
  int train_until(int signal, useconds_t delay) const {
    const pid_t process = start_tenon({"train", "--data", folder_.path(), "--hidden", "512", "--epochs",
                                       "1000000", "--backend", "blas", "--save", model_});
    while (!std::filesystem::exists(model_) && waitpid(process, nullptr, WNOHANG) == 0) usleep(1000);
    usleep(delay);
    kill(process, signal);
    int status = 0;
    waitpid(process, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }

  void expect_whole_model() const {
    const SafetensorsFile file = load_safetensors(model_);
    EXPECT_EQ(file.tensors.size(), 4U);
    EXPECT_EQ(file.metadata.at("hidden"), "512");
  }

  TemporaryFolder folder_;
  std::string model_ = folder_ / "model.safetensors";
};

TEST_F(Interruption, AKillDuringSavingLeavesAWholeFile) {
  for (useconds_t i = 0; i < 20; ++i) {
    EXPECT_EQ(train_until(SIGKILL, 1237 * i), SIGKILL);
    expect_whole_model();
  }
}

TEST_F(Interruption, CtrlCSavesAndEndsByTheSignal) {
  for (const int signal : {SIGINT, SIGTERM}) {
    std::filesystem::remove(model_);
    EXPECT_EQ(train_until(signal, 5000), signal);
    expect_whole_model();
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      EXPECT_FALSE(entry.path().string().ends_with(".tmp")) << entry.path();
    }
  }
}

}  // namespace
}  // namespace tenon::test
