// One training step, in two halves: from rows to the gradient of their losses, and from a gradient to new
// weights; with everything that a step needs and leaves behind.
#pragma once

#include <optional>
#include <vector>

#include "executor/aligned_vector.hpp"
#include "executor/context.hpp"
#include "executor/gradient.hpp"
#include "executor/program_facts.hpp"
#include "executor/reach.hpp"
#include "executor/update.hpp"
#include "executor/update_rule.hpp"
#include "executor/workspace.hpp"

namespace lamina {

struct StepOutcome {
  double loss = 0, norm = 0;  // penalty included; of the gradient before clipping
  bool clipped = false;
  std::optional<Failure> failure;
};

// The batch of a step over several calls.
struct HeldBatch {
  Rows rows{nullptr, 0, 0};
  i64 first_row = 0;
  const double* dropout_rates = nullptr;
};

template <class T>
class Step {
 public:
  // facts, tools, parameters (num_parameters,) and state (num_state,) belong to the caller.
  Step(const ProgramFacts& facts, const Tools<T>& tools, T* parameters, T* state);

  // slots (num_slots, num_parameters)
  void configure(TrainingPlan plan, T* slots, int num_slots);

  // Makes room for batches of up to this many rows; discards an earlier batch.
  void prepare(i64 rows);
  Context<T> begin(Pool* pool, const Batches& data, Rows rows, const Pass& pass);

  // A step over several calls: the first ones `open` it and `hold` their batch, which the last one may
  // `resume` before it calls `close`. Everything that the batch reads must live until then.
  void open();
  void hold(const Context<T>& context);
  Context<T> resume(Pool* pool, i64 step);
  void close();

  // First half: forward, losses, backward; the gradient does not include penalties. The losses of the rows
  // are divided by `whole`, the weight of the batch. The second one leaves the buffers of all rows filled;
  // it gives the same bits where `in_pieces` is false.
  void differentiate(const Context<T>& context, const Batches& data, double whole);
  void differentiate_whole(const Context<T>& context, const Batches& data, double whole);
  bool in_pieces(const Context<T>& context) const { return context.n() > facts_.rows_at_once; }

  // Second half: penalties, clipping, update, the proximal step of L1; if a number is not finite, everything
  // but the update itself is undone. total_weight: of the batch's rows.
  StepOutcome finish(const Context<T>& context, double total_weight, double learning_rate,
                     double weight_decay);

  // Both halves.
  StepOutcome take(Context<T>& context, const Batches& data, double learning_rate, double weight_decay);

  // Parts of the second half.
  double penalize(const Context<T>& context, double total_weight, L1Slope l1_slope);
  double penalty_factor(double total_weight) const;
  bool clip(Pool* pool, double squares);
  std::optional<Failure> update(const Context<T>& context, double learning_rate, double weight_decay,
                                double l1_factor);
  double sum_gradient_squares(Pool* pool);

  // The rows with a gradient, of matrices that learn by row: those of a gradient that somebody else computed,
  // or all.
  void find_rows();
  void take_all_rows();
  std::vector<TouchedRows>& touched_rows() { return touched_; }

  // Copies the state, and restores the copy if the step fails.
  void keep_state();
  void take_back_state();

  // During its lifetime, which is that of a call of several steps, the step keeps bounds of the weights,
  // unless there are many that a step does not touch: to measure them would take longer than to check what it
  // does.
  class Following {
   public:
    Following(Step& step, bool several_steps) : step_(step) {
      step_.follows_reach_ = several_steps && !step.facts_.has_many_rows;
    }
    ~Following() {
      step_.follows_reach_ = false;
      step_.reach_ = {};
    }
    Following(const Following&) = delete;
    Following& operator=(const Following&) = delete;

   private:
    Step& step_;
  };

  const ProgramFacts& facts() const { return facts_; }
  const TrainingPlan& plan() const { return plan_; }
  const Weights<T>& weights() const { return weights_; }

  AlignedVector<T> gradient;                    // (num_parameters,)
  std::vector<double> head_losses, head_means;  // with and without the heads' weights

 private:
  void differentiate_pieces(const Context<T>& context, const Batches& data, double whole);
  bool leaves_gradients(const Context<T>& context) const;
  std::optional<Failure> find_failure(const Context<T>& context, double loss);
  void settle_rows();
  template <class Use>
  void over_gradient(Use use);
  bool update_run(Pool* pool, const Run& run, const UpdateNumbers& numbers, bool certain);
  bool extend_reach(const UpdateNumbers& numbers, double gradient_bound);

  const ProgramFacts& facts_;
  const Tools<T>& tools_;
  Weights<T> weights_;
  TrainingPlan plan_;
  UpdateRule rule_{Rule::gradient_descent, {}};
  StepNumbers numbers_;

  Workspace<T> work_;
  HeldBatch held_;
  bool is_open_ = false;
  std::vector<T> saved_state_;
  PieceTotals pieces_;
  GradientTotals totals_;
  std::vector<TouchedRows> touched_;  // by parameter: the rows that may have a gradient
  std::vector<ChangedRows> changed_;  // those of them that have one
  bool outer_left_ = false;           // whether this step's update computes some gradients itself
  Reach<T> reach_;                    // valid only within a call: between calls others may change the weights
  bool follows_reach_ = false;
};

extern template class Step<float>;
extern template class Step<double>;

}  // namespace lamina
