// Activations: the table of names and functions, and the loops.
#pragma once

#include "kernels/activation_functions.hpp"
#include "kernels/map.hpp"
#include "kernels/softmax.hpp"
#include "kernels/tables.hpp"

namespace lamina {
namespace {

// A function's name in a program, and its two passes; see Kernels.
template <class T>
struct ActivationRow {
  const char* name;
  void (*forward)(T* out, const T* x, i64 n, i64 width, const double* settings);
  void (*backward)(T* d_x, const T* d_out, const T* x, const T* out, i64 n, i64 width,
                   const double* settings);
};

template <class T, class Make>
void elementwise_forward(T* out, const T* x, i64 n, i64 width, const double* settings) {
  map(out, x, n * width, [f = Make{}(settings)](T a) __attribute__((always_inline)) { return f.value(a); });
}

template <class T, class Make>
void elementwise_backward(T* d_x, const T* d_out, const T* x, const T* out, i64 n, i64 width,
                          const double* settings) {
  map3(d_x, d_out, x, out, n * width,
       [f = Make{}(settings)](T d, T a, T b) __attribute__((always_inline)) { return d * f.slope(a, b); });
}

// A row of activation_functions.hpp; `make` constructs the function from its settings.
template <class T, class Make>
constexpr ActivationRow<T> elementwise(const char* name, Make) {
  return {name, elementwise_forward<T, Make>, elementwise_backward<T, Make>};
}

template <class T>
constexpr ActivationRow<T> kActivations[] = {
    elementwise<T>("identity", [](const double*) { return Identity<T>{}; }),
    elementwise<T>("relu", [](const double*) { return Relu<T>{}; }),
    {"softmax",
     [](T* out, const T* x, i64 n, i64 width, const double*) { softmax_forward(out, x, n, width); },
     [](T* d_x, const T* d_out, const T*, const T* out, i64 n, i64 width, const double*) {
       softmax_backward(d_x, d_out, out, n, width);
     }},
    elementwise<T>("step", [](const double*) { return Step<T>{}; }),
    elementwise<T>("sigmoid", [](const double*) { return Sigmoid<T>{}; }),
    elementwise<T>("tanh", [](const double*) { return Tanh<T>{}; }),
    elementwise<T>("leaky_relu", [](const double* s) { return LeakyRelu<T>{static_cast<T>(s[0])}; }),
    elementwise<T>("elu", [](const double* s) { return Elu<T>{static_cast<T>(s[0]), T(1)}; }),
    elementwise<T>("selu",
                   [](const double*) { return Elu<T>{T(1.6732632423543772), T(1.0507009873554805)}; }),
    elementwise<T>("gelu", [](const double*) { return Gelu<T>{}; }),
    elementwise<T>("gelu_tanh", [](const double*) { return GeluTanh<T>{}; }),
    elementwise<T>("silu", [](const double*) { return Silu<T>{}; }),
    elementwise<T>("mish", [](const double*) { return Mish<T>{}; }),
    elementwise<T>("softplus", [](const double*) { return Softplus<T>{}; }),
    elementwise<T>("softsign", [](const double*) { return Softsign<T>{}; }),
    elementwise<T>("hard_sigmoid", [](const double*) { return HardSigmoid<T>{}; }),
    elementwise<T>("hard_tanh", [](const double*) { return Clipped<T>{T(-1), T(1)}; }),
    elementwise<T>("hard_swish", [](const double*) { return HardSwish<T>{}; }),
    elementwise<T>("relu6", [](const double*) { return Clipped<T>{T(0), T(6)}; }),
    elementwise<T>("exp", [](const double*) { return Exponential<T>{}; }),
};
static_assert(is_row(kActivations<float>, Function::identity, "identity"));
static_assert(is_row(kActivations<float>, Function::relu, "relu"));
static_assert(is_row(kActivations<float>, Function::softmax, "softmax"));

const char* function_name(int row) { return name_of(kActivations<float>, row); }

template <class T>
void activation_forward(T* out, const T* x, i64 n, i64 width, Function function, const double* settings) {
  kActivations<T>[static_cast<int>(function)].forward(out, x, n, width, settings);
}

template <class T>
void activation_backward(T* d_x, const T* d_out, const T* x, const T* out, i64 n, i64 width,
                         Function function, const double* settings) {
  kActivations<T>[static_cast<int>(function)].backward(d_x, d_out, x, out, n, width, settings);
}

}  // namespace
}  // namespace lamina
