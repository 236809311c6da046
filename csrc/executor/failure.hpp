// Finds where a non-finite number first appeared. Called only when something is wrong, or may be.
#pragma once

#include <cmath>
#include <optional>
#include <vector>

#include "executor/context.hpp"
#include "executor/update.hpp"

namespace lamina {

// The first op in forward order whose output is not finite.
template <class T>
std::optional<Failure> find_activation(const Context<T>& context) {
  for (const Op& op : context.program.ops)
    if (!context.kernels.all_finite(context.value(context.written(op.output)),
                                    context.n() * context.width(op.output)))
      return Failure{context.step, op.layer, "activation"};
  return std::nullopt;
}

// The layer before the first head whose loss is not finite (the last head if only the penalty is not finite).
template <class T>
Failure find_loss(const Context<T>& context, const std::vector<double>& losses) {
  std::size_t h = 0;
  while (h + 1 < losses.size() && std::isfinite(losses[h])) ++h;
  std::string layer = "input";
  for (const Op& op : context.program.ops)
    if (!losses.empty() && op.output == context.program.heads[h].logits) layer = op.layer;
  return {context.step, layer, "loss"};
}

// The first layer in backward order whose part of the gradient is not finite.
template <class T>
Failure find_gradient(const Context<T>& context) {
  const Program& program = context.program;
  for (std::size_t i = program.ops.size(); i-- > 0;)
    for (const int p : program.ops[i].parameters)
      if (!context.kernels.all_finite(context.gradient + program.parameters[p].offset,
                                      program.parameters[p].size))
        return {context.step, program.ops[i].layer, "gradient"};
  return {context.step, program.parameters.back().layer, "gradient"};
}

// The first layer in forward order with a running statistic that is not finite.
template <class T>
std::optional<Failure> find_statistics(const Context<T>& context) {
  for (const Op& op : context.program.ops)
    for (const int s : op.state)
      if (!context.kernels.all_finite(context.state + context.program.state[s].offset,
                                      context.program.state[s].size))
        return Failure{context.step, op.layer, "running statistics"};
  return std::nullopt;
}

// The first layer in forward order whose part of a flat vector (num_parameters,) is not finite.
template <class T>
std::optional<Failure> find_part(const Context<T>& context, const T* vector, const char* quantity) {
  for (const Op& op : context.program.ops)
    for (const int p : op.parameters)
      if (!context.kernels.all_finite(vector + context.program.parameters[p].offset,
                                      context.program.parameters[p].size))
        return Failure{context.step, op.layer, quantity};
  return std::nullopt;
}

// What an update made infinite or NaN: weights, or else one of their slots.
template <class T>
std::optional<Failure> find_update(const Context<T>& context, const Weights<T>& weights) {
  std::optional<Failure> failure = find_part(context, weights.parameters, "updated weights");
  for (int i = 0; !failure && i < weights.num_slots; ++i)
    failure = find_part(context, weights.slot(i, 0), "optimizer state");
  return failure;
}

}  // namespace lamina
