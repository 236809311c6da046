// Scale: out = x * scale, a learned factor per column.
#pragma once

#include "executor/context.hpp"

namespace lamina {

template <class T>
void scale_by(const Context<T>& context, T* out, const T* x, const T* scale, i64 width) {
  context.over_rows(width, [&](i64 first, i64 count) {
    context.kernels.scale_forward(out + first * width, x + first * width, scale, count, width);
  });
}

template <class T>
void scale_forward(const Context<T>& context, const Op& op) {
  scale_by(context, context.value(op.output), context.value(op.inputs[0]), context.parameter(op, 0),
           context.width(op.output));
}

// out = x * scale:  d_scale = column sums of d_out * x,  d_x = d_out * scale
template <class T>
void scale_backward(const Context<T>& context, const Op& op) {
  const int x = op.inputs[0];
  const i64 width = context.width(x);
  const T* d_out = context.d_value(op.output);
  context.contribute_to_parameter(op, 0, [&](T* d_scale) {
    context.kernels.scale_gradient(d_scale, d_out, context.value(x), context.n(), width);
  });
  context.contribute(x, [&](T* d_x) { scale_by(context, d_x, d_out, context.parameter(op, 0), width); });
}

template <class T>
void scale_column(const Context<T>& context, const Op& op, i64 j, T* out, const T* x, T*) {
  context.kernels.scale_forward(out, x, context.parameter(op, 0) + j, context.n(), 1);
}

}  // namespace lamina
