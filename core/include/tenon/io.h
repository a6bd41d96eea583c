// Reading and writing tensors.
#pragma once

#include <tenon/io/npy.h>
#include <tenon/io/safetensors.h>
