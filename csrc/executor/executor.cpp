#include "executor/executor.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <utility>

#include "executor/gather.hpp"
#include "executor/heads.hpp"
#include "executor/passes.hpp"
#include "random/purposes.hpp"

namespace lamina {
namespace {

// The mean of the steps' losses, weighted by the weights of their rows.
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

// Starts a backward pass for a loss that the caller computes.
template <class T>
void contribute_outputs(const Context<T>& context, const std::vector<const T*>& d_outputs) {
  for (std::size_t i = 0; i < d_outputs.size(); ++i) {
    const int output = context.program.outputs[i];
    const i64 size = context.n() * context.width(output);
    context.contribute(output, [&](T* d_value) { std::copy_n(d_outputs[i], size, d_value); });
  }
}

// Whether the rows of the step are looked at.
bool is_watched(const std::vector<Watch>& watches, i64 step) {
  return std::any_of(watches.begin(), watches.end(), [=](const Watch& watch) { return watch.own.due(step); });
}

}  // namespace

template <class T>
Executor<T>::Executor(Program program, Tools<T> tools, T* parameters, T* state)
    : facts_(std::move(program)),
      tools_(tools),
      step_(facts_, tools_, parameters, state),
      inference_(facts_, tools_, workers_) {}

template <class T>
void Executor<T>::configure(TrainingPlan plan, T* slots, int num_slots) {
  const std::lock_guard lock(mutex_);
  step_.close();
  step_.configure(std::move(plan), slots, num_slots);
}

template <class T>
void Executor<T>::abandon() {
  const std::lock_guard lock(mutex_);
  step_.close();
}

template <class T>
int Executor<T>::threads_for(const Batches& data, i64 rows) const {
  return lamina::threads_for(facts_, tools_, data, rows);
}

template <class T>
Pool* Executor<T>::pool_for(const Batches& data, i64 rows) {
  return workers_.pool(threads_for(data, rows));
}

// Whether a batch of that many rows has a product large enough for BLAS.
template <class T>
bool Executor<T>::may_use_blas(i64 rows) const {
  if (!tools_.blas || tools_.product != ProductKind::automatic) return tools_.product == ProductKind::blas;
  const Program& program = facts_.program;
  return std::any_of(program.ops.begin(), program.ops.end(), [&](const Op& op) {
    return op.makes_sums() && rows * program.work_of(op) >= tools_.blas_from;
  });
}

// One pass over `order`, one step per batch, until a step fails; `summary` holds how many steps were taken
// before.
template <class T>
void Executor<T>::take_steps(TrainingSummary& summary, const Batches& data, const i64* order, i64 size,
                             i64 batch_size, i64 first_step, const StepValues& values,
                             const StepRecords& records, std::vector<Watch>& watches) {
  const Rows first_rows{order, 0, std::min(batch_size, size)};
  Context<T> context =
      step_.begin(pool_for(data, first_rows.size), data, first_rows, {true, true, first_step});
  for (i64 first = 0; first < size; first += batch_size) {
    const i64 k = summary.steps;
    context.rows = {order + first, 0, std::min(batch_size, size - first)};
    context.step = first_step + k;
    if (values.dropout_rates) context.dropout_rates = values.dropout_rates + k * values.num_dropouts;
    const bool is_measured = look_before(watches, context.step, context.pool);
    const double weight_decay = values.weight_decays ? values.weight_decays[k] : 0.0;
    StepOutcome outcome = is_watched(watches, context.step)
                              ? take_watched(context, data, values.learning_rates[k], weight_decay, watches)
                              : step_.take(context, data, values.learning_rates[k], weight_decay);
    if (outcome.failure) {
      summary.failure = std::move(outcome.failure);
      return;
    }
    records.losses[k] = outcome.loss;
    if (records.norms) records.norms[k] = outcome.norm;
    if (records.head_losses)
      std::copy(step_.head_means.begin(), step_.head_means.end(),
                records.head_losses + k * step_.head_means.size());
    if (is_measured) look_after(watches, context.step);
    summary.num_clipped += outcome.clipped;
    ++summary.steps;
  }
}

// A step that is looked at between its halves. Its gradient is that of any other, to the bit.
template <class T>
StepOutcome Executor<T>::take_watched(Context<T>& context, const Batches& data, double learning_rate,
                                      double weight_decay, std::vector<Watch>& watches) {
  const Pass pass{.training = true,
                  .update_state = true,
                  .step = context.step,
                  .dropout_rates = context.dropout_rates,
                  .every_value = true};
  const Context<T> open = step_.begin(context.pool, data, context.rows, pass);
  const double weight = sum_weights(data.sample_weight, context.rows);
  step_.keep_state();
  step_.differentiate_whole(open, data, weight);
  look_within(watches, open, weight);
  if (step_.in_pieces(open)) {
    open.work.forget_contributions();
    step_.differentiate(open, data, weight);
  }
  context.outer_weights = nullptr;
  return step_.finish(context, weight, learning_rate, weight_decay);
}

// Takes the probes that are due before this step, and returns whether its change is to be measured.
template <class T>
bool Executor<T>::look_before(std::vector<Watch>& watches, i64 step, Pool* pool) {
  bool is_measured = false;
  for (Watch& watch : watches) {
    is_measured |= watch.updates.due(step);
    if (!watch.probes.due(step)) continue;
    const i64 at = watch.probes.done++, heads = static_cast<i64>(facts_.program.heads.size());
    probe_rows(watch.rows, watch.layers, watch.bins, pool, watch.tables + at * watch.table_size(),
               watch.losses + at * heads);
  }
  if (is_measured) keep_weights(watches.front().layers);
  return is_measured;
}

template <class T>
void Executor<T>::keep_weights(const std::vector<ProbedLayer>& layers) {
  before_.resize(facts_.program.num_parameters);
  sizes_before_.assign(layers.size(), {});
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (layers[i].weight < 0) continue;
    const Parameter& weight = facts_.program.parameters[layers[i].weight];
    tools_.kernels->keep(&sizes_before_[i].squares, &sizes_before_[i].largest, before_.data() + weight.offset,
                         step_.weights().parameters + weight.offset, weight.size);
  }
}

