// What follows from the program alone, without a batch.
#pragma once

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "executor/context.hpp"
#include "executor/fusion.hpp"
#include "executor/gradient.hpp"
#include "executor/outer_update.hpp"
#include "executor/program.hpp"
#include "executor/sources.hpp"
#include "executor/update.hpp"

namespace lamina {

// By buffer: whether the op that writes it, or one before that, has a trainable parameter, so that its
// gradient is needed.
inline std::vector<char> find_needs_gradient(const Program& program) {
  std::vector<char> needs(program.widths.size(), 0);
  for (const Op& op : program.ops) {
    const bool inherited = std::any_of(op.inputs.begin(), op.inputs.end(), [&](int b) { return needs[b]; });
    needs[op.output] = inherited || std::any_of(op.parameters.begin(), op.parameters.end(),
                                                [&](int p) { return program.parameters[p].trainable; });
  }
  return needs;
}

// By buffer: whether an op writes it.
inline std::vector<char> find_computed(const Program& program) {
  std::vector<char> computed(program.widths.size(), 0);
  for (const Op& op : program.ops) computed[op.output] = 1;
  return computed;
}

// By buffer: whether only dense ops read it, so that a sparse batch may stay sparse.
inline std::vector<char> find_only_dense(const Program& program) {
  std::vector<char> only(program.widths.size(), 1);
  for (const Op& op : program.ops)
    for (const int b : op.inputs) only[b] = only[b] && op.kind == OpKind::dense && op.copies == 1;
  for (const int b : program.outputs) only[b] = 0;
  for (const Head& head : program.heads) only[head.logits] = 0;
  return only;
}

// Multiply-adds of a forward pass over one row.
inline i64 find_work_per_row(const Program& program) {
  i64 work = 0;
  for (const Op& op : program.ops)
    work += op.makes_sums() ? program.work_of(op) : 4 * program.widths[op.output];
  return work;
}

// How many rows of a batch go through both passes at a time. Those of an ensemble are so long that a whole
// batch would leave the caches between one op and the next; with running statistics, rows depend on each
// other.
inline i64 find_rows_at_once(const Program& program) {
  constexpr i64 kPieceSize = 65536;  // numbers of the widest buffer
  if (program.members == 1 || program.num_state > 0) return std::numeric_limits<i64>::max();
  return std::max<i64>(kPieceSize / *std::max_element(program.widths.begin(), program.widths.end()), 1);
}

// Whether matrices that learn by row are so large that a step had better not look at all of them.
inline bool find_many_rows(const Program& program) {
  constexpr i64 kMany = 65536;  // numbers
  i64 numbers = 0;
  for (const Parameter& p : program.parameters)
    if (p.by_row) numbers += p.size;
  return numbers > kMany;
}

struct ProgramFacts {
  explicit ProgramFacts(Program given)
      : program(std::move(given)),
        layers(group_by_layer(program)),
        trained(find_trained(program, true)),
        trained_whole(find_trained(program, false)),
        by_row(find_by_row(program)),
        row_numbers(find_row_numbers(program)),
        has_many_rows(find_many_rows(program)),
        runs(find_runs(program, {})),
        shrunk_runs(find_shrunk_runs(program)),
        sections(find_sections(program, {})),
        outer(find_outer_update(program)),
        fusion(find_fusion(program)),
        value_keeping(find_value_keeping_fusion(program)),
        unfused(no_fusion(program)),
        needs_gradient(find_needs_gradient(program)),
        computed(find_computed(program)),
        only_dense(find_only_dense(program)),
        work_per_row(find_work_per_row(program)),
        rows_at_once(find_rows_at_once(program)) {}

  // Whether input i is sparse in the data and stays sparse.
  bool stays_sparse(const Batches& data, std::size_t i) const {
    return data.inputs[i].sparse() && only_dense[program.inputs[i]];
  }

  // Multiply-adds of a forward pass over this many rows; for a batch that stays sparse only stored values
  // count.
  i64 work_of(const Batches& data, i64 rows) const {
    i64 work = rows * work_per_row;
    for (std::size_t i = 0; i < data.inputs.size(); ++i) {
      if (!stays_sparse(data, i)) continue;
      for (const Op& op : program.ops)
        if (op.inputs[0] == program.inputs[i])
          work -= static_cast<i64>((1 - data.inputs[i].density()) *
                                   static_cast<double>(rows * program.parameters[op.parameters[0]].size));
    }
    return work;
  }

  Program program;
  std::vector<std::vector<int>> layers;       // trainable parameters by layer
  std::vector<Range> trained, trained_whole;  // the second without matrices that learn by row
  std::vector<int> by_row;                    // these matrices
  std::vector<int> row_numbers;               // by parameter: which of a step's numbers update its rows
  bool has_many_rows;
  Runs runs;
  std::vector<Run> shrunk_runs;
  std::vector<Section> sections;
  OuterUpdate outer;
  Fusion fusion, value_keeping, unfused;
  std::vector<char> needs_gradient, computed, only_dense;  // by buffer
  i64 work_per_row, rows_at_once;
};

// How a pass over a batch runs.
struct Pass {
  bool training, update_state;  // masks and batch statistics; running statistics too
  i64 step = 0;
  const double* dropout_rates = nullptr;
  bool every_buffer = false;  // no fusion, so that all buffers and their gradients are filled
  bool dense_inputs = true;   // then sparse batches are made dense, too
  bool every_value = false;   // all buffers are filled, and the gradient is that of training
};

// The context of a batch in `work`, where nothing has been computed yet. gradient (num_parameters,) and
// touched (by parameter), or null if no backward pass will follow.
template <class T>
Context<T> begin_pass(const ProgramFacts& facts, const Tools<T>& tools, Pool* pool, Workspace<T>& work,
                      const Weights<T>& weights, T* gradient, std::vector<TouchedRows>* touched,
                      std::uint64_t seed, const Batches& data, Rows rows, const Pass& pass) {
  work.forget_contributions();
  for (std::size_t i = 0; i < data.inputs.size(); ++i)
    work.sparse_input[facts.program.inputs[i]] =
        !(pass.every_buffer && pass.dense_inputs) && facts.stays_sparse(data, i);
  return {facts.program,
          *tools.kernels,
          Product<T>{tools, pool},
          pool,
          work,
          weights.parameters,
          weights.state,
          gradient,
          touched,
          work.d_value_written,
          work.gradient_written,
          pass.every_buffer ? facts.computed : facts.needs_gradient,
          work.sparse_input,
          rows,
          pass.training,
          pass.update_state,
          seed,
          pass.step,
          pass.dropout_rates,
          pass.every_buffer  ? &facts.unfused
          : pass.every_value ? &facts.value_keeping
                             : &facts.fusion};
}

}  // namespace lamina
