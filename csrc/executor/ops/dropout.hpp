// Inverted dropout: y = x * keep / (1 - rate) in training, y = x otherwise.
#pragma once

#include <algorithm>

#include "executor/context.hpp"
#include "random/purposes.hpp"

namespace lamina {

// The op's own rate, or the rate of the step. Ops that draw masks are numbered in program order.
template <class T>
double dropout_rate(const Context<T>& context, const Op& op) {
  const auto& ops = context.program.ops;
  if (!context.dropout_rates) return op.settings[0];
  return context.dropout_rates[std::count_if(ops.begin(), ops.begin() + op.index,
                                             [](const Op& op) { return op.draws_masks(); })];
}

inline KeptSizes dropout_keeps(i64 n, i64 width, bool training) { return {.mask = training ? n * width : 0}; }

template <class T>
void dropout_forward(const Context<T>& context, const Op& op) {
  const i64 size = context.n() * context.width(op.output);
  const T* x = context.value(op.inputs[0]);
  if (!context.training) return std::copy_n(x, size, context.value(op.output)), void();
  const RandomKey key{context.seed, kDropout, static_cast<std::uint32_t>(context.step),
                      static_cast<std::uint32_t>(op.index)};
  context.kernels.dropout_forward(context.value(op.output), context.kept(op).mask, x,
                                  context.first_row * context.width(op.output), size,
                                  dropout_rate(context, op), key);
}

template <class T>
void dropout_backward(const Context<T>& context, const Op& op) {
  const i64 size = context.n() * context.width(op.output);
  const T* d_out = context.d_value(op.output);
  context.contribute(op.inputs[0], [&](T* d_x) {
    if (!context.training) return std::copy_n(d_out, size, d_x), void();
    context.kernels.dropout_backward(d_x, d_out, context.kept(op).mask, size, dropout_rate(context, op));
  });
}

// Column j, for executor/trial.hpp, where dropout is the identity.
template <class T>
void dropout_column(const Context<T>& context, const Op&, i64, T* out, const T* x, T*) {
  std::copy_n(x, context.n(), out);
}

}  // namespace lamina
