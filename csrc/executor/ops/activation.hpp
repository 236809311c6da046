// Activations.
#pragma once

#include "executor/context.hpp"

namespace lamina {

template <class T>
void activation_forward(const Context<T>& context, const Op& op) {
  if (context.written(op.inputs[0]) == op.output) return;  // the op before has computed it
  const i64 width = context.width(op.output);
  const T* x = context.value(op.inputs[0]);
  T* out = context.value(op.output);
  context.over_rows(width, [&](i64 first, i64 count) {
    context.kernels.activation_forward(out + first * width, x + first * width, count, width, op.function,
                                       op.settings.data());
  });
}

template <class T>
void activation_backward(const Context<T>& context, const Op& op) {
  const i64 width = context.width(op.output);
  const T* x = context.value(op.inputs[0]);
  const T* out = context.value(op.output);
  const T* d_out = context.d_value(op.output);
  context.contribute(op.inputs[0], [&](T* d_x) {
    context.over_rows(width, [&](i64 first, i64 count) {
      const i64 at = first * width;
      context.kernels.activation_backward(d_x + at, d_out + at, x + at, out + at, count, width, op.function,
                                          op.settings.data());
    });
  });
}

template <class T>
void activation_column(const Context<T>& context, const Op& op, i64, T* out, const T* x, T*) {
  context.kernels.activation_forward(out, x, context.n(), 1, op.function, op.settings.data());
}

}  // namespace lamina
