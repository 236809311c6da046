#include "executor/inference.hpp"

#include <algorithm>
#include <limits>

#include "executor/gather.hpp"
#include "executor/heads.hpp"
#include "executor/passes.hpp"

namespace lamina {

// The widest buffer of a piece then fits into the L2 cache; pieces are smaller if there would be only one for
// the threads to share. The memory of a buffer that stays sparse is not touched, but still counts here.
template <class T>
Pieces Inference<T>::pieces_of(const Batches& data) const {
  i64 widest = 1;
  for (const Op& op : facts_.program.ops) widest = std::max(widest, facts_.program.widths[op.output]);
  for (std::size_t i = 0; i < data.inputs.size(); ++i)
    widest = std::max(widest, data.inputs[i].width / (facts_.stays_sparse(data, i) ? 256 : 1));
  const i64 most = 131072 / widest, wanted = std::clamp<i64>((data.rows + 1) / 2, most / 2, most);
  const i64 rows = std::clamp<i64>(std::min(data.rows, wanted), 1, 2048);
  return {rows, (data.rows + rows - 1) / rows};
}

// Calls use(context) after a forward pass over every piece of the data. Many pieces are divided among the
// threads, one span and one workspace for each; a single piece is shared op by op.
template <class T>
template <class Use>
void Inference<T>::run(const Weights<T>& weights, const Batches& data, const Pieces& pieces, bool mixed,
                       Use use) {
  const i64 spans =
      std::clamp<i64>(threads_for(facts_, tools_, data, data.rows), 1, std::max<i64>(pieces.count, 1));
  const i64 span = (pieces.count + spans - 1) / spans * pieces.rows;
  if (static_cast<i64>(work_.size()) < spans) work_.resize(spans);
  Pool* pool = workers_.pool(threads_for(facts_, tools_, data, spans > 1 ? data.rows : pieces.rows));
  Pool* inner = spans > 1 ? nullptr : pool;
  std::vector<Context<T>> contexts;
  for (i64 s = 0; s < spans; ++s) {
    work_[s].prepare(facts_.program, pieces.rows, false);
    contexts.push_back(begin_pass(facts_, tools_, inner, work_[s], weights, static_cast<T*>(nullptr), nullptr,
                                  0, data, {nullptr, 0, pieces.rows}, {false, false}));
    contexts.back().mixed = mixed;
  }
  over_tiles(spans > 1 ? pool : nullptr, spans, [&](i64 s) {
    for (i64 first = s * span; first < std::min(data.rows, (s + 1) * span); first += pieces.rows) {
      contexts[s].rows = {nullptr, first, std::min(pieces.rows, data.rows - first)};
      gather_inputs(contexts[s], data.inputs);
      forward(contexts[s]);
      use(contexts[s]);
    }
  });
}

// Writes the context's rows of `to` (all rows, width of one member): the link of the logits, averaged over
// members.
template <class T>
void predict_mean(const Context<T>& context, int output, Function link, T* to) {
  const i64 members = context.program.members, width = context.width(output) / members, n = context.n();
  T* out = to + context.rows.first * width;
  const auto run = [&](T* linked) {
    context.kernels.activation_forward(linked, context.value(output), n * members, width, link, nullptr);
  };
  if (members == 1) return run(out);
  T* linked = context.work.scratch;
  run(linked);
  for (i64 i = 0; i < n; ++i)
    context.kernels.sum_rows(out + i * width, linked + i * members * width, members, width);
  context.kernels.scale(out, n * width, 1.0 / static_cast<double>(members));
}

template <class T>
void Inference<T>::predict(const Weights<T>& weights, const Batches& data, const std::vector<Function>& links,
                           bool mixed, const std::vector<T*>& outputs) {
  run(weights, data, pieces_of(data), mixed, [&](const Context<T>& context) {
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const int output = context.program.outputs[i];
      const i64 width = context.width(output);
      if (links.empty()) {
        std::copy_n(context.value(output), context.n() * width, outputs[i] + context.rows.first * width);
      } else {
        predict_mean(context, output, links[i], outputs[i]);
      }
    }
  });
}

template <class T>
void Inference<T>::evaluate(const Weights<T>& weights, const Batches& data, double* losses) {
  const double total_weight = sum_weights(data.sample_weight, {nullptr, 0, data.rows});
  const Pieces pieces = pieces_of(data);
  const std::size_t heads = facts_.program.heads.size();
  std::vector<double> sums(pieces.count * heads);
  run(weights, data, pieces, false, [&](const Context<T>& context) {
    gather_targets(context, data.targets);
    for (std::size_t h = 0; h < heads; ++h) {
      scale_rows(context, context.work.scale[h], data.sample_weight,
                 total_weight > 0 ? 1.0 / total_weight : 0.0);
      double& sum = sums[context.rows.first / pieces.rows * heads + h];
      sum = run_head<T>(context, h, nullptr);
      const int logits = context.program.heads[h].logits;
      // The hinge loss of infinite logits can be 0, which would look good.
      if (!context.kernels.all_finite(context.value(logits), context.n() * context.width(logits)))
        sum = std::numeric_limits<double>::quiet_NaN();
    }
  });
  std::fill_n(losses, heads, 0.0);
  for (std::size_t i = 0; i < sums.size(); ++i) losses[i % heads] += sums[i];
}

template class Inference<float>;
template class Inference<double>;

}  // namespace lamina
