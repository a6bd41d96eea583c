// All of Tenon.
#pragma once

#include <tenon/autograd.h>
#include <tenon/backend.h>
#include <tenon/creation.h>
#include <tenon/data.h>
#include <tenon/device.h>
#include <tenon/dtype.h>
#include <tenon/einsum.h>
#include <tenon/error.h>
#include <tenon/format.h>
#include <tenon/io.h>
#include <tenon/nn.h>
#include <tenon/op_table.h>
#include <tenon/ops.h>
#include <tenon/optim.h>
#include <tenon/random.h>
#include <tenon/scalar.h>
#include <tenon/shape.h>
#include <tenon/storage.h>
#include <tenon/tensor.h>
#include <tenon/views.h>
