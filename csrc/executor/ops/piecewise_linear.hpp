// Piecewise-linear encoding: each number as its shares of several bins.
#pragma once

#include "executor/context.hpp"

namespace lamina {

template <class T>
void piecewise_linear_forward(const Context<T>& context, const Op& op) {
  const i64 width = context.width(op.inputs[0]), bins = context.width(op.output);
  const T* x = context.value(op.inputs[0]);
  T* out = context.value(op.output);
  context.over_rows(bins, [&](i64 first, i64 count) {
    context.kernels.piecewise_linear_forward(out + first * bins, x + first * width, count, width, bins,
                                             op.settings.data());
  });
}

template <class T>
void piecewise_linear_backward(const Context<T>& context, const Op& op) {
  const i64 width = context.width(op.inputs[0]), bins = context.width(op.output);
  const T* out = context.value(op.output);
  const T* d_out = context.d_value(op.output);
  context.contribute(op.inputs[0], [&](T* d_x) {
    context.over_rows(bins, [&](i64 first, i64 count) {
      context.kernels.piecewise_linear_backward(d_x + first * width, d_out + first * bins, out + first * bins,
                                                count, width, bins, op.settings.data());
    });
  });
}

}  // namespace lamina
