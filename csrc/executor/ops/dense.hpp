// Dense: out = x W + b.
#pragma once

#include "executor/context.hpp"
#include "executor/ops/mixed_dense.hpp"
#include "executor/ops/narrow_dense.hpp"

namespace lamina {

// out = x W + b, or relu of it
template <class T>
void dense_forward(const Context<T>& context, const Op& op) {
  const int x = op.inputs[0];
  const i64 n = context.n(), in = context.width(x), width = context.width(op.output);
  const T* weight = context.parameter(op, 0);
  const T* bias = context.parameter(op, 1);
  const bool relu = context.written(op.output) != op.output;
  T* out = context.value(context.written(op.output));
  const ProductEnds<T> ends{bias, 0, relu ? Finish::relu : Finish::none, nullptr};
  if (context.sparse_input[x]) {
    context.work.sparse[x].rows().multiply(context.kernels, context.pool, out, weight, width, ends);
    return;
  }
  prepare_mixed(context, op, false);
  const bool mixed = with_mixed(context, op, context.pool, 0, [&](const auto& products) {
    products.forward({context.value(x), in}, ends, {out, width});
  });
  if (!mixed) context.product(false, false, n, width, in, context.value(x), weight, ends, out);
}

// out = x W + b:  d_W = x^T d_out,  d_b = column sums of d_out,  d_x = d_out W^T
template <class T>
void dense_backward(const Context<T>& context, const Op& op) {
  const T* d_out = context.d_value(op.output);
  if (context.program.trains(op, 1)) bias_gradient(context, op, d_out);
  if (goes_back_narrow(context, op)) return narrow_backward(context, op);
  prepare_mixed(context, op, true);
  if (context.program.trains(op, 0)) weight_gradient(context, op, d_out);
  if (context.needs_gradient[op.inputs[0]]) input_gradient(context, op, d_out);
}

// d_W = x^T d_out, unless it is left to the update.
template <class T>
void weight_gradient(const Context<T>& context, const Op& op, const T* d_out) {
  const int x = op.inputs[0], parameter = op.parameters[0];
  const i64 in = context.width(x), width = context.width(op.output);
  T* d_weight = context.gradient + context.program.parameters[parameter].offset;
  char& written = context.gradient_written[parameter];
  const ProductEnds<T> ends = ends_onto(written, d_weight, width);
  if (context.sparse_input[x]) {
    context.work.sparse[x].columns(in).multiply(context.kernels, context.pool, d_weight, d_out, width, ends);
  } else if (!context.is_left_out(parameter)) {
    const bool mixed = with_mixed(context, op, context.pool, 0, [&](const auto& products) {
      products.weight_gradient({context.value(x), in}, {d_out, width}, ends, d_weight);
    });
    if (!mixed) context.product(true, false, in, width, context.n(), context.value(x), d_out, ends, d_weight);
  }
  written = 1;
}

// d_x = d_out W^T, times relu's slope if x is a relu's output that nothing else reads.
template <class T>
void input_gradient(const Context<T>& context, const Op& op, const T* d_out) {
  const int x = op.inputs[0], to = context.d_written(x);
  const i64 in = context.width(x), width = context.width(op.output);
  T* d_x = context.d_value(to);
  char& written = context.d_value_written[to];
  ProductEnds<T> ends = ends_onto(written, d_x, in);
  if (to != x) ends.finish = Finish::relu_slope, ends.gate = context.value(x);
  const bool mixed = with_mixed(context, op, context.pool, 0, [&](const auto& products) {
    products.input_gradient({d_out, width}, ends, {d_x, in});
  });
  if (!mixed)
    context.product(false, true, context.n(), in, width, d_out, context.parameter(op, 0), ends, d_x);
  written = 1;
}

// Unless the op above has computed it already.
template <class T>
void bias_gradient(const Context<T>& context, const Op& op, const T* d_out) {
  const int parameter = op.parameters[1];
  if (context.gradient_written[parameter] && context.fusion->bias_below[op.output] == parameter) return;
  context.contribute_to_parameter(op, 1, [&](T* d_bias) {
    context.kernels.sum_rows(d_bias, d_out, context.n(), context.width(op.output));
  });
}

}  // namespace lamina
