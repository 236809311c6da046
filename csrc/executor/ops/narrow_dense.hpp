// The backward pass of a dense op with few outputs, in one pass over its input.
#pragma once

#include <algorithm>

#include "executor/context.hpp"

namespace lamina {

// Whether this applies: the gradient of the op's input is needed, and this is the first contribution to it.
template <class T>
bool goes_back_narrow(const Context<T>& context, const Op& op) {
  const int x = op.inputs[0];
  return is_narrow(context.program, op) && context.needs_gradient[x] && !context.sparse_input[x] &&
         !context.d_value_written[context.d_written(x)];
}

// out = x W:  d_W = x^T d_out,  d_x = d_out W^T, past relu if x is the output of one that nothing else reads;
// and the bias gradient of the dense op below.
template <class T>
void narrow_backward(const Context<T>& context, const Op& op) {
  constexpr i64 kGrain = 64;  // columns
  const int x = op.inputs[0], to = context.d_written(x);
  const i64 n = context.n(), in = context.width(x), width = context.width(op.output);
  const i64 piece = std::max(kTileSize / std::max<i64>(n, 1) / kGrain, i64{1}) * kGrain;
  const i64 weight = context.program.parameters[op.parameters[0]].offset;
  const bool onto = context.gradient_written[op.parameters[0]];
  const int below = context.fusion->bias_below[to];
  const int bias = below < 0 || context.program.parameters[below].size != in ? -1 : below;  // other copies
  T* sum = bias < 0 ? nullptr : context.gradient + context.program.parameters[bias].offset;
  over_tiles(context.pool, (in + piece - 1) / piece, [&](i64 tile) {
    const i64 first = tile * piece, at = weight + first * width;
    context.kernels.narrow_backward(context.d_value(to) + first, context.gradient + at,
                                    sum ? sum + first : nullptr, context.value(x) + first,
                                    context.d_value(op.output), context.parameters + at, n, in,
                                    std::min(piece, in - first), width, onto, to != x);
  });
  context.d_value_written[to] = context.gradient_written[op.parameters[0]] = 1;
  if (sum) context.gradient_written[bias] = 1;
}

}  // namespace lamina
