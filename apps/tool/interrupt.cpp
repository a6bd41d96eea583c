#include "interrupt.h"

#include <csignal>

namespace tenon::tool {
namespace {

volatile std::sig_atomic_t noted_signal = 0;

void watch(int signal, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
  sigemptyset(&action.sa_mask);
  sigaction(signal, &action, nullptr);
}

void note(int signal) { noted_signal = signal; }

}  // namespace

InterruptWatch::InterruptWatch() {
  watch(SIGINT, note);
  watch(SIGTERM, note);
}

InterruptWatch::~InterruptWatch() {
  watch(SIGINT, SIG_DFL);
  watch(SIGTERM, SIG_DFL);
}

bool InterruptWatch::interrupted() { return noted_signal != 0; }

void InterruptWatch::end_process() {
  const int signal = noted_signal;
  if (signal == 0) return;
  watch(signal, SIG_DFL);
  static_cast<void>(std::raise(signal));
}

}  // namespace tenon::tool
