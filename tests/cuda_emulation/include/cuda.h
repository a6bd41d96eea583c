// What backends/cuda uses of CUDA's driver API: which context is a thread's current one. The functions are
// found by cudaGetDriverEntryPointByVersion.
#pragma once

enum CUresult : int {
  CUDA_SUCCESS = 0,
  CUDA_ERROR_OUT_OF_MEMORY = 2,
  CUDA_ERROR_INVALID_DEVICE = 101,
  CUDA_ERROR_INVALID_CONTEXT = 201,
  CUDA_ERROR_UNKNOWN = 999
};
using CUdevice = int;
using CUcontext = struct CUctx_st*;

CUresult cuDevicePrimaryCtxRetain(CUcontext* context, CUdevice device);
CUresult cuCtxGetCurrent(CUcontext* context);
CUresult cuCtxSetCurrent(CUcontext context);
