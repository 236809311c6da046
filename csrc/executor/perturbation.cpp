#include "executor/perturbation.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "executor/failure.hpp"
#include "executor/gather.hpp"
#include "executor/heads.hpp"
#include "executor/passes.hpp"
#include "random/philox.hpp"
#include "random/purposes.hpp"

namespace lamina {
namespace {

constexpr i64 kSignsPerBlock = 128;

}  // namespace

template <class T>
Perturber<T>::Perturber(Step<T>& step, Pool* pool, const PerturbationRule& rule, Objective<T> objective)
    : step_(step),
      pool_(pool),
      rule_(rule),
      objective_(std::move(objective)),
      trial_(step.facts().program),
      saved_(step.facts().program.num_parameters),
      signs_(rule.all ? step.facts().program.num_parameters : 0),
      trial_losses_(step.facts().program.heads.size()),
      step_means_(step.facts().program.heads.size()) {
  const auto& parameters = step.facts().program.parameters;
  for (std::size_t p = 0; p < parameters.size(); ++p)
    if (parameters[p].size > 0 && parameters[p].trainable) places_.push_back({0, static_cast<int>(p)});
  std::sort(places_.begin(), places_.end(), [&](const Place& a, const Place& b) {
    return parameters[a.parameter].offset < parameters[b.parameter].offset;
  });
  for (Place& place : places_) {
    place.first = num_trainable_;
    num_trainable_ += parameters[place.parameter].size;
  }
}

// There is no dropout here, so training mode only means batch statistics.
template <class T>
Context<T> Perturber<T>::begin(const Batches& data, Rows rows, i64 step) {
  Context<T> context = step_.begin(pool_, data, rows, {true, true, step});
  // A change of one weight needs the columns of its inputs.
  if (!rule_.all) std::fill(context.work.sparse_input.begin(), context.work.sparse_input.end(), 0);
  context.fusion = nullptr;  // a change in one unit is propagated op by op
  context.mixed = false;     // and without rounding
  return context;
}

// Everything about a batch that does not depend on the weights.
template <class T>
void Perturber<T>::load(const Context<T>& context, const Batches& data) {
  gather_inputs(context, data.inputs);
  gather_targets(context, data.targets);
  const double total = total_weight_ = sum_weights(data.sample_weight, context.rows);
  data_ = &data;
  std::fill(step_means_.begin(), step_means_.end(), 0.0);
  for (std::size_t h = 0; h < data.targets.size(); ++h)
    scale_rows(context, context.work.scale[h], data.sample_weight,
               total > 0 ? context.program.heads[h].weight / total : 0.0);
  penalty_factor_ = step_.penalty_factor(total);
}

template <class T>
double Perturber<T>::penalty_of(const Parameter& parameter, double w) const {
  return penalty_factor_ * (parameter.l1 * std::abs(w) + 0.5 * parameter.l2 * w * w);
}

template <class T>
double Perturber<T>::penalty() const {
  const T* w = step_.weights().parameters;
  double sum = 0;
  for (const Parameter& p : step_.facts().program.parameters)
    if (p.l1 != 0 || p.l2 != 0)
      for (i64 i = p.offset; i < p.offset + p.size; ++i) sum += penalty_of(p, w[i]);
  return sum;
}

template <class T>
double Perturber<T>::objective_of(const Context<T>& context, double loss) {
  if (!objective_) return loss;
  std::vector<const T*> outputs;
  for (const int b : context.program.outputs) outputs.push_back(context.value(b));
  return objective_(batch_, context.n(), outputs) + penalty_;
}

// Losses and objective after a forward pass, which enters the reported loss of each head with weight `share`.
template <class T>
typename Perturber<T>::Measured Perturber<T>::measure(const Context<T>& context, double share) {
  Measured measured;
  std::vector<double>& losses = step_.head_losses;
  penalty_ = penalty();
  const bool own_loss = !objective_ || context.program.heads[0].kind != HeadKind::external;
  for (std::size_t h = 0; h < losses.size(); ++h) {
    losses[h] = own_loss ? run_head<T>(context, h, nullptr) : 0.0;
    measured.loss += losses[h];
    if (own_loss && share > 0 && losses.size() > 1)
      step_means_[h] += share * unweighted_loss(context, *data_, total_weight_, h, losses[h]);
  }
  measured.loss += penalty_;
  measured.objective = objective_of(context, measured.loss);
  if (!own_loss) measured.loss = measured.objective;
  return measured;
}

// One weight at a time
// ---------------------------------------------------------------------------------------

// Trial t draws the words 2 t (which weight) and 2 t + 1 (how much, uniform in [-size, size)).
template <class T>
WeightChange<T> Perturber<T>::draw_change(const Context<T>& context, i64 trial, double size) const {
  const PhiloxBlock block = philox(context.seed, static_cast<std::uint32_t>(trial / 2),
                                   static_cast<std::uint32_t>(context.step), 0, kPerturbOne);
  const std::uint32_t* word = block.word + trial % 2 * 2;
  const auto count = static_cast<std::uint64_t>(num_trainable_);
  const auto index = static_cast<i64>((word[0] * count) >> 32);
  const double share = word[1] * 0x1p-31 - 1.0;
  const auto after = std::upper_bound(places_.begin(), places_.end(), index,
                                      [](i64 wanted, const Place& place) { return wanted < place.first; });
  const Place& place = *(after - 1);
  const double factor = context.program.parameters[place.parameter].learning_rate_factor;
  return {place.parameter, index - place.first, static_cast<T>(size * factor * share)};
}

template <class T>
typename Perturber<T>::Measured Perturber<T>::step_one(const Context<T>& context, double size) {
  forward(context);
  Measured best = measure(context, 1.0);
  const double first_loss = best.loss, first_objective = best.objective;
  if (!std::isfinite(best.objective)) return best;
  if ((summary_.failure = find_statistics(context))) return best;
  // Running statistics are updated once per step, not by the trials.
  Context<T> quiet = context;
  quiet.update_state = false;
  for (i64 t = 0; t < rule_.trials; ++t)
    summary_.num_kept += try_weight(quiet, draw_change(context, t, size), best);
  apply_max_norms(context.program, context.kernels, step_.weights().parameters, context.work.scratch);
  return {first_loss, first_objective};
}

// Keeps the change of a weight if the objective improves; returns whether it did. A weight never becomes
// infinite, whatever the objective is.
template <class T>
bool Perturber<T>::try_weight(const Context<T>& context, const WeightChange<T>& change, Measured& best) {
  const Parameter& parameter = context.program.parameters[change.parameter];
  T& w = step_.weights().parameters[parameter.offset + change.element];
  const T old = w;
  const double old_penalty = penalty_;
  w += change.delta;
  if (!std::isfinite(w)) {
    w = old;
    return false;
  }
  trial_.apply(context, {change.parameter, change.element, static_cast<T>(w - old)});
  penalty_ += penalty_of(parameter, w) - penalty_of(parameter, old);
  double loss = penalty_;
  const bool own_loss = !objective_;
  for (std::size_t h = 0; own_loss && h < trial_losses_.size(); ++h) {
    const bool changed = trial_.changed(context.program.heads[h].logits);
    trial_losses_[h] = changed ? run_head<T>(context, h, nullptr) : step_.head_losses[h];
    loss += trial_losses_[h];
  }
  const double objective = objective_of(context, loss);
  if (objective < best.objective || (rule_.accept_ties && objective == best.objective)) {
    best.objective = objective;
    if (own_loss) step_.head_losses = trial_losses_;
    return true;
  }
  trial_.undo(context);
  w = old;
  penalty_ = old_penalty;
  return false;
}

// All weights at once
// ----------------------------------------------------------------------------------------

// One bit per weight: the sign of its perturbation, or 0 if it stands still.
template <class T>
void Perturber<T>::draw_signs(i64 step, i64 trial) {
  const i64 count = static_cast<i64>(signs_.size());
  for (i64 first = 0; first < count; first += kSignsPerBlock) {
    const PhiloxBlock block =
        philox(step_.plan().seed, static_cast<std::uint32_t>(first / kSignsPerBlock),
               static_cast<std::uint32_t>(step), static_cast<std::uint32_t>(trial), kPerturbAll);
    for (i64 i = first; i < std::min(count, first + kSignsPerBlock); ++i)
      signs_[i] = block.word[i / 32 % 4] >> (i % 32) & 1 ? T(1) : T(-1);
  }
  for (const Parameter& p : step_.facts().program.parameters)
    if (!p.trainable) std::fill_n(signs_.begin() + p.offset, p.size, T(0));
}

// Losses at saved + size * signs.
template <class T>
typename Perturber<T>::Measured Perturber<T>::displaced(const Context<T>& context, double size,
                                                        double share) {
  for (std::size_t i = 0; i < saved_.size(); ++i)
    step_.weights().parameters[i] = saved_[i] + static_cast<T>(size) * signs_[i];
  forward(context);
  return measure(context, share);
}

// gradient += slope / trials * signs, where the slope is the change in the objective over that in each
// weight. Returns what the history records; not finite if the slope is not.
template <class T>
typename Perturber<T>::Measured Perturber<T>::sample(const Context<T>& context, i64 trial,
                                                     const Measured& base) {
  draw_signs(context.step, trial);
  Context<T> quiet = context;
  quiet.update_state = false;
  const double half = rule_.antithetic ? 0.5 / static_cast<double>(rule_.trials) : 0.0;
  const Measured above = displaced(rule_.antithetic && trial == 0 ? context : quiet, rule_.scale, half);
  const Measured below = rule_.antithetic ? displaced(quiet, -rule_.scale, half) : base;
  const double slope = (above.objective - below.objective) / ((rule_.antithetic ? 2 : 1) * rule_.scale);
  const T share = static_cast<T>(slope / static_cast<double>(rule_.trials));
  for (std::size_t i = 0; i < saved_.size(); ++i) step_.gradient[i] += share * signs_[i];
  if (!std::isfinite(slope)) return {above.loss, slope};
  if (!rule_.antithetic) return base;
  return {0.5 * (above.loss + below.loss), 0.5 * (above.objective + below.objective)};
}

template <class T>
typename Perturber<T>::Measured Perturber<T>::step_all(const Context<T>& context, double learning_rate) {
  Measured base, mean;
  if (!rule_.antithetic) {
    forward(context);
    base = measure(context, 1.0);
  }
  std::fill(step_.gradient.begin(), step_.gradient.end(), T(0));
  for (i64 trial = 0; trial < rule_.trials; ++trial) {
    const Measured measured = sample(context, trial, base);
    mean.loss += measured.loss / static_cast<double>(rule_.trials);
    mean.objective += measured.objective / static_cast<double>(rule_.trials);
  }
  std::copy(saved_.begin(), saved_.end(), step_.weights().parameters);
  if (!std::isfinite(mean.objective)) return mean;
  if ((summary_.failure = find_statistics(context))) return mean;
  step_.take_all_rows();
  const bool clipped = step_.clip(context.pool, step_.sum_gradient_squares(context.pool));
  summary_.failure = step_.update(context, learning_rate, 0.0, 0.0);
  summary_.num_clipped += clipped && !summary_.failure;
  return mean;
}

// ------------------------------------------------------------------------------------------------------------

// Takes one step; returns false if a number was not finite, and then everything but the slots is restored.
template <class T>
bool Perturber<T>::take(const Context<T>& context, const Batches& data, double learning_rate, double& loss,
                        double& objective) {
  std::copy_n(step_.weights().parameters, saved_.size(), saved_.data());
  step_.keep_state();
  const auto take_back = [&] {
    std::copy(saved_.begin(), saved_.end(), step_.weights().parameters);
    step_.take_back_state();
  };
  Measured measured;
  try {
    load(context, data);
    measured = rule_.all ? step_all(context, learning_rate) : step_one(context, learning_rate);
  } catch (...) {  // from the user's objective
    take_back();
    throw;
  }
  loss = measured.loss;
  objective = measured.objective;
  if (std::isfinite(measured.objective) && !summary_.failure) return true;
  if (!summary_.failure) summary_.failure = find_activation(context);
  if (!summary_.failure) summary_.failure = find_loss(context, step_.head_losses);
  take_back();
  return false;
}

template <class T>
PerturbationSummary Perturber<T>::train(const Batches& data, const i64* order, i64 size, i64 batch_size,
                                        i64 first_step, const double* learning_rates,
                                        const PerturbationRecords& records) {
  summary_ = {};
  step_.prepare(std::min(batch_size, size));
  trial_.prepare(std::min(batch_size, size));
  for (i64 first = 0; first < size; first += batch_size) {
    const i64 k = batch_ = summary_.steps;
    const Rows rows{order + first, 0, std::min(batch_size, size - first)};
    const Context<T> context = begin(data, rows, first_step + k);
    if (!take(context, data, learning_rates[k], records.losses[k], records.objectives[k])) break;
    if (records.head_losses)
      std::copy(step_means_.begin(), step_means_.end(),
                records.head_losses + k * static_cast<i64>(step_means_.size()));
    ++summary_.steps;
  }
  return summary_;
}

template class Perturber<float>;
template class Perturber<double>;

}  // namespace lamina
