// Grouped dense: out_g = x_g W_g + b_g, for each group of columns.
#pragma once

#include "executor/context.hpp"
#include "executor/ops/dense.hpp"
#include "executor/ops/mixed_dense.hpp"

namespace lamina {

// f(g, first column of x_g, first column of out_g, where W_g starts in the flat vectors, its rows, its
// columns)
template <class T, class F>
void over_groups(const Context<T>& context, const Op& op, F f) {
  const Parameter& weight = context.program.parameters[op.parameters[0]];
  const i64 in = weight.rows, out = weight.columns;
  over_tiles(context.pool, weight.matrices(),
             [&](i64 g) { f(g, g * in, g * out, weight.offset + g * in * out, in, out); });
}

template <class T>
void grouped_dense_forward(const Context<T>& context, const Op& op) {
  const i64 n = context.n(), row_in = context.width(op.inputs[0]), row_out = context.width(op.output);
  const T* x = context.value(op.inputs[0]);
  const T* bias = context.parameter(op, 1);
  T* out = context.value(op.output);
  prepare_mixed(context, op, false);
  over_groups(context, op, [&](i64 g, i64 from, i64 to, i64 weight, i64 in, i64 width) {
    const ProductEnds<T> ends{bias ? bias + to : nullptr, 0};
    const bool mixed = with_mixed(context, op, nullptr, g, [&](const auto& products) {
      products.forward({x + from, row_in}, ends, {out + to, row_out});
    });
    if (mixed) return;
    context.kernels.gemm(false, false, n, width, in, x + from, row_in, context.parameters + weight, width,
                         &ends, out + to, row_out);
  });
}

// out_g = x_g W_g + b_g:  d_W_g = x_g^T d_out_g,  d_b = column sums of d_out,  d_x_g = d_out_g W_g^T
template <class T>
void grouped_dense_backward(const Context<T>& context, const Op& op) {
  const int x = op.inputs[0];
  const i64 n = context.n(), row_in = context.width(x), row_out = context.width(op.output);
  const T* d_out = context.d_value(op.output);
  prepare_mixed(context, op, true);
  if (context.program.trains(op, 1)) bias_gradient(context, op, d_out);
  if (context.program.trains(op, 0)) {
    char& written = context.gradient_written[op.parameters[0]];
    over_groups(context, op, [&](i64 g, i64 from, i64 to, i64 weight, i64 in, i64 width) {
      const ProductEnds<T> ends = ends_onto(written, context.gradient + weight, width);
      const bool mixed = with_mixed(context, op, nullptr, g, [&](const auto& products) {
        products.weight_gradient({context.value(x) + from, row_in}, {d_out + to, row_out}, ends,
                                 context.gradient + weight);
      });
      if (mixed) return;
      context.kernels.gemm(true, false, in, width, n, context.value(x) + from, row_in, d_out + to, row_out,
                           &ends, context.gradient + weight, width);
    });
    written = 1;
  }
  context.contribute(x, [&](T* d_x) {
    over_groups(context, op, [&](i64 g, i64 from, i64 to, i64 weight, i64 in, i64 width) {
      const ProductEnds<T> ends{};
      const bool mixed = with_mixed(context, op, nullptr, g, [&](const auto& products) {
        products.input_gradient({d_out + to, row_out}, ends, {d_x + from, row_in});
      });
      if (mixed) return;
      context.kernels.gemm(false, true, n, in, width, d_out + to, row_out, context.parameters + weight, width,
                           &ends, d_x + from, row_in);
    });
  });
}

}  // namespace lamina
