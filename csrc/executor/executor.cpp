#include "executor/executor.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "executor/failure.hpp"
#include "executor/gather.hpp"
#include "executor/gradient.hpp"
#include "executor/heads.hpp"
#include "executor/passes.hpp"
#include "random/purposes.hpp"

namespace lamina {
namespace {

// By buffer: whether a parameter lies at or above the op that writes it, so that its gradient is wanted.
std::vector<char> find_needs_gradient(const Program& program) {
  std::vector<char> needs(program.widths.size(), 0);
  for (const Op& op : program.ops) {
    const bool inherited = std::any_of(op.inputs.begin(), op.inputs.end(), [&](int b) { return needs[b]; });
    needs[op.output] = inherited || !op.parameters.empty();
  }
  return needs;
}

// By buffer: whether dense ops alone read it, so that a sparse batch may stay sparse.
std::vector<char> find_only_dense(const Program& program) {
  std::vector<char> only(program.widths.size(), 1);
  for (const Op& op : program.ops)
    for (const int b : op.inputs) only[b] = only[b] && op.kind == OpKind::dense;
  for (const int b : program.outputs) only[b] = 0;
  for (const Head& head : program.heads) only[head.logits] = 0;
  return only;
}

// Multiply-adds of a forward pass over one row.
i64 work_per_row(const Program& program) {
  i64 work = 0;
  for (const Op& op : program.ops)
    work +=
        op.kind == OpKind::dense ? program.parameters[op.parameters[0]].size : 4 * program.widths[op.output];
  return work;
}

// The steps' losses, each counted by its rows' weights.
double mean_loss(const double* losses, const Batches& data, const i64* order, i64 batch_size) {
  double sum = 0, total = 0, plain = 0;
  for (i64 first = 0, k = 0; first < data.rows; first += batch_size, ++k) {
    const double weight =
        sum_weights(data.sample_weight, {order + first, 0, std::min(batch_size, data.rows - first)});
    sum += weight * losses[k];
    total += weight;
    plain += losses[k];
  }
  return total > 0 ? sum / total : plain / std::ceil(static_cast<double>(data.rows) / batch_size);
}

}  // namespace

template <class T>
Executor<T>::Executor(Program program, Tools<T> tools, T* parameters, T* state)
    : program_(std::move(program)),
      tools_(tools),
      parameters_(parameters),
      state_(state),
      layers_(group_by_layer(program_)),
      runs_(find_runs(program_, {})),
      sections_(find_sections(program_, {})),
      outer_(find_outer_update(program_)),
      work_per_row_(work_per_row(program_)),
      needs_gradient_(find_needs_gradient(program_)),
      only_dense_(find_only_dense(program_)),
      fusion_(find_fusion(program_)),
      gradient_(program_.num_parameters),
      saved_state_(program_.num_state),
      head_losses_(program_.heads.size()),
      head_means_(program_.heads.size()),
      pieces_(program_.num_parameters / kTileSize + 1),
      d_value_written_(program_.widths.size()),
      gradient_written_(program_.parameters.size()),
      sparse_input_(program_.widths.size()) {}

template <class T>
void Executor<T>::configure(TrainingPlan plan, T* slots, int num_slots) {
  const std::lock_guard lock(mutex_);
  plan_ = std::move(plan);
  rule_ = UpdateRule(plan_.rule, plan_.coefficients);
  slots_ = slots;
  num_slots_ = num_slots;
}

// Whether input i, which is sparse in the data, stays so.
template <class T>
bool Executor<T>::stays_sparse(const Batches& data, std::size_t i) const {
  return data.inputs[i].sparse() && only_dense_[program_.inputs[i]];
}

// Multiply-adds of a forward pass over so many rows; of a batch that stays sparse only what it stores counts.
template <class T>
i64 Executor<T>::work_of(const Batches& data, i64 rows) const {
  i64 work = rows * work_per_row_;
  for (std::size_t i = 0; i < data.inputs.size(); ++i) {
    if (!stays_sparse(data, i)) continue;
    for (const Op& op : program_.ops)
      if (op.inputs[0] == program_.inputs[i])
        work -= static_cast<i64>((1 - data.inputs[i].density()) *
                                 static_cast<double>(rows * program_.parameters[op.parameters[0]].size));
  }
  return work;
}

// Threads pay for themselves from some 0.2 ms of work a step.
template <class T>
int Executor<T>::threads_for(const Batches& data, i64 rows) const {
  if (tools_.num_threads > 0) return tools_.num_threads;
  const i64 threads = 3 * work_of(data, rows) >> 23;
  if (threads < 2) return 1;
  const int most = available_threads();
  return static_cast<int>(
      std::min<i64>(threads, tools_.most_threads > 0 ? std::min(tools_.most_threads, most) : most));
}

// Whether a batch of that many rows has a product large enough for BLAS.
template <class T>
bool Executor<T>::may_use_blas(i64 rows) const {
  if (!tools_.blas || tools_.product != ProductKind::automatic) return tools_.product == ProductKind::blas;
  return std::any_of(program_.ops.begin(), program_.ops.end(), [&](const Op& op) {
    return op.kind == OpKind::dense && rows * program_.parameters[op.parameters[0]].size >= tools_.blas_from;
  });
}

template <class T>
Pool* Executor<T>::pool_for(const Batches& data, i64 rows) {
  const int threads = threads_for(data, rows);
  if (threads == 1) return nullptr;
  if (pool_ && pool_process_ != getpid())
    pool_.release();  // threads do not survive a fork; joining them would hang
  if (!pool_ || pool_->wanted() != threads) pool_ = std::make_unique<Pool>(threads);
  pool_process_ = getpid();
  return pool_.get();
}

template <class T>
Context<T> Executor<T>::begin(Workspace<T>& work, Pool* pool, const Batches& data, Rows rows, bool training,
                              bool update_state, i64 step, const double* dropout_rates) {
  forget_contributions();
  outer_left_ = false;
  for (std::size_t i = 0; i < data.inputs.size(); ++i) {
    const int buffer = program_.inputs[i];
    sparse_input_[buffer] = stays_sparse(data, i) ? &data.inputs[i] : nullptr;
  }
  const Product<T> product{tools_, pool};
  return {program_,
          *tools_.kernels,
          product,
          pool,
          work,
          parameters_,
          state_,
          gradient_.data(),
          d_value_written_,
          gradient_written_,
          needs_gradient_,
          sparse_input_,
          rows,
          training,
          update_state,
          plan_.seed,
          step,
          dropout_rates,
          &fusion_};
}

template <class T>
void Executor<T>::forget_contributions() {
  std::fill(d_value_written_.begin(), d_value_written_.end(), 0);
  std::fill(gradient_written_.begin(), gradient_written_.end(), 0);
}

// Forward, losses, backward, penalties: fills the flat gradient and returns the total loss.
template <class T>
double Executor<T>::differentiate(const Context<T>& context, const Batches& data) {
  gather_inputs(context, data.inputs);
  gather_targets(context, data.targets);
  forward(context);
  const double total_weight = sum_weights(data.sample_weight, context.rows);
  run_heads(context, data, total_weight, head_losses_, head_means_);
  backward(context);
  penalize(context, total_weight);
  double loss = totals_.penalty;
  for (const double each : head_losses_) loss += each;
  return loss;
}

template <class T>
void Executor<T>::penalize(const Context<T>& context, double total_weight) {
  const double factor = !plan_.penalty_per_row ? 1.0 : total_weight > 0 ? 1.0 / total_weight : 0.0;
  const T largest = context.outer_weights ? largest_gradient(context, outer_) : T(0);
  outer_left_ = context.outer_weights && std::isfinite(largest);
  if (context.outer_weights && !outer_left_) write_outer_gradients(context, outer_);
  totals_ = finish_gradient(*tools_.kernels, context.pool, outer_left_ ? outer_.other_sections : sections_,
                            gradient_.data(), parameters_, factor, plan_.record_norms || plan_.clipping.norm,
                            pieces_);
  if (outer_left_) totals_.largest = std::max(totals_.largest, static_cast<double>(largest));
}

template <class T>
std::optional<Failure> Executor<T>::find_failure(const Context<T>& context, double loss) {
  const bool finite_loss = std::isfinite(loss);
  if (finite_loss && totals_.finite())
    return program_.num_state == 0 || context.kernels.all_finite(state_, program_.num_state)
               ? std::nullopt
               : find_statistics(context);
  if (outer_left_) write_outer_gradients(context, outer_);  // or those of an earlier step would be looked at
  Context<T> again = context;                               // the backward pass has used up some values
  again.update_state = false;
  forward(again);
  if (auto failure = find_activation(context)) return failure;
  return finite_loss ? find_gradient(context) : find_loss(context, head_losses_);
}

// Whether the update may work out gradients of its own: nothing else asks for them.
template <class T>
bool Executor<T>::leaves_gradients(const Context<T>& context) const {
  return !plan_.record_norms && !plan_.clipping.any() && is_outer_product(context, outer_);
}

// squares: the sum of those of the gradient as it is.
template <class T>
bool Executor<T>::clip(Pool* pool, double squares) {
  const Kernels<T>& kernels = *tools_.kernels;
  const Clipping& clipping = plan_.clipping;
  bool changed = false;
  if (clipping.value)
    changed |= kernels.clip_value(gradient_.data(), program_.num_parameters, clipping.value->first,
                                  clipping.value->second);
  if (clipping.layer_norm)
    changed |= clip_layers(program_, kernels, pool, layers_, gradient_.data(), *clipping.layer_norm, pieces_);
  if (!clipping.norm) return changed;
  if (changed) squares = sum_squares(kernels, pool, gradient_.data(), program_.num_parameters, pieces_);
  const double norm = std::sqrt(squares);
  if (norm <= *clipping.norm) return changed;
  kernels.scale(gradient_.data(), program_.num_parameters, *clipping.norm / norm);
  return true;
}

// Whether what this step, and perhaps the next ones, compute is surely finite. After a no that was got by
// looking at all weights there is no point in looking again in every step.
template <class T>
[[gnu::cold, gnu::noinline]] bool Executor<T>::extend_reach(const UpdateNumbers& numbers, double gradient,
                                                            const Weights<T>& weights) {
  if (!follows_reach_) return false;
  const auto extend = [&] {
    return (reach_.extend(plan_.rule, numbers, gradient, 64, 16) ||
            reach_.extend(plan_.rule, numbers, gradient, 1, 1)) &&
           reach_.allows(numbers, gradient);
  };
  if (reach_.known() && extend()) return true;
  reach_ = measure_reach(*tools_.kernels, weights);  // which may be far less than its bounds
  return follows_reach_ = extend();
}

// `failure` becomes what it makes infinite or NaN. Norms are bounded last: nothing becomes so by that.
template <class T>
void Executor<T>::update_parameters(const Context<T>& context, double learning_rate, double weight_decay,
                                    std::optional<Failure>& failure) {
  const UpdateNumbers numbers = rule_.numbers(context.step + 1, learning_rate, weight_decay);
  UpdateNumbers without_decay = numbers;
  without_decay.keep = 1;
  const Weights<T> weights{parameters_, slots_, num_slots_, program_.num_parameters};
  const double gradient = plan_.clipping.largest_after(totals_.largest);
  const bool certain = reach_.allows(numbers, gradient) || extend_reach(numbers, gradient, weights);
  if (!certain && outer_left_) {
    write_outer_gradients(context, outer_);
    outer_left_ = false;
  }
  const Runs& runs = outer_left_ ? outer_.other_runs : runs_;
  bool finite = true;
  for (const Run& run : runs.of(weight_decay)) {
    const UpdateNumbers& of_run = run.decay ? numbers : without_decay;
    if (certain) {
      update(*tools_.kernels, context.pool, plan_.rule, of_run, run, weights, gradient_.data());
    } else {
      finite &=
          update_watched(*tools_.kernels, context.pool, plan_.rule, of_run, run, weights, gradient_.data());
    }
  }
  if (outer_left_) update_outer(context, outer_, plan_.rule, numbers, without_decay, weights);
  if (!finite && (failure = find_update(context, weights))) return;
  apply_max_norms(program_, *tools_.kernels, parameters_, training_.scratch);
}

template <class T>
typename Executor<T>::StepOutcome Executor<T>::take_step(const Context<T>& context, const Batches& data,
                                                         double learning_rate, double weight_decay) {
  StepOutcome outcome;
  std::copy_n(state_, program_.num_state, saved_state_.data());
  outcome.loss = differentiate(context, data);
  outcome.failure = find_failure(context, outcome.loss);
  if (!outcome.failure) {
    outcome.norm = std::sqrt(totals_.squares);
    outcome.clipped = clip(context.pool, totals_.squares);
    update_parameters(context, learning_rate, weight_decay, outcome.failure);
  }
  if (outcome.failure) std::copy_n(saved_state_.data(), program_.num_state, state_);
  return outcome;
}

// One pass over `order`, a step a batch, until a step fails; `summary` knows how many steps were taken
// before.
template <class T>
void Executor<T>::take_steps(TrainingSummary& summary, const Batches& data, const i64* order, i64 size,
                             i64 batch_size, i64 first_step, const StepValues& values,
                             const StepRecords& records) {
  const Rows first_rows{order, 0, std::min(batch_size, size)};
  Context<T> context =
      begin(training_, pool_for(data, first_rows.size), data, first_rows, true, true, first_step, nullptr);
  for (i64 first = 0; first < size; first += batch_size) {
    const i64 k = summary.steps;
    context.rows = {order + first, 0, std::min(batch_size, size - first)};
    context.step = first_step + k;
    if (values.dropout_rates) context.dropout_rates = values.dropout_rates + k * values.num_dropouts;
    context.outer_weights = leaves_gradients(context) ? &outer_.weights : nullptr;
    forget_contributions();
    StepOutcome outcome = take_step(context, data, values.learning_rates[k],
                                    values.weight_decays ? values.weight_decays[k] : 0.0);
    if (outcome.failure) {
      summary.failure = std::move(outcome.failure);
      return;
    }
    records.losses[k] = outcome.loss;
    if (records.norms) records.norms[k] = outcome.norm;
    if (records.head_losses)
      std::copy(head_means_.begin(), head_means_.end(), records.head_losses + k * program_.heads.size());
    summary.num_clipped += outcome.clipped;
    ++summary.steps;
  }
}

template <class T>
TrainingSummary Executor<T>::train(const Batches& data, const i64* order, i64 size, i64 batch_size,
                                   i64 first_step, const StepValues& values, const StepRecords& records) {
  const std::lock_guard lock(mutex_);
  training_.prepare(program_, std::min(batch_size, size), true);
  const Following following(*this, size > batch_size);
  TrainingSummary summary;
  take_steps(summary, data, order, size, batch_size, first_step, values, records);
  return summary;
}

template <class T>
TrainingSummary Executor<T>::train_epochs(const Batches& data, Epochs epochs, i64 batch_size, i64 first_step,
                                          const StepValues& values, const StepRecords& records,
                                          Best<T>& best) {
  const std::lock_guard lock(mutex_);
  training_.prepare(program_, std::min(batch_size, data.rows), true);
  const Following following(*this, epochs.count > 1 || data.rows > batch_size);
  order_.resize(data.rows);
  std::iota(order_.begin(), order_.end(), i64{0});
  TrainingSummary summary;
  for (i64 e = 0; e < epochs.count; ++e) {
    const i64 before = summary.steps;
    if (epochs.shuffle)
      tools_.kernels->permute(order_.data(), data.rows,
                              {plan_.seed, kShuffle, epochs.first + static_cast<std::uint32_t>(e), 0});
    take_steps(summary, data, order_.data(), data.rows, batch_size, first_step, values, records);
    if (summary.failure) break;
    offer(best, mean_loss(records.losses + before, data, order_.data(), batch_size));
  }
  return summary;
}

template <class T>
void Executor<T>::offer(Best<T>& best, double loss) const {
  if (!(loss < best.loss)) return;
  best.loss = loss;
  ++best.num_better;
  std::swap(best.parameters, best.parameters_before);
  std::swap(best.state, best.state_before);
  std::copy_n(parameters_, program_.num_parameters, best.parameters);
  std::copy_n(state_, program_.num_state, best.state);
}

// The widest buffer of a piece then lies in the second-level cache; pieces are smaller where there would be a
// single one to deal to threads. The room of a buffer that stays sparse is not touched, but it is asked for.
template <class T>
Pieces Executor<T>::inference_pieces(const Batches& data) const {
  i64 widest = 1;
  for (const Op& op : program_.ops) widest = std::max(widest, program_.widths[op.output]);
  for (std::size_t i = 0; i < data.inputs.size(); ++i)
    widest = std::max(widest, data.inputs[i].width / (stays_sparse(data, i) ? 256 : 1));
  const i64 most = 131072 / widest, wanted = std::clamp<i64>((data.rows + 1) / 2, most / 2, most);
  const i64 rows = std::clamp<i64>(std::min(data.rows, wanted), 1, 2048);
  return {rows, (data.rows + rows - 1) / rows};
}

// Calls use(context) after a forward pass in inference mode over every piece of the data. Many pieces are
// dealt to the threads in spans, one each and each in memory of its own; a single piece is shared op by op.
template <class T>
template <class Use>
void Executor<T>::infer(const Batches& data, const Pieces& pieces, Use use) {
  const i64 spans = std::clamp<i64>(threads_for(data, data.rows), 1, std::max<i64>(pieces.count, 1));
  const i64 span = (pieces.count + spans - 1) / spans * pieces.rows;
  if (static_cast<i64>(inference_.size()) < spans) inference_.resize(spans);
  Pool* pool = pool_for(data, spans > 1 ? data.rows : pieces.rows);
  Pool* inner = spans > 1 ? nullptr : pool;
  std::vector<Context<T>> contexts;
  for (i64 s = 0; s < spans; ++s) {
    inference_[s].prepare(program_, pieces.rows, false);
    contexts.push_back(
        begin(inference_[s], inner, data, {nullptr, 0, pieces.rows}, false, false, 0, nullptr));
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

template <class T>
void Executor<T>::predict(const Batches& data, const std::vector<Function>& links,
                          const std::vector<T*>& outputs) {
  const std::lock_guard lock(mutex_);
  infer(data, inference_pieces(data), [&](const Context<T>& context) {
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const i64 width = context.width(program_.outputs[i]);
      context.kernels.activation_forward(outputs[i] + context.rows.first * width,
                                         context.value(program_.outputs[i]), context.n(), width, links[i],
                                         nullptr);
    }
  });
}

template <class T>
void Executor<T>::evaluate(const Batches& data, double* losses) {
  const std::lock_guard lock(mutex_);
  const double total_weight = sum_weights(data.sample_weight, {nullptr, 0, data.rows});
  const Pieces pieces = inference_pieces(data);
  const std::size_t heads = program_.heads.size();
  std::vector<double> sums(pieces.count * heads);
  infer(data, pieces, [&](const Context<T>& context) {
    gather_targets(context, data.targets);
    for (std::size_t h = 0; h < heads; ++h) {
      scale_rows(context.work.scale[h], data.sample_weight, context.rows,
                 total_weight > 0 ? 1.0 / total_weight : 0.0);
      double& sum = sums[context.rows.first / pieces.rows * heads + h];
      sum = run_head<T>(context, h, nullptr);
      const int logits = program_.heads[h].logits;
      // A hinge loss of infinite logits is 0, and would pass for a good one.
      if (!context.kernels.all_finite(context.value(logits), context.n() * context.width(logits)))
        sum = std::numeric_limits<double>::quiet_NaN();
    }
  });
  std::fill_n(losses, heads, 0.0);
  for (std::size_t i = 0; i < sums.size(); ++i) losses[i % heads] += sums[i];
}

template <class T>
double Executor<T>::loss_and_gradient(const Batches& data, Rows rows, bool training, i64 step, T* gradient,
                                      double* head_losses) {
  const std::lock_guard lock(mutex_);
  training_.prepare(program_, rows.size, true);
  const double loss = differentiate(
      begin(training_, pool_for(data, rows.size), data, rows, training, false, step, nullptr), data);
  std::copy(gradient_.begin(), gradient_.end(), gradient);
  if (head_losses) std::copy(head_means_.begin(), head_means_.end(), head_losses);
  return loss;
}

template <class T>
void Executor<T>::forward_half(const Batches& data, Rows rows, i64 step, const std::vector<T*>& outputs) {
  const std::lock_guard lock(mutex_);
  training_.prepare(program_, rows.size, true);
  held_ = data;
  held_rows_ = rows;
  std::copy_n(state_, program_.num_state, saved_state_.data());
  const Context<T> context =
      begin(training_, pool_for(held_, rows.size), held_, rows, true, true, step, nullptr);
  gather_inputs(context, held_.inputs);
  forward(context);
  for (std::size_t i = 0; i < outputs.size(); ++i)
    std::copy_n(context.value(program_.outputs[i]), rows.size * context.width(program_.outputs[i]),
                outputs[i]);
}

template <class T>
std::optional<Failure> Executor<T>::backward_half(const std::vector<const T*>& d_outputs, i64 step,
                                                  double learning_rate, double weight_decay, double rows) {
  const std::lock_guard lock(mutex_);
  const Context<T> context =
      begin(training_, pool_for(held_, held_rows_.size), held_, held_rows_, true, true, step, nullptr);
  for (std::size_t i = 0; i < d_outputs.size(); ++i) {
    const i64 size = context.n() * context.width(program_.outputs[i]);
    context.contribute(program_.outputs[i], [&](T* d_value) { std::copy_n(d_outputs[i], size, d_value); });
  }
  backward(context);
  penalize(context, rows);
  std::optional<Failure> failure = find_failure(context, 0.0);
  if (!failure) {
    clip(context.pool, totals_.squares);
    update_parameters(context, learning_rate, weight_decay, failure);
  }
  if (failure) std::copy_n(saved_state_.data(), program_.num_state, state_);
  return failure;
}

template class Executor<float>;
template class Executor<double>;

}  // namespace lamina
