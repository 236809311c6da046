// Fusion of neighboring ops, to save separate passes: dense and scale ops also compute an adjacent relu, and
// dense ops with few outputs (ops/narrow_dense.hpp) the bias gradient of the dense op below.
#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "executor/program.hpp"

namespace lamina {

struct Fusion {
  // By buffer: where the dense or scale op that writes it puts its output instead, if only a relu reads it:
  // the relu's output; otherwise the buffer itself.
  std::vector<int> written;
  // By buffer: where the dense or scale op that is its only reader puts its gradient instead, past the relu
  // that wrote it (if that relu is the only reader of its own input).
  std::vector<int> d_written;
  // By buffer: the buffer whose value's memory its gradient reuses, or -1. It is relu's output, which is not
  // read again once the backward pass of a narrow dense op has passed relu.
  std::vector<int> d_place;
  // By buffer: the bias whose gradient is just the sum over the rows of the buffer's gradient, if a single op
  // reads the buffer (even past relu) and so computes all of that gradient; else -1.
  std::vector<int> bias_below;
};

inline constexpr i64 kFewOutputs = 4;  // Kernels::narrow_backward

inline bool is_narrow(const Program& program, const Op& op) {
  const i64 width = program.widths[op.output] / op.copies;
  return op.kind == OpKind::dense && program.trains(op, 0) && width <= kFewOutputs && width > 0;
}

// By buffer: its readers; outputs and heads count.
inline std::vector<int> count_readers(const Program& program) {
  std::vector<int> readers(program.widths.size(), 0);
  for (const Op& op : program.ops)
    for (const int b : op.inputs) ++readers[b];
  for (const int b : program.outputs) ++readers[b];
  for (const Head& head : program.heads) ++readers[head.logits];
  return readers;
}

inline void find_fused_relu(Fusion& fusion, const Program& program, const std::vector<int>& readers) {
  std::vector<char> takes_after(program.widths.size(), 0), takes_before(program.widths.size(), 0);
  for (const Op& op : program.ops) {
    if (op.kind != OpKind::dense && op.kind != OpKind::scale) continue;
    takes_after[op.output] = 1;
    takes_before[op.inputs[0]] = 1;
  }
  for (const Op& op : program.ops) {
    if (op.kind != OpKind::activation || op.function != Function::relu) continue;
    const int x = op.inputs[0], out = op.output;
    if (readers[x] != 1) continue;
    if (takes_after[x]) fusion.written[x] = out;
    if (takes_before[out] && readers[out] == 1) fusion.d_written[out] = x;
  }
}

// By parameter: by how many ops it is used.
inline std::vector<int> count_uses(const Program& program) {
  std::vector<int> uses(program.parameters.size(), 0);
  for (const Op& op : program.ops)
    for (const int p : op.parameters) ++uses[p];
  return uses;
}

// Not for ensembles, whose batches go through in pieces, so that sums of columns are added to earlier ones.
inline void find_biases_below(Fusion& fusion, const Program& program, const std::vector<int>& readers) {
  if (program.members > 1) return;
  const std::vector<int> uses = count_uses(program);
  for (const Op& op : program.ops)
    if (op.kind == OpKind::dense && program.trains(op, 1) && uses[op.parameters[1]] == 1 &&
        readers[op.output] == 1)
      fusion.bias_below[op.output] = op.parameters[1];
}

// No fusion: ops run one by one, so that all buffers are filled.
inline Fusion no_fusion(const Program& program) {
  const std::size_t buffers = program.widths.size();
  Fusion fusion{std::vector<int>(buffers), {}, std::vector<int>(buffers, -1), std::vector<int>(buffers, -1)};
  std::iota(fusion.written.begin(), fusion.written.end(), 0);
  fusion.d_written = fusion.written;
  return fusion;
}

inline Fusion find_fusion(const Program& program) {
  const std::vector<int> readers = count_readers(program);
  Fusion fusion = no_fusion(program);
  find_fused_relu(fusion, program, readers);
  find_biases_below(fusion, program, readers);
  for (const Op& op : program.ops) {
    const int x = op.inputs[0], to = fusion.d_written[x];
    if (is_narrow(program, op) && to != x) fusion.d_place[to] = x;
  }
  return fusion;
}

// The same backward pass, after a forward pass that fills all buffers and whose values are not written over.
inline Fusion find_value_keeping_fusion(const Program& program) {
  const Fusion none = no_fusion(program);
  Fusion fusion = find_fusion(program);
  fusion.written = none.written;
  fusion.d_place = none.d_place;
  return fusion;
}

}  // namespace lamina
