// The end of a step: the update rule over the flat vectors, the proximal step of L1, and the bound on the
// weights into a unit.
#pragma once

#include <atomic>
#include <cmath>
#include <vector>

#include "executor/pool.hpp"
#include "executor/program.hpp"

namespace lamina {

// A contiguous range of what is trained, with one strength of L1, on which decoupled weight decay acts
// everywhere or nowhere.
struct Run {
  i64 offset, size;
  bool decay;
  double l1 = 0;
};

// The ranges with and without weight decay, where no L1 acts.
struct Runs {
  std::vector<Run> decayed, plain;

  const std::vector<Run>& of(double weight_decay) const { return weight_decay == 0 ? plain : decayed; }
};

inline void append(std::vector<Run>& runs, const Run& run) {
  if (!runs.empty() && runs.back().decay == run.decay && runs.back().l1 == run.l1 &&
      runs.back().offset + runs.back().size == run.offset) {
    runs.back().size += run.size;
  } else {
    runs.push_back(run);
  }
}

// left_out: by parameter, whether to skip it; or empty.
inline Runs find_runs(const Program& program, const std::vector<char>& left_out) {
  Runs runs;
  for (std::size_t i = 0; i < program.parameters.size(); ++i) {
    const Parameter& p = program.parameters[i];
    if (!p.trainable || p.l1 != 0 || (!left_out.empty() && left_out[i])) continue;
    append(runs.decayed, {p.offset, p.size, p.decay});
    append(runs.plain, {p.offset, p.size, false});
  }
  return runs;
}

// The ranges where L1 acts.
inline std::vector<Run> find_shrunk_runs(const Program& program) {
  std::vector<Run> runs;
  for (const Parameter& p : program.parameters)
    if (p.l1 != 0) append(runs, {p.offset, p.size, p.decay, p.l1});
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
