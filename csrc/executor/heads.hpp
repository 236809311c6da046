// The losses over a batch, and their gradients, which start the backward pass.
#pragma once

#include <limits>
#include <vector>

#include "executor/context.hpp"
#include "executor/gather.hpp"

namespace lamina {

// sum_i scale_i L_i of one head, over the rows of all members; d_logits (n, width) unless null.
template <class T>
double run_head(const Context<T>& context, std::size_t h, T* d_logits) {
  const Head& head = context.program.heads[h];
  const i64 members = context.program.members;
  return context.kernels.head(d_logits, context.value(head.logits), context.work.target[h],
                              context.work.scale[h], context.n() * members,
                              context.width(head.logits) / members, head.target_width, head.kind,
                              head.settings.data());
}

// Head h's loss without its weight, from `weighted`, the loss times the weight. The loss is computed again if
// T cannot represent the weight well enough to divide by it (0, for example).
template <class T>
double unweighted_loss(const Context<T>& context, const Batches& data, double total_weight, std::size_t h,
                       double weighted) {
  if (total_weight <= 0) return 0.0;
  const double weight = context.program.heads[h].weight, share = weight / total_weight;
  if (static_cast<T>(share) >= std::numeric_limits<T>::min()) return weighted / weight;
  T* scale = context.work.scale[h];
  scale_rows(context, scale, data.sample_weight, 1.0 / total_weight);
  const double loss = run_head<T>(context, h, nullptr);
  scale_rows(context, scale, data.sample_weight, share);
  return loss;
}

// Writes every head's weight * sum_i w_i L_i / sum_i w_i into losses (heads,), and the gradients of the
// logits; with several heads, also the losses without the heads' weights into means (heads,). A batch whose
// sample weights sum to 0 has loss 0 and gradient 0.
template <class T>
void run_heads(const Context<T>& context, const Batches& data, double total_weight,
               std::vector<double>& losses, std::vector<double>& means) {
  const auto& heads = context.program.heads;
  for (std::size_t h = 0; h < heads.size(); ++h) {
    scale_rows(context, context.work.scale[h], data.sample_weight,
               total_weight > 0 ? heads[h].weight / total_weight : 0.0);
    const int logits = heads[h].logits;
    if (context.needs_gradient[logits]) {
      context.contribute(logits, [&](T* d_logits) { losses[h] = run_head(context, h, d_logits); });
    } else {
      losses[h] = run_head<T>(context, h, nullptr);
    }
    if (heads.size() > 1) means[h] = unweighted_loss(context, data, total_weight, h, losses[h]);
  }
}

}  // namespace lamina
