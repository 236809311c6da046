// The native executor: runs a program, a whole epoch in one call. lamina/engine/executor.py describes each
// call.
#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "executor/inference.hpp"
#include "executor/perturbation.hpp"
#include "executor/probe.hpp"
#include "executor/product.hpp"
#include "executor/program.hpp"
#include "executor/program_facts.hpp"
#include "executor/sources.hpp"
#include "executor/step.hpp"
#include "executor/watch.hpp"
#include "executor/workers.hpp"

namespace lamina {

// Values that may change from step to step: (k,), (k,) or null, (k, num_dropouts) or null.
struct StepValues {
  const double* learning_rates;
  const double* weight_decays;
  const double* dropout_rates;
  i64 num_dropouts;
};

// What is recorded of each step: losses (k,); norms (k,) or null; head_losses (k, heads) or null, without the
// heads' weights.
struct StepRecords {
  double* losses;
  double* norms;
  double* head_losses;
};

struct TrainingSummary {
  i64 steps = 0, num_clipped = 0;
  std::optional<Failure> failure;
};

// Successive epochs, each over all rows: shuffled, or in row order.
struct Epochs {
  std::uint32_t first;  // keys the orders
  i64 count;
  bool shuffle;
};

// Where the weights of the epoch with the lowest mean loss are stored, if it is below `loss`. A better epoch
// overwrites the older of the two sets of weights, and the two are swapped.
template <class T>
struct Best {
  double loss;
  T *parameters, *state, *parameters_before, *state_before;
  i64 num_better = 0;
};

// The rows of one batch, or a part of a larger batch that starts at first_row and has the total weight
// `whole`; dropout_rates (num_dropouts,) or null: the ops' own.
struct Part {
  Rows rows;
  i64 first_row;
  std::optional<double> whole;
  const double* dropout_rates;
};

// Where a batch's gradient and losses are written: gradient (num_parameters,); losses (heads,), with the
// heads' weights; head_losses (heads,) or null, without them.
template <class T>
struct GradientRecords {
  T* gradient;
  double* losses;
  double* head_losses;
};

// Where all buffers of a batch are written, by buffer: values (n, width); d_values likewise, null if not
// wanted.
template <class T>
struct Probes {
  std::vector<T*> values, d_values;
  GradientRecords<T> records;
};

template <class T>
class Executor {
 public:
  // parameters (num_parameters,) and state (num_state,) belong to the caller, who keeps them alive.
  Executor(Program program, Tools<T> tools, T* parameters, T* state);

  void configure(TrainingPlan plan, T* slots, int num_slots);
  // Discards a step begun by `gradient` or `forward`.
  void abandon();

  TrainingSummary train(const Batches& data, const i64* order, i64 size, i64 batch_size, i64 first_step,
                        const StepValues& values, const StepRecords& records, std::vector<Watch>& watches);
  // records and values cover the steps of all epochs.
  TrainingSummary train_epochs(const Batches& data, Epochs epochs, i64 batch_size, i64 first_step,
                               const StepValues& values, const StepRecords& records, Best<T>& best,
                               std::vector<Watch>& watches);
  // objective: empty, or called without the executor's lock.
  PerturbationSummary perturb(const Batches& data, const i64* order, i64 size, i64 batch_size, i64 first_step,
                              const double* learning_rates, const PerturbationRule& rule,
                              const Objective<T>& objective, const PerturbationRecords& records);

  // The halves of a step; the first one is `gradient`, or `forward` and `backward` if the caller computes the
  // loss. What they read must live until `update`. `gradient` returns the weight of the rows.
  double gradient(const Batches& data, const Part& part, i64 step, const GradientRecords<T>& records);
  void forward(const Batches& data, const Part& part, i64 step, const std::vector<T*>& outputs);
  void backward(const std::vector<const T*>& d_outputs, i64 step, T* gradient);
  StepOutcome update(const T* gradient, const double* losses, double total_weight, i64 step,
                     double learning_rate, double weight_decay);

  // Loss and gradient of the objective, penalties included; changes nothing.
  double loss_and_gradient(const Batches& data, Rows rows, bool training, i64 step,
                           const GradientRecords<T>& records);
  // Both passes, op by op. The backward pass starts from d_outputs (by output), or else from the losses of
  // the data's targets; without either there is none. Changes nothing. Returns which buffers got a gradient.
  std::vector<char> observe(const Batches& data, Rows rows, const Pass& pass,
                            const std::vector<const T*>& d_outputs, const Probes<T>& probes);

  // Both passes over all rows as one batch, in training mode without dropout, op by op; without targets only
  // the forward pass. table (layers, kLayerNumbers + bins.count + 1); losses (heads,). Changes nothing.
  void probe(const Batches& data, const std::vector<ProbedLayer>& layers, const Bins& bins, double* table,
             double* losses);
  // norms (layers,): of each layer's weights less those of `before` (num_parameters,); NaN without weights.
  void change(const std::vector<ProbedLayer>& layers, const T* before, double* norms);

  void predict(const Batches& data, const std::vector<Function>& links, bool mixed,
               const std::vector<T*>& outputs);
  void evaluate(const Batches& data, double* losses);

  int threads_for(const Batches& data, i64 rows) const;
  bool may_use_blas(i64 rows) const;

 private:
  Pool* pool_for(const Batches& data, i64 rows);
  Context<T> begin_part(const Batches& data, const Part& part, i64 step);
  void write_gradient(const GradientRecords<T>& records) const;
  void take_steps(TrainingSummary& summary, const Batches& data, const i64* order, i64 size, i64 batch_size,
                  i64 first_step, const StepValues& values, const StepRecords& records,
                  std::vector<Watch>& watches);
  StepOutcome take_watched(Context<T>& context, const Batches& data, double learning_rate,
                           double weight_decay, std::vector<Watch>& watches);
  bool look_before(std::vector<Watch>& watches, i64 step, Pool* pool);
  void look_within(std::vector<Watch>& watches, const Context<T>& context, double weight) const;
  void look_after(std::vector<Watch>& watches, i64 step) const;
  void keep_weights(const std::vector<ProbedLayer>& layers);
  WeightSize<T> weight_size(const ProbedLayer& layer) const;
  void probe_rows(const Batches& data, const std::vector<ProbedLayer>& layers, const Bins& bins, Pool* pool,
                  double* table, double* losses);
  void measure_change(const std::vector<ProbedLayer>& layers, const T* before, double* norms) const;
  void offer(Best<T>& best, double loss) const;

  ProgramFacts facts_;
  Tools<T> tools_;
  Workers workers_;
  Step<T> step_;
  Workspace<T> probed_;  // apart from that of steps, whose batches are smaller
  Inference<T> inference_;
  int held_threads_ = 1;                     // of a step in two calls
  std::vector<i64> order_;                   // of an epoch
  std::vector<T> before_;                    // the layers' weights before a step whose change is measured
  std::vector<WeightSize<T>> sizes_before_;  // of these, by layer
  std::mutex mutex_;                         // one call at a time
};

extern template class Executor<float>;
extern template class Executor<double>;

}  // namespace lamina
