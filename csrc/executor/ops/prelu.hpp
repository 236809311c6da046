// PReLU, an activation with a learned slope.
#pragma once

#include "executor/context.hpp"

namespace lamina {

template <class T>
void prelu_forward(const Context<T>& context, const Op& op) {
  context.kernels.prelu_forward(context.value(op.output), context.value(op.inputs[0]),
                                context.parameter(op, 0), context.n(), context.width(op.output));
}

template <class T>
void prelu_backward(const Context<T>& context, const Op& op) {
  const int x = op.inputs[0];
  const auto run = [&](T* d_x) {
    context.kernels.prelu_backward(d_x, context.gradient_to_add(op, 0), context.d_value(op.output),
                                   context.value(x), context.parameter(op, 0), context.n(), context.width(x));
  };
  context.needs_gradient[x] ? context.contribute(x, run) : run(context.work.scratch);
}

template <class T>
void prelu_column(const Context<T>& context, const Op& op, i64 j, T* out, const T* x, T*) {
  context.kernels.prelu_forward(out, x, context.parameter(op, 0) + j, context.n(), 1);
}

}  // namespace lamina
