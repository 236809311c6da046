#include "executor/step.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "executor/failure.hpp"
#include "executor/gather.hpp"
#include "executor/heads.hpp"
#include "executor/outer_update.hpp"
#include "executor/passes.hpp"

namespace lamina {

template <class T>
Step<T>::Step(const ProgramFacts& facts, const Tools<T>& tools, T* parameters, T* state)
    : gradient(facts.program.num_parameters),
      head_losses(facts.program.heads.size()),
      head_means(facts.program.heads.size()),
      facts_(facts),
      tools_(tools),
      weights_{parameters, state, nullptr, 0, facts.program.num_parameters},
      numbers_(find_factors(facts.program)),
      saved_state_(facts.program.num_state),
      pieces_(facts.program.num_parameters / kTileSize + 1),
      touched_(untouched_rows(facts.program)) {}

template <class T>
void Step<T>::configure(TrainingPlan plan, T* slots, int num_slots) {
  plan_ = std::move(plan);
  rule_ = UpdateRule(plan_.rule, plan_.coefficients);
  weights_.slots = slots;
  weights_.num_slots = num_slots;
}

template <class T>
void Step<T>::prepare(i64 rows) {
  held_ = {};
  work_.prepare(facts_.program, rows, true);
}

template <class T>
Context<T> Step<T>::begin(Pool* pool, const Batches& data, Rows rows, const Pass& pass) {
  outer_left_ = false;
  Context<T> context = begin_pass(facts_, tools_, pool, work_, weights_, gradient.data(), &touched_,
                                  plan_.seed, data, rows, pass);
  context.mixed = plan_.mixed && pass.training;
  return context;
}

template <class T>
void Step<T>::open() {
  if (!is_open_) keep_state();
  is_open_ = true;
}

template <class T>
void Step<T>::hold(const Context<T>& context) {
  held_ = {context.rows, context.first_row, context.dropout_rates};
}

template <class T>
Context<T> Step<T>::resume(Pool* pool, i64 step) {
  if (held_.rows.size == 0) work_.prepare(facts_.program, 1, true);
  Context<T> context = begin(pool, {}, held_.rows, {true, true, step, held_.dropout_rates});
  context.first_row = held_.first_row;
  return context;
}

template <class T>
void Step<T>::close() {
  held_ = {};
  is_open_ = false;
}

template <class T>
void Step<T>::keep_state() {
  std::copy_n(weights_.state, saved_state_.size(), saved_state_.data());
}

template <class T>
void Step<T>::take_back_state() {
  std::copy(saved_state_.begin(), saved_state_.end(), weights_.state);
}

template <class T>
void Step<T>::differentiate(const Context<T>& context, const Batches& data, double whole) {
  if (!in_pieces(context)) return differentiate_whole(context, data, whole);
  differentiate_pieces(context, data, whole);
}

template <class T>
void Step<T>::differentiate_whole(const Context<T>& context, const Batches& data, double whole) {
  gather_inputs(context, data.inputs);
  gather_targets(context, data.targets);
  forward(context);
  run_heads(context, data, whole, head_losses, head_means);
  backward(context);
}

// Both passes over a few rows after the other. What is gathered stays, for `find_failure`.
template <class T>
void Step<T>::differentiate_pieces(const Context<T>& context, const Batches& data, double whole) {
  gather_inputs(context, data.inputs);
  gather_targets(context, data.targets);
  const i64 n = context.n(), pieces = (n + facts_.rows_at_once - 1) / facts_.rows_at_once;
  const i64 most = (n + pieces - 1) / pieces;
  std::vector<double> losses(head_losses.size(), 0.0), means(head_means.size(), 0.0);
  for (i64 first = 0; first < n; first += most) {
    Context<T> piece = context;
    piece.rows = context.rows.part(first, std::min(most, n - first));
    piece.first_row += first;
    work_.skip(facts_.program, first);
    forward(piece);
    run_heads(piece, data, whole, head_losses, head_means);
    backward(piece);
    work_.skip(facts_.program, -first);
    work_.forget_values();
    std::transform(losses.begin(), losses.end(), head_losses.begin(), losses.begin(), std::plus<>());
    std::transform(means.begin(), means.end(), head_means.begin(), means.begin(), std::plus<>());
  }
  head_losses = losses;
  head_means = means;
}

template <class T>
double Step<T>::penalty_factor(double total_weight) const {
  if (!plan_.penalty_per_row) return 1.0;
  return total_weight > 0 ? 1.0 / total_weight : 0.0;
}

template <class T>
void Step<T>::find_rows() {
  for (const int p : facts_.by_row) touched_[p].find(gradient.data());
}

template <class T>
void Step<T>::take_all_rows() {
  for (const int p : facts_.by_row) touched_[p].touch_all();
  settle_rows();
}

template <class T>
void Step<T>::settle_rows() {
  changed_.clear();
  for (const int p : facts_.by_row) touched_[p].append_to(changed_, gradient.data(), p);
}

// use(first, size) over all parts of the gradient that may not be 0.
template <class T>
template <class Use>
void Step<T>::over_gradient(Use use) {
  for (const Range& range : facts_.trained_whole) use(gradient.data() + range.offset, range.size);
  for (const ChangedRows& rows : changed_) use(gradient.data() + rows.offset, rows.size);
}

// Returns the loss of heads and penalties. With the slope of L1 the gradient is that of an objective, in
// which all rows are penalized; else it is that of a step, which leaves rows without a gradient alone.
template <class T>
double Step<T>::penalize(const Context<T>& context, double total_weight, L1Slope l1_slope) {
  const OuterUpdate& outer = facts_.outer;
  const T largest = context.outer_weights ? largest_gradient(context, outer) : T(0);
  outer_left_ = context.outer_weights && std::isfinite(largest);
  if (context.outer_weights && !outer_left_) write_outer_gradients(context, outer);
  totals_ =
      finish_gradient(*tools_.kernels, context.pool, outer_left_ ? outer.other_sections : facts_.sections,
                      gradient.data(), weights_.parameters, penalty_factor(total_weight), l1_slope,
                      plan_.record_norms || plan_.clipping.norm, pieces_);
  l1_slope == L1Slope::included ? take_all_rows() : settle_rows();
  for (const ChangedRows& rows : changed_) {
    const Section section{rows.offset, rows.size, 0, facts_.program.parameters[rows.parameter].l2};
    totals_.add(finish_piece(*tools_.kernels, section, gradient.data() + rows.offset,
                             weights_.parameters + rows.offset, rows.size, penalty_factor(total_weight),
                             l1_slope, plan_.record_norms || plan_.clipping.norm));
  }
  if (outer_left_) totals_.largest = std::max(totals_.largest, static_cast<double>(largest));
  double loss = totals_.penalty;
  for (const double each : head_losses) loss += each;
  return loss;
}

template <class T>
std::optional<Failure> Step<T>::find_failure(const Context<T>& context, double loss) {
  const Program& program = facts_.program;
  const bool finite_loss = std::isfinite(loss);
  if (finite_loss && totals_.finite())
    return program.num_state == 0 || context.kernels.all_finite(weights_.state, program.num_state)
               ? std::nullopt
               : find_statistics(context);
  if (outer_left_) write_outer_gradients(context, facts_.outer);  // else an earlier step's are checked
  if (context.n() > 0) {
    Context<T> again = context;  // the backward pass has overwritten some values
    again.update_state = false;
    forward(again);
    if (auto failure = find_activation(context)) return failure;
  }
  return finite_loss ? find_gradient(context) : find_loss(context, head_losses);
}

// Whether the update may compute some gradients itself, because nothing else needs them.
template <class T>
bool Step<T>::leaves_gradients(const Context<T>& context) const {
  return !plan_.record_norms && !plan_.clipping.any() && !plan_.mixed &&
         is_outer_product(context, facts_.outer);
}

template <class T>
double Step<T>::sum_gradient_squares(Pool* pool) {
  double squares = 0;
  over_gradient(
      [&](const T* part, i64 size) { squares += sum_squares(*tools_.kernels, pool, part, size, pieces_); });
  return squares;
}

// squares: the sum of squares of the gradient before clipping. Returns whether the gradient has changed.
template <class T>
bool Step<T>::clip(Pool* pool, double squares) {
  const Kernels<T>& kernels = *tools_.kernels;
  const Clipping& clipping = plan_.clipping;
  bool changed = false;
  if (clipping.value)
    over_gradient([&](T* part, i64 size) {
      changed |= kernels.clip_value(part, size, clipping.value->first, clipping.value->second);
    });
  if (clipping.layer_norm)
    changed |= clip_layers(facts_.program, kernels, pool, facts_.layers, changed_, gradient.data(),
                           *clipping.layer_norm, pieces_);
  if (!clipping.norm) return changed;
  if (changed) squares = sum_gradient_squares(pool);
  const double norm = std::sqrt(squares);
  if (norm <= *clipping.norm) return changed;
  over_gradient([&](T* part, i64 size) { kernels.scale(part, size, *clipping.norm / norm); });
  return true;
}

// Whether everything that this step, and perhaps the next ones, will compute is certainly finite. After a
// "no" based on all weights, there is no point in measuring them again in every step.
template <class T>
[[gnu::cold, gnu::noinline]] bool Step<T>::extend_reach(const UpdateNumbers& numbers, double gradient_bound) {
  if (!follows_reach_) return false;
  const auto extend = [&] {
    return (reach_.extend(plan_.rule, numbers, gradient_bound, 64, 16) ||
            reach_.extend(plan_.rule, numbers, gradient_bound, 1, 1)) &&
           reach_.allows(numbers, gradient_bound);
  };
  if (reach_.known() && extend()) return true;
  reach_ = measure_reach(*tools_.kernels, weights_);  // may be far below the bounds
  return follows_reach_ = extend();
}

// Returns whether the new weights and slots are certainly finite.
template <class T>
bool Step<T>::update_run(Pool* pool, const Run& run, const UpdateNumbers& numbers, bool certain) {
  if (!certain)
    return update_watched(*tools_.kernels, pool, plan_.rule, numbers, run, weights_, gradient.data());
  lamina::update(*tools_.kernels, pool, plan_.rule, numbers, run, weights_, gradient.data());
  return true;
}

// Returns what the update made infinite or NaN. L1 and max-norm come last: they make nothing infinite.
// l1_factor: of the strengths of L1; 0 if the gradient has its slope.
template <class T>
std::optional<Failure> Step<T>::update(const Context<T>& context, double learning_rate, double weight_decay,
                                       double l1_factor) {
  const Kernels<T>& kernels = *tools_.kernels;
  const i64 step = context.step + 1;
  numbers_.set(rule_, step, learning_rate, weight_decay);
  const double bound = plan_.clipping.largest_after(totals_.largest);
  const bool certain = reach_.allows(numbers_.largest(), bound) || extend_reach(numbers_.largest(), bound);
  if (!certain && outer_left_) {
    write_outer_gradients(context, facts_.outer);
    outer_left_ = false;
  }
  const Runs& runs = outer_left_ ? facts_.outer.other_runs : facts_.runs;
  bool finite = true;
  for (const Run& run : runs.of(weight_decay))
    finite &= update_run(context.pool, run, numbers_[run.numbers], certain);
  for (std::size_t i = 0; i < changed_.size(); ++i) {
    constexpr std::size_t kAhead = 8;  // rows lie anywhere in memory
    if (i + kAhead < changed_.size())
      for (int slot = 0; slot < weights_.num_slots; ++slot)
        __builtin_prefetch(weights_.slot(slot, changed_[i + kAhead].offset), 1);
    const ChangedRows& rows = changed_[i];
    const int which = facts_.row_numbers[rows.parameter];
    finite &= update_run(context.pool, {rows.offset, rows.size, which}, numbers_[which], certain);
  }
  for (const Run& run : facts_.shrunk_runs)
    finite &= update_run(context.pool, run, with_l1(numbers_[run.numbers], l1_factor * run.l1), certain);
  if (outer_left_) update_outer(context, facts_.outer, plan_.rule, numbers_, weights_);
  if (!finite)
    if (auto failure = find_update(context, weights_)) return failure;
  for (const Run& run : facts_.shrunk_runs) {
    const double l1 = l1_factor * run.l1;
    if (l1 == 0) continue;
    const UpdateNumbers& numbers = numbers_[run.numbers];
    const double unit_step = rule_.unit_step(step, learning_rate * numbers_.factor(run.numbers), numbers);
    shrink(kernels, context.pool, plan_.rule, with_l1(numbers, l1), l1 * unit_step, run, weights_);
  }
  apply_max_norms(facts_.program, kernels, weights_.parameters, context.work.scratch);
  return std::nullopt;
}

template <class T>
StepOutcome Step<T>::finish(const Context<T>& context, double total_weight, double learning_rate,
                            double weight_decay) {
  StepOutcome outcome;
  outcome.loss = penalize(context, total_weight, L1Slope::left_out);
  outcome.failure = find_failure(context, outcome.loss);
  if (!outcome.failure) {
    outcome.norm = std::sqrt(totals_.squares);
    outcome.clipped = clip(context.pool, totals_.squares);
    outcome.failure = update(context, learning_rate, weight_decay, penalty_factor(total_weight));
  }
  if (outcome.failure) take_back_state();
  return outcome;
}

template <class T>
StepOutcome Step<T>::take(Context<T>& context, const Batches& data, double learning_rate,
                          double weight_decay) {
  context.work.forget_contributions();
  context.outer_weights = leaves_gradients(context) ? &facts_.outer.weights : nullptr;
  const double total_weight = sum_weights(data.sample_weight, context.rows);
  keep_state();
  differentiate(context, data, total_weight);
  return finish(context, total_weight, learning_rate, weight_decay);
}

template class Step<float>;
template class Step<double>;

}  // namespace lamina