// Looks at the rows of a step after its first half; at the weights as well if their change is to be measured.
template <class T>
void Executor<T>::look_within(std::vector<Watch>& watches, const Context<T>& context, double weight) const {
  for (Watch& watch : watches) {
    if (!watch.own.due(context.step)) continue;
    const i64 at = watch.own.done++, heads = static_cast<i64>(facts_.program.heads.size());
    double* row = watch.own_tables + at * watch.table_size();
    bool* flat = watch.own_flat + at * watch.units;
    for (std::size_t i = 0; i < watch.layers.size(); ++i) {
      const ProbedLayer& layer = watch.layers[i];
      LayerNumbers found;
      probe_forward(found, row + kLayerNumbers, flat, context, layer, watch.bins);
      probe_backward(found, context, layer, weight);
      if (watch.updates.due(context.step)) {
        probe_weights(found, context, layer, sizes_before_[i]);
        probe_weight_gradient(found, context, layer);
      }
      std::memcpy(row, &found, sizeof(LayerNumbers));
      row += watch.numbers();
      flat += context.width(layer.sums);
    }
    std::copy(step_.head_losses.begin(), step_.head_losses.end(), watch.own_losses + at * heads);
    watch.own_sizes[2 * at] = static_cast<double>(context.n());
    watch.own_sizes[2 * at + 1] = weight;
  }
}

template <class T>
void Executor<T>::look_after(std::vector<Watch>& watches, i64 step) const {
  for (Watch& watch : watches) {
    if (!watch.updates.due(step)) continue;
    const i64 layers = static_cast<i64>(watch.layers.size());
    measure_change(watch.layers, before_.data(), watch.changes + watch.updates.done++ * layers);
  }
}

