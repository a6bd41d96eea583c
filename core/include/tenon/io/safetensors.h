// Named tensors in one file: https://github.com/huggingface/safetensors.
#pragma once

#include <tenon/export.h>
#include <tenon/tensor.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace tenon {

/// In the order in which they are to be kept.
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;
using Metadata = std::map<std::string, std::string>;

/// What a safetensors file holds.
struct SafetensorsFile {
  NamedTensors tensors;  ///< in the order of the file's header
  Metadata metadata;     ///< "__metadata__"
};

/// Reads F32, F64, BF16, I32, I64, U8 and BOOL. The tensors own their memory. Strict: throws FileError,
/// naming file and field, on a header that is not exactly what the format allows (duplicate or unknown keys,
/// wrong types, numbers beyond int64, invalid UTF-8, NUL in a name) and on byte ranges that overlap, leave
/// holes, differ from dtype and shape, or do not end with the file. Allocates no more than the file's size
/// and 64 MiB, and so refuses more than 32768 tensors, or 16 MiB of names and metadata. The tensors lie on the
/// host, from where load_state_dict() takes each to its parameter.
TENON_API SafetensorsFile load_safetensors(const std::string& path);

/// Writes `tensors` (names unique, valid UTF-8, without NUL, not "__metadata__") so that each begins at a
/// multiple of its element size. Throws FileError naming the tensor otherwise, or where the file cannot be
/// written.
///
/// Atomic: the bytes go to a new file in the same directory, which is synced and renamed over `path`; a
/// failure or a kill at any time leaves the old file whole (a kill may leave a ".tenon-<random>.tmp" behind).
/// A symbolic link is followed, and what it leads to is replaced. An existing file's permissions are kept.
TENON_API void save_safetensors(const std::string& path, const NamedTensors& tensors,
                                const Metadata& metadata = {});

/// Throws FileError if no file could be written at `path`, as save_safetensors() would: now instead of after
/// the work whose result is to be saved.
TENON_API void check_save_path(const std::string& path);

}  // namespace tenon
