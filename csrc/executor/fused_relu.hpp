// Relu beside dense ops: done while their products store, so that it costs no pass of its own.
#pragma once

#include <numeric>
#include <vector>

#include "executor/program.hpp"

namespace lamina {

struct FusedRelu {
  // By buffer: where the dense op that writes it puts its numbers instead, past the relu that alone reads
  // them; the buffer itself where there is no such relu.
  std::vector<int> written;
  // By buffer: where the dense op that alone reads it puts its gradient instead, past the relu that wrote it
  // (and alone reads its own input).
  std::vector<int> d_written;
};

// By buffer: who reads it; outputs and heads count.
inline std::vector<int> count_readers(const Program& program) {
  std::vector<int> readers(program.widths.size(), 0);
  for (const Op& op : program.ops)
    for (const int b : op.inputs) ++readers[b];
  for (const int b : program.outputs) ++readers[b];
  for (const Head& head : program.heads) ++readers[head.logits];
  return readers;
}

inline FusedRelu find_fused_relu(const Program& program) {
  const std::vector<int> readers = count_readers(program);
  std::vector<char> from_dense(program.widths.size(), 0), to_dense(program.widths.size(), 0);
  for (const Op& op : program.ops) {
    if (op.kind != OpKind::dense) continue;
    from_dense[op.output] = 1;
    to_dense[op.inputs[0]] = 1;
  }
  FusedRelu fused{std::vector<int>(program.widths.size()), {}};
  std::iota(fused.written.begin(), fused.written.end(), 0);
  fused.d_written = fused.written;
  for (const Op& op : program.ops) {
    if (op.kind != OpKind::activation || op.function != Function::relu) continue;
    const int x = op.inputs[0], out = op.output;
    if (readers[x] != 1) continue;
    if (from_dense[x]) fused.written[x] = out;
    if (to_dense[out] && readers[out] == 1) fused.d_written[out] = x;
  }
  return fused;
}

}  // namespace lamina
