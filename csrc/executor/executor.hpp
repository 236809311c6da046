// The native executor: runs a program, a whole epoch in one call. See lamina/engine/executor.py for what each
// call promises.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "blas/blas.hpp"
#include "executor/aligned_vector.hpp"
#include "executor/context.hpp"
#include "executor/gradient.hpp"
#include "executor/outer_update.hpp"
#include "executor/pool.hpp"
#include "executor/product.hpp"
#include "executor/program.hpp"
#include "executor/reach.hpp"
#include "executor/sources.hpp"
#include "executor/update.hpp"
#include "executor/update_rule.hpp"
#include "executor/workspace.hpp"

namespace lamina {

// What may change from step to step: (k,), (k,) or null, (k, num_dropouts) or null.
struct StepValues {
  const double* learning_rates;
  const double* weight_decays;
  const double* dropout_rates;
  i64 num_dropouts;
};

// What is written down of each step: losses (k,); norms (k,) or null; head_losses (k, heads) or null, without
// the heads' weights.
struct StepRecords {
  double* losses;
  double* norms;
  double* head_losses;
};

struct TrainingSummary {
  i64 steps = 0, num_clipped = 0;
  std::optional<Failure> failure;
};

// Epochs one after another, each over all rows: in an order of its own, or as they lie.
struct Epochs {
  std::uint32_t first;  // keys the orders
  i64 count;
  bool shuffle;
};

// What data are cut into where only outputs are wanted: so many rows each, the last one fewer.
struct Pieces {
  i64 rows, count;
};

// Where the weights of the epoch with the lowest mean loss are kept, if any has a lower one than `loss`. A
// better epoch is written over the one that was the best before it, and the two change places.
template <class T>
struct Best {
  double loss;
  T *parameters, *state, *parameters_before, *state_before;
  i64 num_better = 0;
};

template <class T>
class Perturber;

template <class T>
class Executor {
 public:
  // parameters (num_parameters,) and state (num_state,) stay the caller's, who keeps them alive.
  Executor(Program program, Tools<T> tools, T* parameters, T* state);

  void configure(TrainingPlan plan, T* slots, int num_slots);

  TrainingSummary train(const Batches& data, const i64* order, i64 size, i64 batch_size, i64 first_step,
                        const StepValues& values, const StepRecords& records);
  // records and values: of the steps of all epochs.
  TrainingSummary train_epochs(const Batches& data, Epochs epochs, i64 batch_size, i64 first_step,
                               const StepValues& values, const StepRecords& records, Best<T>& best);
  // Each output through its link, a function without numbers of its own.
  void predict(const Batches& data, const std::vector<Function>& links, const std::vector<T*>& outputs);
  void evaluate(const Batches& data, double* losses);
  // head_losses (heads,) or null, as in StepRecords.
  double loss_and_gradient(const Batches& data, Rows rows, bool training, i64 step, T* gradient,
                           double* head_losses);

  // The two halves of a step whose loss the caller computes; `data` must live until the second half is done.
  void forward_half(const Batches& data, Rows rows, i64 step, const std::vector<T*>& outputs);
  std::optional<Failure> backward_half(const std::vector<const T*>& d_outputs, i64 step, double learning_rate,
                                       double weight_decay, double rows);

  int threads_for(const Batches& data, i64 rows) const;
  bool may_use_blas(i64 rows) const;

 private:
  friend class Perturber<T>;  // trains in another way, in the same memory

  struct StepOutcome {
    double loss = 0, norm = 0;
    bool clipped = false;
    std::optional<Failure> failure;
  };

  // While it lives, this call of several steps follows how far the weights reach.
  struct Following {
    Following(Executor& executor, bool several_steps) : executor(executor) {
      executor.follows_reach_ = several_steps;
    }
    ~Following() {
      executor.follows_reach_ = false;
      executor.reach_ = {};
    }
    Executor& executor;
  };

  Context<T> begin(Workspace<T>& work, Pool* pool, const Batches& data, Rows rows, bool training,
                   bool update_state, i64 step, const double* dropout_rates);
  void forget_contributions();
  bool stays_sparse(const Batches& data, std::size_t i) const;
  i64 work_of(const Batches& data, i64 rows) const;
  Pool* pool_for(const Batches& data, i64 rows);
  double differentiate(const Context<T>& context, const Batches& data);
  void penalize(const Context<T>& context, double total_weight);
  bool leaves_gradients(const Context<T>& context) const;
  std::optional<Failure> find_failure(const Context<T>& context, double loss);
  bool clip(Pool* pool, double squares);
  void update_parameters(const Context<T>& context, double learning_rate, double weight_decay,
                         std::optional<Failure>& failure);
  bool extend_reach(const UpdateNumbers& numbers, double gradient, const Weights<T>& weights);
  StepOutcome take_step(const Context<T>& context, const Batches& data, double learning_rate,
                        double weight_decay);
  void take_steps(TrainingSummary& summary, const Batches& data, const i64* order, i64 size, i64 batch_size,
                  i64 first_step, const StepValues& values, const StepRecords& records);
  void offer(Best<T>& best, double loss) const;
  Pieces inference_pieces(const Batches& data) const;
  template <class Use>
  void infer(const Batches& data, const Pieces& pieces, Use use);

  Program program_;
  Tools<T> tools_;
  T* parameters_;
  T* state_;
  T* slots_ = nullptr;
  int num_slots_ = 0;
  TrainingPlan plan_;
  UpdateRule rule_{Rule::gradient_descent, {}};

  std::vector<std::vector<int>> layers_;
  Runs runs_;
  std::vector<Section> sections_;
  OuterUpdate outer_;
  i64 work_per_row_;
  std::vector<char> needs_gradient_, only_dense_;
  Fusion fusion_;
  AlignedVector<T> gradient_;
  std::vector<T> saved_state_;
  std::vector<double> head_losses_, head_means_;  // with and without the heads' weights
  GradientTotals totals_;                         // of this step
  bool outer_left_ = false;  // whether this step's update has gradients of outer_ to work out
  Reach<T> reach_;           // known within a call, which alone changes the weights
  bool follows_reach_ = false;
  PieceTotals pieces_;
  std::vector<char> d_value_written_, gradient_written_;
  std::vector<const Source*> sparse_input_;
  std::vector<i64> order_;  // of an epoch
  Workspace<T> training_;
  std::vector<Workspace<T>> inference_;  // one a thread
  Batches held_;                         // of a half step
  Rows held_rows_{nullptr, 0, 0};
  std::unique_ptr<Pool> pool_;
  long pool_process_ = 0;
  std::mutex mutex_;  // one call at a time
};

extern template class Executor<float>;
extern template class Executor<double>;

}  // namespace lamina
