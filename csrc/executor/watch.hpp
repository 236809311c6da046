// What a call of several steps measures on its way: lamina/engine/executor.py, Watch.
#pragma once

#include <vector>

#include "executor/probe.hpp"
#include "executor/sources.hpp"

namespace lamina {

// Numbers of steps in ascending order, of which the first `done` have come.
struct WatchedSteps {
  const i64* steps;
  i64 count, done = 0;

  bool due(i64 step) const { return done < count && steps[done] == step; }
};

// The rows are probed before the steps `probes`, the rows of the steps `own` are looked at, and the change of
// the weights by the steps `updates` is measured. What is found goes into tables (steps, layers, numbers())
// and losses (steps, heads) of both kinds; own_sizes (own, 2), the number of rows and the sum of their
// weights; own_flat (own, units), at which units the activation is flat in every row; and changes (updates,
// layers).
struct Watch {
  const Batches& rows;
  std::vector<ProbedLayer> layers;
  Bins bins;
  WatchedSteps probes, own, updates;
  double *tables, *losses;
  double *own_tables, *own_losses, *own_sizes;
  bool* own_flat;
  i64 units;
  double* changes;

  i64 numbers() const { return kLayerNumbers + bins.count + 1; }
  i64 table_size() const { return static_cast<i64>(layers.size()) * numbers(); }
};

}  // namespace lamina