template <class T>
TrainingSummary Executor<T>::train(const Batches& data, const i64* order, i64 size, i64 batch_size,
                                   i64 first_step, const StepValues& values, const StepRecords& records,
                                   std::vector<Watch>& watches) {
  const std::lock_guard lock(mutex_);
  step_.close();
  step_.prepare(std::min(batch_size, size));
  const typename Step<T>::Following following(step_, size > batch_size);
  TrainingSummary summary;
  take_steps(summary, data, order, size, batch_size, first_step, values, records, watches);
  return summary;
}

template <class T>
TrainingSummary Executor<T>::train_epochs(const Batches& data, Epochs epochs, i64 batch_size, i64 first_step,
                                          const StepValues& values, const StepRecords& records, Best<T>& best,
                                          std::vector<Watch>& watches) {
  const std::lock_guard lock(mutex_);
  step_.close();
  step_.prepare(std::min(batch_size, data.rows));
  const typename Step<T>::Following following(step_, epochs.count > 1 || data.rows > batch_size);
  order_.resize(data.rows);
  std::iota(order_.begin(), order_.end(), i64{0});
  TrainingSummary summary;
  for (i64 e = 0; e < epochs.count; ++e) {
    const i64 before = summary.steps;
    if (epochs.shuffle)
      tools_.kernels->permute(order_.data(), data.rows,
                              {step_.plan().seed, kShuffle, epochs.first + static_cast<std::uint32_t>(e), 0});
    take_steps(summary, data, order_.data(), data.rows, batch_size, first_step, values, records, watches);
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
  std::copy_n(step_.weights().parameters, facts_.program.num_parameters, best.parameters);
  std::copy_n(step_.weights().state, facts_.program.num_state, best.state);
}

// The user's objective may use the executor to predict, and would wait for this very call to end; a pool
// might also be replaced meanwhile.
template <class T>
PerturbationSummary Executor<T>::perturb(const Batches& data, const i64* order, i64 size, i64 batch_size,
                                         i64 first_step, const double* learning_rates,
                                         const PerturbationRule& rule, const Objective<T>& objective,
                                         const PerturbationRecords& records) {
  std::unique_lock lock(mutex_);
  struct Unlocked {
    explicit Unlocked(std::unique_lock<std::mutex>& lock) : lock(lock) { lock.unlock(); }
    ~Unlocked() { lock.lock(); }
    std::unique_lock<std::mutex>& lock;
  };
  Objective<T> outside;
  if (objective)
    outside = [&](i64 k, i64 rows, const std::vector<const T*>& outputs) {
      const Unlocked unlocked(lock);
      return objective(k, rows, outputs);
    };
  step_.close();
  Pool* pool = objective ? nullptr : pool_for(data, std::min(batch_size, size));
  Perturber<T> perturber(step_, pool, rule, std::move(outside));
  return perturber.train(data, order, size, batch_size, first_step, learning_rates, records);
}

template <class T>
Context<T> Executor<T>::begin_part(const Batches& data, const Part& part, i64 step) {
  held_threads_ = threads_for(data, part.rows.size);
  step_.prepare(part.rows.size);
  step_.open();
  const Pass pass{true, true, step, part.dropout_rates};
  Context<T> context = step_.begin(workers_.pool(held_threads_), data, part.rows, pass);
  context.first_row = part.first_row;
  step_.hold(context);
  return context;
}

template <class T>
void Executor<T>::write_gradient(const GradientRecords<T>& records) const {
  std::copy(step_.gradient.begin(), step_.gradient.end(), records.gradient);
  if (records.losses) std::copy(step_.head_losses.begin(), step_.head_losses.end(), records.losses);
  if (records.head_losses) std::copy(step_.head_means.begin(), step_.head_means.end(), records.head_losses);
}

template <class T>
double Executor<T>::gradient(const Batches& data, const Part& part, i64 step,
                             const GradientRecords<T>& records) {
  const std::lock_guard lock(mutex_);
  const double weight = sum_weights(data.sample_weight, part.rows);
  step_.differentiate(begin_part(data, part, step), data, part.whole.value_or(weight));
  write_gradient(records);
  return weight;
}

template <class T>
void Executor<T>::forward(const Batches& data, const Part& part, i64 step, const std::vector<T*>& outputs) {
  const std::lock_guard lock(mutex_);
  const Context<T> context = begin_part(data, part, step);
  gather_inputs(context, data.inputs);
  lamina::forward(context);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const int output = facts_.program.outputs[i];
    std::copy_n(context.value(output), context.n() * context.width(output), outputs[i]);
  }
}

