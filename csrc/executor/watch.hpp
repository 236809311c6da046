// What a call of several steps measures on its way: lamina/engine/executor.py, Watch.
#pragma once

#include <vector>

#include "executor/probe.hpp"
#include "executor/sources.hpp"

namespace lamina {

// `probes` and `updates` are numbers of steps in ascending order: those before which the rows are probed, and
// those whose change of the weights is measured. What is found goes into tables (num_probes, layers,
// kLayerNumbers + bins.count + 1), losses (num_probes, heads) and changes (num_updates, layers).
struct Watch {
  const Batches& rows;
  std::vector<ProbedLayer> layers;
  Bins bins;
  const i64 *probes, *updates;
  i64 num_probes, num_updates;
  double *tables, *losses, *changes;
  i64 num_probed = 0, num_measured = 0;

  bool probes_before(i64 step) const { return num_probed < num_probes && probes[num_probed] == step; }
  bool measures(i64 step) const { return num_measured < num_updates && updates[num_measured] == step; }
};

}  // namespace lamina
