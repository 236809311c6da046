// Scale: out = x * scale + shift, a learned factor and a learned shift per column.
#pragma once

#include "executor/context.hpp"

namespace lamina {

template <class T>
void scale_forward(const Context<T>& context, const Op& op) {
  const i64 width = context.width(op.output);
  const T* x = context.value(op.inputs[0]);
  T* out = context.value(op.output);
  context.over_rows(width, [&](i64 first, i64 count) {
    context.kernels.scale_forward(out + first * width, x + first * width, context.parameter(op, 0),
                                  context.parameter(op, 1), count, width);
  });
}

template <class T>
void scale_backward(const Context<T>& context, const Op& op) {
  const int x = op.inputs[0];
  const auto run = [&](T* d_x) {
    context.kernels.scale_backward(d_x, context.gradient_to_add(op, 0), context.gradient_to_add(op, 1),
                                   context.d_value(op.output), context.value(x), context.parameter(op, 0),
                                   context.n(), context.width(x));
  };
  context.needs_gradient[x] ? context.contribute(x, run) : run(nullptr);
}

template <class T>
void scale_column(const Context<T>& context, const Op& op, i64 j, T* out, const T* x, T*) {
  const T* shift = context.parameter(op, 1);
  context.kernels.scale_forward(out, x, context.parameter(op, 0) + j, shift ? shift + j : nullptr, context.n(),
                                1);
}

}  // namespace lamina
