// Scale: out = x * scale + shift, a learned factor and a learned shift per column.
#pragma once

#include <algorithm>

#include "executor/context.hpp"

namespace lamina {

// out = x * scale + shift, or relu of it
template <class T>
void scale_forward(const Context<T>& context, const Op& op) {
  const i64 width = context.width(op.output);
  const bool relu = context.written(op.output) != op.output;
  const T* x = context.value(op.inputs[0]);
  T* out = context.value(context.written(op.output));
  context.over_rows(width, [&](i64 first, i64 count) {
    context.kernels.scale_forward(out + first * width, x + first * width, context.parameter(op, 0),
                                  context.parameter(op, 1), count, width, relu);
  });
}

// out = x * scale + shift:  d_scale = column sums of d_out * x,  d_shift = those of d_out,  d_x = d_out *
// scale, past relu if x is the output of one that nothing else reads.
template <class T>
void scale_backward(const Context<T>& context, const Op& op) {
  constexpr i64 kGrain = 64;  // columns
  const int x = op.inputs[0], to = context.d_written(x);
  const i64 n = context.n(), width = context.width(x);
  const i64 piece = std::max(kTileSize / std::max<i64>(n, 1) / kGrain, i64{1}) * kGrain;
  T *d_scale = context.gradient_to_add(op, 0), *d_shift = context.gradient_to_add(op, 1);
  const auto from = [](T* numbers, i64 at) { return numbers ? numbers + at : nullptr; };
  const auto run = [&](T* d_x) {
    over_tiles(context.pool, (width + piece - 1) / piece, [&](i64 tile) {
      const i64 at = tile * piece;
      context.kernels.scale_backward(from(d_x, at), from(d_scale, at), from(d_shift, at),
                                     context.d_value(op.output) + at, context.value(x) + at,
                                     context.parameter(op, 0) + at, n, width, std::min(piece, width - at),
                                     to != x);
    });
  };
  context.needs_gradient[x] ? context.contribute(to, run) : run(nullptr);
}

template <class T>
void scale_column(const Context<T>& context, const Op& op, i64 j, T* out, const T* x, T*) {
  const T* shift = context.parameter(op, 1);
  context.kernels.scale_forward(out, x, context.parameter(op, 0) + j, shift ? shift + j : nullptr,
                                context.n(), 1, false);
}

}  // namespace lamina
