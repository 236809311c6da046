// Activations: the loops and the choice of the function.
#pragma once

#include "kernels/activation_functions.hpp"
#include "kernels/map.hpp"
#include "kernels/softmax.hpp"

namespace lamina {
namespace {

// Calls use(f) with f = the row of activation_functions.hpp that `function` names.
template <class T, class Use>
void with_activation(Function function, const double* settings, Use use) {
  const auto setting = [settings](int i) { return static_cast<T>(settings[i]); };
  switch (function) {
    case Function::identity:
      return use(Identity<T>{});
    case Function::step:
      return use(Step<T>{});
    case Function::sigmoid:
      return use(Sigmoid<T>{});
    case Function::tanh:
      return use(Tanh<T>{});
    case Function::relu:
      return use(Relu<T>{});
    case Function::leaky_relu:
      return use(LeakyRelu<T>{setting(0)});
    case Function::elu:
      return use(Elu<T>{setting(0), T(1)});
    case Function::selu:
      return use(Elu<T>{T(1.6732632423543772), T(1.0507009873554805)});
    case Function::gelu:
      return use(Gelu<T>{});
    case Function::gelu_tanh:
      return use(GeluTanh<T>{});
    case Function::silu:
      return use(Silu<T>{});
    case Function::mish:
      return use(Mish<T>{});
    case Function::softplus:
      return use(Softplus<T>{});
    case Function::softsign:
      return use(Softsign<T>{});
    case Function::hard_sigmoid:
      return use(HardSigmoid<T>{});
    case Function::hard_tanh:
      return use(Clipped<T>{T(-1), T(1)});
    case Function::hard_swish:
      return use(HardSwish<T>{});
    case Function::relu6:
      return use(Clipped<T>{T(0), T(6)});
    case Function::exp:
      return use(Exponential<T>{});
    case Function::softmax:
      return;  // not elementwise: softmax.hpp
  }
}

template <class T>
void activation_forward(T* out, const T* x, i64 n, i64 width, Function function, const double* settings) {
  if (function == Function::softmax) return softmax_forward(out, x, n, width);
  with_activation<T>(function, settings, [=](auto f) {
    map(out, x, n * width, [f](T a) __attribute__((always_inline)) { return f.value(a); });
  });
}

template <class T>
void activation_backward(T* d_x, const T* d_out, const T* x, const T* out, i64 n, i64 width,
                         Function function, const double* settings) {
  if (function == Function::softmax) return softmax_backward(d_x, d_out, out, n, width);
  with_activation<T>(function, settings, [=](auto f) {
    map3(d_x, d_out, x, out, n * width,
         [f](T d, T a, T b) __attribute__((always_inline)) { return d * f.slope(a, b); });
  });
}

}  // namespace
}  // namespace lamina
