#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tenon::test {

/// Writes a plain IDX file of bytes.
void write_idx(const std::string& path, const std::vector<std::uint32_t>& extents,
               const std::vector<std::uint8_t>& bytes);

/// Fills a folder with MNIST's four files: 320 training and 80 test images of 6x6 in 3 classes that differ in
/// which rows are bright, with seeded noise; easy to learn.
void write_image_folder(const std::string& folder);

}  // namespace tenon::test
