// The two passes over the ops: forward in order, backward in reverse.
#pragma once

#include "executor/ops/table.hpp"

namespace lamina {

template <class T>
void forward(const Context<T>& context) {
  Context<T> own = context;
  for (const Op& op : context.program.ops) {
    own.copies = op.copies;
    row_of<T>(op).forward(own, op);
  }
}

// From gradients of the heads' logits to the whole flat gradient; trainable parameters that no gradient
// reaches get 0. That of all others is 0 from the start.
template <class T>
void backward(const Context<T>& context) {
  const Program& program = context.program;
  Context<T> own = context;
  for (std::size_t i = program.ops.size(); i-- > 0;) {
    const Op& op = program.ops[i];
    own.copies = op.copies;
    if (context.d_value_written[op.output] && context.needs_gradient[op.output])
      row_of<T>(op).backward(own, op);
  }
  for (std::size_t p = 0; p < program.parameters.size(); ++p)
    if (program.parameters[p].trainable && !context.gradient_written[p])
      context.clear_gradient(static_cast<int>(p));
}

}  // namespace lamina
