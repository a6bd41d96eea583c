# What the backend is made of, for CUDA's compiler and for tests/cuda_emulation alike.
set(TENON_CUDA_SOURCES
  binary.cu
  copy.cu
  cuda_backend.cpp
  devices.cpp
  errors.cpp
  memory.cpp
  queue.cpp
  ternary.cu
  transcendental.cu
  unary.cu stubs.cpp)
list(TRANSFORM TENON_CUDA_SOURCES PREPEND ${CMAKE_CURRENT_LIST_DIR}/)
