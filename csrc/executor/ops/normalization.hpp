// Batch norm and layer norm.
#pragma once

#include <cmath>

#include "executor/context.hpp"

namespace lamina {

inline KeptSizes batch_norm_keeps(i64 n, i64 width, bool training) {
  return training ? KeptSizes{.normalized = n * width, .inverse_deviation = width} : KeptSizes{};
}

// Whether the batch's own statistics normalize it.
template <class T>
bool uses_batch_statistics(const Context<T>& context, const Op& op) {
  return context.training && !context.program.stands_still(op);
}

template <class T>
void batch_norm_forward(const Context<T>& context, const Op& op) {
  const Kept<T>& kept = context.kept(op);
  const i64 n = context.n(), width = context.width(op.output);
  const T* x = context.value(op.inputs[0]);
  const T* gamma = context.parameter(op, 0);
  const T* beta = context.parameter(op, 1);
  T* out = context.value(op.output);
  T* mean = context.running(op, 0);
  T* variance = context.running(op, 1);
  const double momentum = op.settings[0], eps = op.settings[1];
  if (uses_batch_statistics(context, op)) {
    context.kernels.batch_norm_forward(
        out, kept.normalized, kept.inverse_deviation, context.update_state ? mean : nullptr,
        context.update_state ? variance : nullptr, x, gamma, beta, n, width, momentum, eps);
    return;
  }
  context.kernels.batch_norm_inference(out, x, gamma, beta, mean, variance, n, width, eps);
  if (!kept.normalized) return;  // no backward pass will follow
  context.kernels.batch_norm_inference(kept.normalized, x, nullptr, nullptr, mean, variance, n, width, eps);
  for (i64 j = 0; j < width; ++j)
    kept.inverse_deviation[j] = T(1) / std::sqrt(variance[j] + static_cast<T>(eps));
}

// With running statistics, which are constants: out = gamma * (x - mean) * inverse_deviation + beta.
template <class T>
void batch_norm_inference_backward(T* d_x, T* d_gamma, T* d_beta, const T* d_out, const Kept<T>& kept,
                                   const T* gamma, i64 n, i64 width) {
  for (i64 i = 0; i < n; ++i) {
    for (i64 j = 0; j < width; ++j) {
      const T d = d_out[i * width + j];
      if (d_gamma) d_gamma[j] += d * kept.normalized[i * width + j];
      if (d_beta) d_beta[j] += d;
      d_x[i * width + j] = d * kept.inverse_deviation[j] * (gamma ? gamma[j] : T(1));
    }
  }
}

template <class T>
void batch_norm_backward(const Context<T>& context, const Op& op) {
  const Kept<T>& kept = context.kept(op);
  const int x = op.inputs[0];
  const i64 n = context.n(), width = context.width(x);
  const T* d_out = context.d_value(op.output);
  const T* gamma = context.parameter(op, 0);
  const auto run = [&](T* d_x) {
    T* d_gamma = context.gradient_to_add(op, 0);
    T* d_beta = context.gradient_to_add(op, 1);
    if (uses_batch_statistics(context, op)) {
      context.kernels.batch_norm_backward(d_x, d_gamma, d_beta, d_out, kept.normalized,
                                          kept.inverse_deviation, gamma, n, width);
    } else {
      batch_norm_inference_backward(d_x, d_gamma, d_beta, d_out, kept, gamma, n, width);
    }
  };
  context.needs_gradient[x] ? context.contribute(x, run) : run(context.work.scratch);
}

// Column j of the output from column j of the input; room (n,).
template <class T>
void batch_norm_column(const Context<T>& context, const Op& op, i64 j, T* out, const T* x, T* room) {
  const T* gamma = context.parameter(op, 0) ? context.parameter(op, 0) + j : nullptr;
  const T* beta = context.parameter(op, 1) ? context.parameter(op, 1) + j : nullptr;
  if (!uses_batch_statistics(context, op))
    return context.kernels.batch_norm_inference(out, x, gamma, beta, context.running(op, 0) + j,
                                                context.running(op, 1) + j, context.n(), 1, op.settings[1]);
  T inverse_deviation;
  context.kernels.batch_norm_forward(out, room, &inverse_deviation, nullptr, nullptr, x, gamma, beta,
                                     context.n(), 1, op.settings[0], op.settings[1]);
}

inline KeptSizes layer_norm_keeps(i64 n, i64 width, bool) {
  return {.normalized = n * width, .inverse_deviation = n};
}

template <class T>
void layer_norm_forward(const Context<T>& context, const Op& op) {
  const Kept<T>& kept = context.kept(op);
  const i64 width = context.width(op.output);
  T* out = context.value(op.output);
  context.kernels.layer_norm_forward(out, kept.normalized, kept.inverse_deviation,
                                     context.value(op.inputs[0]), context.parameter(op, 0),
                                     context.parameter(op, 1), context.n(), width, op.settings[0]);
}

template <class T>
void layer_norm_backward(const Context<T>& context, const Op& op) {
  const Kept<T>& kept = context.kept(op);
  const int x = op.inputs[0];
  const auto run = [&](T* d_x) {
    context.kernels.layer_norm_backward(d_x, context.gradient_to_add(op, 0), context.gradient_to_add(op, 1),
                                        context.d_value(op.output), kept.normalized, kept.inverse_deviation,
                                        context.parameter(op, 0), context.n(), context.width(x));
  };
  context.needs_gradient[x] ? context.contribute(x, run) : run(context.work.scratch);
}

}  // namespace lamina
