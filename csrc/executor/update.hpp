// The end of a step: the update rule over the flat vectors, and the bound on the weights into a unit.
#pragma once

#include <vector>

#include "executor/pool.hpp"
#include "executor/program.hpp"

namespace lamina {

// A run of the flat vectors on which decoupled weight decay acts throughout, or nowhere.
struct Run {
  i64 offset, size;
  bool decay;
};

inline std::vector<Run> find_runs(const Program& program) {
  std::vector<Run> runs;
  for (const Parameter& p : program.parameters) {
    if (!runs.empty() && runs.back().decay == p.decay && runs.back().offset + runs.back().size == p.offset) {
      runs.back().size += p.size;
    } else {
      runs.push_back({p.offset, p.size, p.decay});
    }
  }
  return runs;
}

// slots (num_slots, num_parameters)
template <class T>
void update(const Kernels<T>& kernels, Pool* pool, Rule rule, const UpdateNumbers& numbers, const Run& run,
            i64 num_parameters, int num_slots, T* parameters, const T* gradient, T* slots) {
  over_pieces(pool, run.size, 1, [&](i64 first, i64 count) {
    const i64 at = run.offset + first;
    T* slot1 = num_slots > 0 ? slots + at : nullptr;
    T* slot2 = num_slots > 1 ? slots + num_parameters + at : nullptr;
    kernels.update(parameters + at, gradient + at, slot1, slot2, count, rule, &numbers);
  });
}

template <class T>
void apply_max_norms(const Program& program, const Kernels<T>& kernels, T* parameters, T* scratch) {
  for (const Parameter& p : program.parameters)
    if (p.max_norm > 0) kernels.max_norm(parameters + p.offset, p.rows, p.columns, p.max_norm, scratch);
}

}  // namespace lamina
