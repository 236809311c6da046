// Training by perturbing weights: the effect of a perturbation on the objective takes the place of a computed
// gradient. See lamina/engine/perturbation.py for the rules.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "executor/step.hpp"
#include "executor/trial.hpp"

namespace lamina {

struct PerturbationRule {
  bool all;      // all weights at once, or one at a time
  i64 trials;    // per step
  double scale;  // of "all": the size of every weight's perturbation
  bool antithetic, accept_ties;
};

// What is minimized in place of the losses: a number for the outputs of batch k of the call.
template <class T>
using Objective = std::function<double(i64 k, i64 rows, const std::vector<const T*>& outputs)>;

struct PerturbationSummary {
  i64 steps = 0, num_clipped = 0, num_kept = 0;
  std::optional<Failure> failure;
};

// What is recorded of each step, before its change: losses (k,), objectives (k,), head_losses (k, heads) or
// null.
struct PerturbationRecords {
  double *losses, *objectives, *head_losses;
};

template <class T>
class Perturber {
 public:
  // Works on the step's weights, in its memory. An empty objective means the program's losses.
  Perturber(Step<T>& step, Pool* pool, const PerturbationRule& rule, Objective<T> objective);

  // With one weight at a time, the learning rate is the largest size of a perturbation.
  PerturbationSummary train(const Batches& data, const i64* order, i64 size, i64 batch_size, i64 first_step,
                            const double* learning_rates, const PerturbationRecords& records);

 private:
  struct Measured {
    double loss = 0, objective = 0;
  };
  struct Place {
    i64 first;  // among the numbers that are trained
    int parameter;
  };

  Context<T> begin(const Batches& data, Rows rows, i64 step);
  void load(const Context<T>& context, const Batches& data);
  bool take(const Context<T>& context, const Batches& data, double learning_rate, double& loss,
            double& objective);
  Measured measure(const Context<T>& context, double share);
  double objective_of(const Context<T>& context, double loss);
  double penalty_of(const Parameter& parameter, double w) const;
  double penalty() const;

  Measured step_one(const Context<T>& context, double size);
  WeightChange<T> draw_change(const Context<T>& context, i64 trial, double size) const;
  bool try_weight(const Context<T>& context, const WeightChange<T>& change, Measured& best);

  Measured step_all(const Context<T>& context, double learning_rate);
  void draw_signs(i64 step, i64 trial);
  Measured displaced(const Context<T>& context, double size, double share);
  Measured sample(const Context<T>& context, i64 trial, const Measured& base);

  Step<T>& step_;
  Pool* pool_;
  PerturbationRule rule_;
  Objective<T> objective_;
  Trial<T> trial_;
  std::vector<Place> places_;  // of the trainable parameters, in the order of their offsets
  i64 num_trainable_ = 0;
  std::vector<T> saved_, signs_;
  std::vector<double> trial_losses_, step_means_;  // by head
  const Batches* data_ = nullptr;                  // of the step
  double total_weight_ = 0;
  double penalty_factor_ = 0, penalty_ = 0;
  i64 batch_ = 0;
  PerturbationSummary summary_;
};

extern template class Perturber<float>;
extern template class Perturber<double>;

}  // namespace lamina
