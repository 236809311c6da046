// Updates weights in a step of one row without storing their gradient.
//
// With one row the gradient of a dense op's weights is an outer product, x^T d_out: one product for each
// weight, which the update computes on the fly. Since a step is only taken if its whole gradient is finite,
// this must be known in advance: the largest of x times the largest of d_out bounds it. That the results of
// the update will be finite must be known in advance, too: reach.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "executor/context.hpp"
#include "executor/gradient.hpp"
#include "executor/update.hpp"

namespace lamina {

struct OuterUpdate {
  std::vector<int> ops;       // the ops with such weights
  std::vector<int> numbers;   // by op: which of a step's numbers update them
  std::vector<char> weights;  // by parameter: whether it is one of these weights
  std::vector<Section> other_sections;
  Runs other_runs;
};

inline OuterUpdate find_outer_update(const Program& program) {
  constexpr i64 kWholeVectors = 16;  // numbers that fill vectors of any width
  const std::vector<int> uses = count_uses(program);
  const std::vector<double> factors = find_factors(program);
  OuterUpdate outer{{}, {}, std::vector<char>(program.parameters.size(), 0), {}, {}};
  for (std::size_t i = 0; i < program.ops.size(); ++i) {
    const Op& op = program.ops[i];
    if (op.kind != OpKind::dense || op.copies > 1 || program.widths[op.output] % kWholeVectors != 0) continue;
    const Parameter& weight = program.parameters[op.parameters[0]];
    if (uses[op.parameters[0]] != 1 || !weight.trainable || weight.l1 != 0 || weight.l2 != 0) continue;
    outer.ops.push_back(static_cast<int>(i));
    outer.numbers.push_back(which_numbers(factors, weight, weight.decay));
    outer.weights[op.parameters[0]] = 1;
  }
  outer.other_sections = find_sections(program, outer.weights);
  outer.other_runs = find_runs(program, outer.weights);
  return outer;
}

// Whether this batch can be updated that way.
template <class T>
bool is_outer_product(const Context<T>& context, const OuterUpdate& outer) {
  if (context.n() != 1 || outer.ops.empty()) return false;
  for (const int i : outer.ops)
    if (context.sparse_input[context.program.ops[i].inputs[0]]) return false;
  return true;
}

// An upper bound of the gradients that the backward pass left out; not finite if there may be none, or if the
// pass did not reach all of the ops.
template <class T>
T largest_gradient(const Context<T>& context, const OuterUpdate& outer) {
  T bound = 0;
  for (const int i : outer.ops) {
    const Op& op = context.program.ops[i];
    const int x = op.inputs[0];
    if (!context.d_value_written[op.output]) return std::numeric_limits<T>::infinity();
    const T product = context.kernels.largest(context.value(x), context.width(x)) *
                      context.kernels.largest(context.d_value(op.output), context.width(op.output));
    if (!std::isfinite(product)) return product;
    bound = std::max(bound, product);
  }
  return bound;
}

// Writes the gradients that the backward pass left out.
template <class T>
void write_outer_gradients(const Context<T>& context, const OuterUpdate& outer) {
  for (const int i : outer.ops) {
    const Op& op = context.program.ops[i];
    if (!context.d_value_written[op.output]) continue;
    context.product(true, false, context.width(op.inputs[0]), context.width(op.output), 1,
                    context.value(op.inputs[0]), context.d_value(op.output), {},
                    context.gradient + context.program.parameters[op.parameters[0]].offset);
  }
}

// One step for the weights of one op.
template <class T>
void update_outer(const Context<T>& context, const Op& op, Rule rule, const UpdateNumbers& numbers,
                  const Weights<T>& weights) {
  const T *x = context.value(op.inputs[0]), *d_out = context.d_value(op.output);
  const i64 width = context.width(op.output), offset = context.program.parameters[op.parameters[0]].offset;
  over_pieces(context.pool, context.width(op.inputs[0]), width, [&](i64 first, i64 count) {
    const i64 at = offset + first * width;
    context.kernels.update_outer(weights.parameters + at, weights.slot(0, at), weights.slot(1, at), x + first,
                                 d_out, count, width, rule, &numbers);
  });
}

template <class T>
void update_outer(const Context<T>& context, const OuterUpdate& outer, Rule rule, const StepNumbers& numbers,
                  const Weights<T>& weights) {
  for (std::size_t i = 0; i < outer.ops.size(); ++i)
    update_outer(context, context.program.ops[outer.ops[i]], rule, numbers[outer.numbers[i]], weights);
}

}  // namespace lamina
