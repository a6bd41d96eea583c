// Datasets and minibatches.
#pragma once

#include <tenon/data/batches.h>
#include <tenon/data/dataset.h>
#include <tenon/data/idx.h>
