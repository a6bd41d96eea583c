// Layers, losses, initialisers.
#pragma once

#include <tenon/nn/activations.h>
#include <tenon/nn/dropout.h>
#include <tenon/nn/flatten.h>
#include <tenon/nn/functional.h>
#include <tenon/nn/init.h>
#include <tenon/nn/linear.h>
#include <tenon/nn/loss.h>
#include <tenon/nn/module.h>
#include <tenon/nn/sequential.h>
