#include <tenon/storage.h>

namespace tenon {

Storage::Storage(std::size_t bytes) : data_(host_memory::allocate(bytes)), bytes_(bytes) {}

Storage::~Storage() { host_memory::deallocate(data_, bytes_); }

}  // namespace tenon
