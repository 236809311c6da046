// The end of a step: the update rule over the flat vectors, the proximal step of L1, and the bound on the
// weights into a unit.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <vector>

#include "executor/pool.hpp"
#include "executor/program.hpp"
#include "executor/update_rule.hpp"

namespace lamina {

// The learning-rate factors of what is trained, each once.
inline std::vector<double> find_factors(const Program& program) {
  std::vector<double> factors;
  for (const Parameter& p : program.parameters)
    if (p.trainable && std::find(factors.begin(), factors.end(), p.learning_rate_factor) == factors.end())
      factors.push_back(p.learning_rate_factor);
  if (factors.empty()) factors.push_back(1.0);
  return factors;
}

// Which of a step's numbers update a parameter: StepNumbers.
inline int which_numbers(const std::vector<double>& factors, const Parameter& p, bool decay) {
  const auto at = std::find(factors.begin(), factors.end(), p.learning_rate_factor) - factors.begin();
  return 2 * static_cast<int>(at) + (decay ? 0 : 1);
}

// What updates need that depends on the step alone: for each factor with decoupled weight decay, and without.
class StepNumbers {
 public:
  explicit StepNumbers(const std::vector<double>& factors)
      : factors_(factors),
        largest_(2 * static_cast<int>(std::max_element(factors.begin(), factors.end()) - factors.begin())),
        numbers_(2 * factors.size()) {}

  void set(UpdateRule& rule, i64 step, double learning_rate, double weight_decay) {
    for (std::size_t f = 0; f < factors_.size(); ++f) {
      numbers_[2 * f] = numbers_[2 * f + 1] = rule.numbers(step, learning_rate * factors_[f], weight_decay);
      numbers_[2 * f + 1].keep = 1;
    }
  }

  const UpdateNumbers& operator[](int which) const { return numbers_[which]; }
  double factor(int which) const { return factors_[which / 2]; }
  // Those of the largest factor, whose steps are the longest.
  const UpdateNumbers& largest() const { return numbers_[largest_]; }

 private:
  std::vector<double> factors_;
  int largest_;
  std::vector<UpdateNumbers> numbers_;
};

// A contiguous range of what is trained, with one strength of L1 and the same numbers of a step.
struct Run {
  i64 offset, size;
  int numbers;
  double l1 = 0;
};

// The ranges with and without weight decay, where no L1 acts.
struct Runs {
  std::vector<Run> decayed, plain;

  const std::vector<Run>& of(double weight_decay) const { return weight_decay == 0 ? plain : decayed; }
};

inline void append(std::vector<Run>& runs, const Run& run) {
  if (!runs.empty() && runs.back().numbers == run.numbers && runs.back().l1 == run.l1 &&
      runs.back().offset + runs.back().size == run.offset) {
    runs.back().size += run.size;
  } else {
    runs.push_back(run);
  }
}

// By parameter: the numbers that update the rows of a matrix that learns by row. Without weight decay in a
// step they are those of a parameter without.
inline std::vector<int> find_row_numbers(const Program& program) {
  const std::vector<double> factors = find_factors(program);
  std::vector<int> numbers;
  for (const Parameter& p : program.parameters)
    numbers.push_back(p.learns_by_row() ? which_numbers(factors, p, p.decay) : 0);
  return numbers;
}

// Without matrices that learn by row. left_out: by parameter, whether to skip it; or empty.
inline Runs find_runs(const Program& program, const std::vector<char>& left_out) {
  const std::vector<double> factors = find_factors(program);
  Runs runs;
  for (std::size_t i = 0; i < program.parameters.size(); ++i) {
    const Parameter& p = program.parameters[i];
    if (!p.trainable || p.by_row || p.l1 != 0 || (!left_out.empty() && left_out[i])) continue;
    append(runs.decayed, {p.offset, p.size, which_numbers(factors, p, p.decay)});
    append(runs.plain, {p.offset, p.size, which_numbers(factors, p, false)});
  }
  return runs;
}

// The ranges where L1 acts.
inline std::vector<Run> find_shrunk_runs(const Program& program) {
  const std::vector<double> factors = find_factors(program);
  std::vector<Run> runs;
  for (const Parameter& p : program.parameters)
    if (p.l1 != 0) append(runs, {p.offset, p.size, which_numbers(factors, p, p.decay), p.l1});
  return runs;
}

// What a step changes: parameters (num_parameters,), state (num_state,), slots (num_slots, num_parameters).
template <class T>
struct Weights {
  T *parameters, *state, *slots;
  int num_slots;
  i64 num_parameters;

  // Slot i from element `at` on, or null.
  T* slot(int i, i64 at) const { return i < num_slots ? slots + i * num_parameters + at : nullptr; }
  T* last_slot(i64 at) const { return num_slots > 0 ? slot(num_slots - 1, at) : nullptr; }
};

template <class T>
void update(const Kernels<T>& kernels, Pool* pool, Rule rule, const UpdateNumbers& numbers, const Run& run,
            const Weights<T>& weights, const T* gradient) {
  over_pieces(pool, run.size, 1, [&](i64 first, i64 count) {
    const i64 at = run.offset + first;
    kernels.update(weights.parameters + at, gradient + at, weights.slot(0, at), weights.slot(1, at), count,
                   rule, &numbers);
  });
}

// Returns false if some of the new weights or slots may be infinite or NaN.
template <class T>
bool update_watched(const Kernels<T>& kernels, Pool* pool, Rule rule, const UpdateNumbers& numbers,
                    const Run& run, const Weights<T>& weights, const T* gradient) {
  std::atomic<bool> finite{true};
  over_pieces(pool, run.size, 1, [&](i64 first, i64 count) {
    const i64 at = run.offset + first;
    const T sum = kernels.update_watched(weights.parameters + at, gradient + at, weights.slot(0, at),
                                         weights.slot(1, at), count, rule, &numbers);
    if (!std::isfinite(sum)) finite.store(false, std::memory_order_relaxed);
  });
  return finite.load(std::memory_order_relaxed);
}

// Where L1 acts, its strength counts as a gradient in the divisor: else a weight that had no gradient yet
// would fall to 0 at once.
inline UpdateNumbers with_l1(UpdateNumbers numbers, double l1) {
  numbers.eps += l1;
  return numbers;
}

// The proximal step of L1 after an update with the same numbers.
template <class T>
void shrink(const Kernels<T>& kernels, Pool* pool, Rule rule, const UpdateNumbers& numbers, double step,
            const Run& run, const Weights<T>& weights) {
  over_pieces(pool, run.size, 1, [&](i64 first, i64 count) {
    const i64 at = run.offset + first;
    kernels.shrink(weights.parameters + at, weights.last_slot(at), count, rule, &numbers, step);
  });
}

template <class T>
void apply_max_norms(const Program& program, const Kernels<T>& kernels, T* parameters, T* scratch) {
  for (const Parameter& p : program.parameters)
    for (i64 i = 0; p.max_norm > 0 && i < p.matrices(); ++i)
      kernels.max_norm(parameters + p.offset + i * p.rows * p.columns, p.rows, p.columns, p.max_norm,
                       scratch);
}

}  // namespace lamina
