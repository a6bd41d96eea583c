#pragma once

#include <tenon/nn/module.h>

#include <concepts>

namespace tenon::nn {

/// Layers one after the other, named "0", "1", ... or as given.
///
///   auto model = std::make_shared<nn::Sequential>(std::make_shared<nn::Flatten>(),
///                                                 std::make_shared<nn::Linear>(784, 10));
class TENON_API Sequential : public Module {
 public:
  template <std::derived_from<Module>... Layers>
  explicit Sequential(std::shared_ptr<Layers>... layers) {
    (add(std::move(layers)), ...);
  }
  explicit Sequential(const std::vector<std::pair<std::string, std::shared_ptr<Module>>>& layers);

  /// Appends a layer under its position as name, or under `name`. Throws Error as register_module() does.
  Sequential& add(std::shared_ptr<Module> layer);
  Sequential& add(std::string_view name, std::shared_ptr<Module> layer);

  [[nodiscard]] std::size_t size() const { return layers_.size(); }
  /// The layer at a position; negative ones count from the end. Throws IndexError.
  [[nodiscard]] Module& operator[](std::int64_t i) const;

 protected:
  Tensor forward(const Tensor& x) override;

 private:
  std::vector<std::shared_ptr<Module>> layers_;
};

}  // namespace tenon::nn
