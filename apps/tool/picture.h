#pragma once

#include <tenon/tensor.h>

#include <cstdio>
#include <string>

namespace tenon::tool {

/// A uint8 image [H, W] as lines of text for `stream`: half blocks in grey where it shows colour, else a ramp
/// of ASCII characters. An image wider than the terminal, or than 64 columns, is averaged down.
std::string picture(const Tensor& image, std::FILE* stream);

}  // namespace tenon::tool
