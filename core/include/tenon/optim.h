// Optimizers, learning rate schedules, gradient clipping.
#pragma once

#include <tenon/optim/adam.h>
#include <tenon/optim/clip_grad.h>
#include <tenon/optim/optimizer.h>
#include <tenon/optim/schedule.h>
#include <tenon/optim/sgd.h>
