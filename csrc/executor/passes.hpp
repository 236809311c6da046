// The two passes over the ops: forward in their order, backward in reverse.
#pragma once

#include "executor/context.hpp"
#include "executor/ops/activation.hpp"
#include "executor/ops/combine.hpp"
#include "executor/ops/dense.hpp"
#include "executor/ops/dropout.hpp"
#include "executor/ops/normalization.hpp"

namespace lamina {

template <class T>
void forward_op(const Context<T>& context, int index) {
  const Op& op = context.program.ops[index];
  const Kept<T>& kept = context.work.kept[index];
  switch (op.kind) {
    case OpKind::dense:
      return dense_forward(context, op);
    case OpKind::activation:
      return activation_forward(context, op);
    case OpKind::prelu:
      return prelu_forward(context, op);
    case OpKind::dropout:
      return dropout_forward(context, op, kept, index);
    case OpKind::batch_norm:
      return batch_norm_forward(context, op, kept);
    case OpKind::layer_norm:
      return layer_norm_forward(context, op, kept);
    case OpKind::add:
      return add_forward(context, op);
    case OpKind::multiply:
      return multiply_forward(context, op);
    case OpKind::concat:
      return concat_forward(context, op);
  }
}

template <class T>
void backward_op(const Context<T>& context, int index) {
  const Op& op = context.program.ops[index];
  const Kept<T>& kept = context.work.kept[index];
  switch (op.kind) {
    case OpKind::dense:
      return dense_backward(context, op);
    case OpKind::activation:
      return activation_backward(context, op);
    case OpKind::prelu:
      return prelu_backward(context, op);
    case OpKind::dropout:
      return dropout_backward(context, op, kept, index);
    case OpKind::batch_norm:
      return batch_norm_backward(context, op, kept);
    case OpKind::layer_norm:
      return layer_norm_backward(context, op, kept);
    case OpKind::add:
      return add_backward(context, op);
    case OpKind::multiply:
      return multiply_backward(context, op);
    case OpKind::concat:
      return concat_backward(context, op);
  }
}

template <class T>
void forward(const Context<T>& context) {
  for (std::size_t i = 0; i < context.program.ops.size(); ++i) forward_op(context, static_cast<int>(i));
}

// From gradients of the heads' logits to the whole flat gradient. What nothing reaches has gradient zero.
template <class T>
void backward(const Context<T>& context) {
  const Program& program = context.program;
  for (std::size_t i = program.ops.size(); i-- > 0;) {
    const Op& op = program.ops[i];
    if (context.d_value_written[op.output] && context.needs_gradient[op.output])
      backward_op(context, static_cast<int>(i));
  }
  for (std::size_t p = 0; p < program.parameters.size(); ++p) {
    const Parameter& parameter = program.parameters[p];
    if (!context.gradient_written[p]) std::fill_n(context.gradient + parameter.offset, parameter.size, T(0));
  }
}

}  // namespace lamina
