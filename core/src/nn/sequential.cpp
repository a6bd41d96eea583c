#include <tenon/nn/sequential.h>

#include <tenon/error.h>

#include <fmt/format.h>

namespace tenon::nn {

Sequential::Sequential(const std::vector<std::pair<std::string, std::shared_ptr<Module>>>& layers) {
  for (const auto& [name, layer] : layers) add(name, layer);
}

Sequential& Sequential::add(std::shared_ptr<Module> layer) {
  return add(std::to_string(layers_.size()), std::move(layer));
}

Sequential& Sequential::add(std::string_view name, std::shared_ptr<Module> layer) {
  layers_.push_back(register_module(name, std::move(layer)));
  return *this;
}

Module& Sequential::operator[](std::int64_t i) const {
  const auto count = static_cast<std::int64_t>(layers_.size());
  if (i < -count || i >= count) {
    throw IndexError(fmt::format("[Sequential] there is no layer {} among {}", i, count));
  }
  return *layers_[static_cast<std::size_t>(i < 0 ? i + count : i)];
}

Tensor Sequential::forward(const Tensor& x) {
  Tensor y = x;
  for (const auto& layer : layers_) y = (*layer)(y);
  return y;
}

}  // namespace tenon::nn
