// Periodic embeddings: each column x as [sin(2 pi c x), cos(2 pi c x)], or as cos(2 pi c x + b), with learned
// c and b.
#pragma once

#include <algorithm>

#include "executor/context.hpp"

namespace lamina {

// Frequencies of a column.
template <class T>
i64 num_frequencies(const Context<T>& context, const Op& op) {
  return context.program.parameters[op.parameters[0]].columns;
}

// run(d_x or null, first column, number of columns) over tiles of the columns of the op's input.
template <class T, class Run>
void over_embedded_columns(const Context<T>& context, const Op& op, Run run) {
  const i64 width = context.width(op.inputs[0]);
  const i64 piece =
      std::max<i64>(kTileSize * width / std::max<i64>(context.n() * context.width(op.output), 1), 1);
  const auto run_all = [&](T* d_x) {
    over_tiles(context.pool, (width + piece - 1) / piece, [&](i64 tile) {
      const i64 first = tile * piece;
      run(d_x ? d_x + first : nullptr, first, std::min(piece, width - first));
    });
  };
  context.needs_gradient[op.inputs[0]] ? context.contribute(op.inputs[0], run_all) : run_all(nullptr);
}

template <class T>
void periodic_forward(const Context<T>& context, const Op& op) {
  const i64 width = context.width(op.inputs[0]), out_width = context.width(op.output);
  const T* x = context.value(op.inputs[0]);
  T* out = context.value(op.output);
  context.over_rows(out_width, [&](i64 first, i64 count) {
    context.kernels.periodic_forward(out + first * out_width, x + first * width, context.parameter(op, 0),
                                     count, width, num_frequencies(context, op));
  });
}

template <class T>
void periodic_backward(const Context<T>& context, const Op& op) {
  const i64 count = num_frequencies(context, op), width = context.width(op.inputs[0]);
  const T *x = context.value(op.inputs[0]), *frequency = context.parameter(op, 0);
  const T *out = context.value(op.output), *d_out = context.d_value(op.output);
  T* d_frequency = context.gradient_to_add(op, 0);
  over_embedded_columns(context, op, [&](T* d_x, i64 first, i64 columns) {
    const i64 at = first * count;
    context.kernels.periodic_backward(d_x, d_frequency ? d_frequency + at : nullptr, d_out + 2 * at,
                                      x + first, frequency + at, out + 2 * at, context.n(), width, columns,
                                      count);
  });
}

template <class T>
void cosine_forward(const Context<T>& context, const Op& op) {
  const i64 width = context.width(op.inputs[0]), out_width = context.width(op.output);
  const T* x = context.value(op.inputs[0]);
  T* out = context.value(op.output);
  context.over_rows(out_width, [&](i64 first, i64 count) {
    context.kernels.cosine_forward(out + first * out_width, x + first * width, context.parameter(op, 0),
                                   context.parameter(op, 1), count, width, num_frequencies(context, op));
  });
}

template <class T>
void cosine_backward(const Context<T>& context, const Op& op) {
  const i64 count = num_frequencies(context, op), width = context.width(op.inputs[0]);
  const T *x = context.value(op.inputs[0]), *d_out = context.d_value(op.output);
  const T *frequency = context.parameter(op, 0), *phase = context.parameter(op, 1);
  T *d_frequency = context.gradient_to_add(op, 0), *d_phase = context.gradient_to_add(op, 1);
  over_embedded_columns(context, op, [&](T* d_x, i64 first, i64 columns) {
    const i64 at = first * count;
    context.kernels.cosine_backward(d_x, d_frequency ? d_frequency + at : nullptr,
                                    d_phase ? d_phase + at : nullptr, d_out + at, x + first, frequency + at,
                                    phase + at, context.n(), width, columns, count);
  });
}

}  // namespace lamina
