// One object for each thread, for ops that run in the destructors of static and thread_local objects, too.
#pragma once

#include <utility>

namespace tenon::onednn {

/// The calling thread's own T of this Tag. It goes with the thread's objects; an op after that makes another, which
/// stays.
template <typename Tag, typename T, typename Make>
T& thread_owned(Make&& make) {
  thread_local T* object = nullptr;  // itself without a destructor, so it can be read to the very end
  struct Owner {
    ~Owner() { delete std::exchange(object, nullptr); }
    void arm() {}
  };
  thread_local Owner owner;
  if (object == nullptr) {
    owner.arm();
    object = new T(make());
  }
  return *object;
}

}  // namespace tenon::onednn
