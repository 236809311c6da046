// Repeat: out = [x | x | ...], the same columns for every member of an ensemble.
#pragma once

#include <algorithm>

#include "executor/context.hpp"

namespace lamina {

template <class T>
void repeat_forward(const Context<T>& context, const Op& op) {
  const i64 width = context.width(op.inputs[0]), copies = context.width(op.output) / width;
  const T* x = context.value(op.inputs[0]);
  T* out = context.value(op.output);
  for (i64 i = 0; i < context.n(); ++i)
    for (i64 j = 0; j < copies; ++j) std::copy_n(x + i * width, width, out + (i * copies + j) * width);
}

// out = [x | x | ...]:  d_x = the sum over the copies
template <class T>
void repeat_backward(const Context<T>& context, const Op& op) {
  const int x = op.inputs[0];
  const i64 width = context.width(x), copies = context.width(op.output) / width;
  const T* d_out = context.d_value(op.output);
  context.contribute(x, [&](T* d_x) {
    for (i64 i = 0; i < context.n(); ++i)
      context.kernels.sum_rows(d_x + i * width, d_out + i * copies * width, copies, width);
  });
}

}  // namespace lamina