template <class T>
void Executor<T>::backward(const std::vector<const T*>& d_outputs, i64 step, T* gradient) {
  const std::lock_guard lock(mutex_);
  const Context<T> context = step_.resume(workers_.pool(held_threads_), step);
  contribute_outputs(context, d_outputs);
  lamina::backward(context);
  write_gradient({gradient, nullptr, nullptr});
}

template <class T>
StepOutcome Executor<T>::update(const T* gradient, const double* losses, double total_weight, i64 step,
                                double learning_rate, double weight_decay) {
  const std::lock_guard lock(mutex_);
  step_.open();
  for (const Range& range : facts_.trained)
    std::copy_n(gradient + range.offset, range.size, step_.gradient.begin() + range.offset);
  step_.find_rows();
  std::copy_n(losses, step_.head_losses.size(), step_.head_losses.begin());
  const Context<T> context = step_.resume(workers_.pool(held_threads_), step);
  StepOutcome outcome = step_.finish(context, total_weight, learning_rate, weight_decay);
  step_.close();
  return outcome;
}

template <class T>
double Executor<T>::loss_and_gradient(const Batches& data, Rows rows, bool training, i64 step,
                                      const GradientRecords<T>& records) {
  const std::lock_guard lock(mutex_);
  step_.prepare(rows.size);
  const Context<T> context = step_.begin(pool_for(data, rows.size), data, rows, {training, false, step});
  const double weight = sum_weights(data.sample_weight, rows);
  step_.differentiate(context, data, weight);
  const double loss = step_.penalize(context, weight, L1Slope::included);
  write_gradient(records);
  return loss;
}

template <class T>
std::vector<char> Executor<T>::observe(const Batches& data, Rows rows, const Pass& pass,
                                       const std::vector<const T*>& d_outputs, const Probes<T>& probes) {
  const std::lock_guard lock(mutex_);
  step_.prepare(rows.size);
  const Context<T> context = step_.begin(pool_for(data, rows.size), data, rows, pass);
  gather_inputs(context, data.inputs);
  gather_targets(context, data.targets);
  lamina::forward(context);
  const auto copy = [&](int buffer, const T* from, T* to) {
    if (to) std::copy_n(from, context.n() * context.width(buffer), to);
  };
  const int buffers = static_cast<int>(facts_.program.widths.size());
  for (int b = 0; b < buffers; ++b) copy(b, context.value(b), probes.values[b]);
  if (d_outputs.empty() && data.targets.empty()) return std::vector<char>(buffers, 0);
  if (d_outputs.empty()) {
    run_heads(context, data, sum_weights(data.sample_weight, rows), step_.head_losses, step_.head_means);
  } else {
    contribute_outputs(context, d_outputs);
  }
  lamina::backward(context);
  for (int b = 0; b < buffers; ++b)
    if (context.work.d_value_written[b]) copy(b, context.d_value(b), probes.d_values[b]);
  write_gradient(probes.records);
  return context.work.d_value_written;
}

