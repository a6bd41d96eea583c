// What a forward pass went through, for summary().
#pragma once

#include <tenon/nn/module.h>

#include <map>

namespace tenon::nn {

/// While it lives, remembers the shape of what each Module that is called on this thread returns.
class ModuleTrace {
 public:
  ModuleTrace() : outer_(current_) { current_ = this; }
  ~ModuleTrace() { current_ = outer_; }
  ModuleTrace(const ModuleTrace&) = delete;
  ModuleTrace& operator=(const ModuleTrace&) = delete;

  static void note(const Module& module, const Tensor& output) {
    if (current_ != nullptr) current_->shapes_[&module] = output.shape();
  }
  /// Null if the Module was not called.
  [[nodiscard]] const Shape* output_shape(const Module& module) const {
    const auto found = shapes_.find(&module);
    return found == shapes_.end() ? nullptr : &found->second;
  }

 private:
  static inline thread_local ModuleTrace* current_ = nullptr;

  ModuleTrace* outer_;
  std::map<const Module*, Shape> shapes_;
};

}  // namespace tenon::nn
