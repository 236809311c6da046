// Parametric activation: out = (1 - alpha) x + alpha f(x), with one alpha per unit.
#pragma once

#include "executor/context.hpp"

namespace lamina {

inline KeptSizes parametric_activation_keeps(i64 n, i64 width, bool training) {
  return {.activated = training ? n * width : 0};
}

template <class T>
void parametric_activation_forward(const Context<T>& context, const Op& op) {
  const i64 width = context.width(op.output);
  const T* x = context.value(op.inputs[0]);
  T* out = context.value(op.output);
  T* f = context.kept(op).activated ? context.kept(op).activated : out;
  context.over_rows(width, [&](i64 first, i64 count) {
    const i64 at = first * width;
    context.kernels.activation_forward(f + at, x + at, count, width, op.function, op.settings.data());
    context.kernels.blend_forward(out + at, x + at, f + at, context.parameter(op, 0), count, width);
  });
}

// d_alpha = column sums of d_out (f - x),  d_x = (1 - alpha) d_out + f'(x) alpha d_out
template <class T>
void parametric_activation_backward(const Context<T>& context, const Op& op) {
  const i64 width = context.width(op.output);
  const T *x = context.value(op.inputs[0]), *f = context.kept(op).activated;
  const T *d_out = context.d_value(op.output), *alpha = context.parameter(op, 0);
  context.contribute_to_parameter(
      op, 0, [&](T* d_alpha) { context.kernels.blend_gradient(d_alpha, d_out, x, f, context.n(), width); });
  context.contribute(op.inputs[0], [&](T* d_x) {
    context.over_rows(width, [&](i64 first, i64 count) {
      const i64 at = first * width;
      context.kernels.scale_forward(d_x + at, d_out + at, alpha, nullptr, count, width, false);
      context.kernels.activation_backward(d_x + at, d_x + at, x + at, f + at, count, width, op.function,
                                          op.settings.data());
      context.kernels.blend_backward(d_x + at, d_out + at, alpha, count, width);
    });
  });
}

template <class T>
void parametric_activation_column(const Context<T>& context, const Op& op, i64 j, T* out, const T* x, T*) {
  context.kernels.activation_forward(out, x, context.n(), 1, op.function, op.settings.data());
  context.kernels.blend_forward(out, x, out, context.parameter(op, 0) + j, context.n(), 1);
}

}  // namespace lamina
