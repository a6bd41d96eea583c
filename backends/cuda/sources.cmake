# What the backend is made of, for CUDA's compiler and for tests/cuda_emulation alike.
set(TENON_CUDA_SOURCES
  binary.cu
  context.cpp
  copy.cu
  cuda_backend.cpp
  devices.cpp
  epilogue.cu
  errors.cpp
  gemm.cpp
  index.cu
  init.cu
  integer_matmul.cu
  linear.cpp
  matmul.cpp
  memory.cpp
  queue.cpp
  reduce.cu
  softmax.cu
  ternary.cu
  transcendental.cu
  unary.cu)
list(TRANSFORM TENON_CUDA_SOURCES PREPEND ${CMAKE_CURRENT_LIST_DIR}/)