template <class T>
void Executor<T>::probe(const Batches& data, const std::vector<ProbedLayer>& layers, const Bins& bins,
                        double* table, double* losses) {
  const std::lock_guard lock(mutex_);
  probe_rows(data, layers, bins, pool_for(data, data.rows), table, losses);
}

template <class T>
void Executor<T>::probe_rows(const Batches& data, const std::vector<ProbedLayer>& layers, const Bins& bins,
                             Pool* pool, double* table, double* losses) {
  const Rows rows{nullptr, 0, data.rows};
  const std::vector<double> no_dropout(facts_.program.ops.size(), 0.0);
  probed_.prepare(facts_.program, rows.size, true);
  const Pass pass{.training = true,
                  .update_state = false,
                  .dropout_rates = no_dropout.data(),
                  .every_buffer = true,
                  .dense_inputs = false};
  const Context<T> context = begin_pass(facts_, tools_, pool, probed_, step_.weights(), step_.gradient.data(),
                                        &step_.touched_rows(), 0, data, rows, pass);
  gather_inputs(context, data.inputs);
  gather_targets(context, data.targets);
  lamina::forward(context);
  const i64 numbers = kLayerNumbers + bins.count + 1;
  std::vector<LayerNumbers> found(layers.size());
  for (std::size_t i = 0; i < layers.size(); ++i) {
    probe_forward<T>(found[i], table + i * numbers + kLayerNumbers, nullptr, context, layers[i], bins);
    probe_weights(found[i], context, layers[i], weight_size(layers[i]));
  }
  if (!data.targets.empty()) {
    const double weight = sum_weights(data.sample_weight, rows);
    std::vector<double> means(step_.head_losses.size());
    run_heads(context, data, weight, step_.head_losses, means);
    lamina::backward(context);
    for (std::size_t i = 0; i < layers.size(); ++i) {
      probe_backward(found[i], context, layers[i], weight);
      probe_weight_gradient(found[i], context, layers[i]);
    }
    std::copy(step_.head_losses.begin(), step_.head_losses.end(), losses);
  }
  for (std::size_t i = 0; i < layers.size(); ++i)
    std::memcpy(table + i * numbers, &found[i], sizeof(LayerNumbers));
}

template <class T>
WeightSize<T> Executor<T>::weight_size(const ProbedLayer& layer) const {
  if (layer.weight < 0) return {};
  const Parameter& weight = facts_.program.parameters[layer.weight];
  const T* w = step_.weights().parameters + weight.offset;
  return {tools_.kernels->sum_squares(w, weight.size), tools_.kernels->largest(w, weight.size)};
}

template <class T>
void Executor<T>::change(const std::vector<ProbedLayer>& layers, const T* before, double* norms) {
  const std::lock_guard lock(mutex_);
  measure_change(layers, before, norms);
}

template <class T>
void Executor<T>::measure_change(const std::vector<ProbedLayer>& layers, const T* before,
                                 double* norms) const {
  for (std::size_t i = 0; i < layers.size(); ++i) {
    norms[i] = std::numeric_limits<double>::quiet_NaN();
    if (layers[i].weight < 0 || !facts_.program.parameters[layers[i].weight].trainable) continue;
    const Parameter& weight = facts_.program.parameters[layers[i].weight];
    norms[i] = std::sqrt(tools_.kernels->sum_square_changes(step_.weights().parameters + weight.offset,
                                                            before + weight.offset, weight.size));
  }
}

template <class T>
void Executor<T>::predict(const Batches& data, const std::vector<Function>& links, bool mixed,
                          const std::vector<T*>& outputs) {
  const std::lock_guard lock(mutex_);
  inference_.predict(step_.weights(), data, links, mixed, outputs);
}

template <class T>
void Executor<T>::evaluate(const Batches& data, double* losses) {
  const std::lock_guard lock(mutex_);
  inference_.evaluate(step_.weights(), data, losses);
}

template class Executor<float>;
template class Executor<double>;

}  // namespace lamina
