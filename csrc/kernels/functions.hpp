// The names that a Program uses for what kernels.hpp numbers, in its order.
#pragma once

#include "kernels/kernels.hpp"

namespace lamina {

inline constexpr const char* kFunctionNames[] = {
    "identity",     "step",      "sigmoid",    "tanh",  "relu", "leaky_relu", "elu",
    "selu",         "gelu",      "gelu_tanh",  "silu",  "mish", "softplus",   "softsign",
    "hard_sigmoid", "hard_tanh", "hard_swish", "relu6", "exp",  "softmax",
};

inline constexpr const char* kHeadNames[] = {
    "squared_error",         "absolute_error",        "huber", "poisson",    "quantile",
    "softmax_cross_entropy", "sigmoid_cross_entropy", "hinge", "perceptron", "external",
};

inline constexpr const char* kRuleNames[] = {
    "gradient_descent", "momentum", "nesterov", "rmsprop", "adagrad", "adam", "nadam",
};

}  // namespace lamina
