// What to compute, as plain data: the C++ mirror of lamina/engine/program.py and the parts of plan.py that
// the executor needs.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kernels/kernels.hpp"

namespace lamina {

// Rows of the table of ops (executor/ops/table.hpp), which has their names. Only ops that other code must
// recognize are listed here.
enum class OpKind : int { dense, activation, dropout, concat, grouped_dense, scale, mask_codes };

// How much an op keeps between forward and backward: numbers, and a mask of bytes.
struct KeptSizes {
  i64 normalized = 0, inverse_deviation = 0, activated = 0, mask = 0;
};

struct Parameter {
  std::string layer;
  i64 offset, size, rows, columns;  // of a matrix, of which there may be several; rows = 1 for vectors
  double l1, l2, max_norm;
  bool decay, trainable;  // nothing acts on what is not trainable: its strengths are 0
  double learning_rate_factor;
  bool by_row;

  // Whether a step changes only the rows with a gradient.
  bool learns_by_row() const { return by_row && trainable; }
  i64 matrices() const { return rows * columns > 0 ? size / (rows * columns) : 0; }
};

struct Op {
  OpKind kind;
  int index;                                            // in Program::ops
  KeptSizes (*keeps)(i64 n, i64 width, bool training);  // null: nothing
  std::string layer;
  std::vector<int> inputs;
  int output;
  std::vector<int> parameters, state;
  std::vector<double> settings;
  Function function;  // of an activation; identity without one
  i64 copies;         // buffers (n, width) are read and written as (n * copies, width / copies)

  // Whether it is random in training; its first setting is the rate.
  bool draws_masks() const { return kind == OpKind::dropout || kind == OpKind::mask_codes; }

  // Whether its units are weighted sums of others; its first parameter is the weights.
  bool makes_sums() const { return kind == OpKind::dense || kind == OpKind::grouped_dense; }
};

struct Head {
  HeadKind kind;
  int logits;
  i64 target_width;
  std::vector<double> settings;
  double weight;
};

struct Program {
  std::vector<i64> widths;
  std::vector<int> inputs, outputs;
  std::vector<Op> ops;
  std::vector<Parameter> parameters, state;
  std::vector<Head> heads;
  i64 num_parameters = 0, num_state = 0;
  i64 members = 1;  // of an ensemble, whose logits lie side by side in every output

  // Multiply-adds over one row of an op that makes sums.
  i64 work_of(const Op& op) const { return op.copies * parameters[op.parameters[0]].size; }

  // Whether the op has a state that training does not change, so that it works as in inference.
  bool stands_still(const Op& op) const {
    return std::any_of(op.state.begin(), op.state.end(), [&](int s) { return !state[s].trainable; });
  }

  // Whether the op has the parameter i, and it is trained.
  bool trains(const Op& op, std::size_t i) const {
    return i < op.parameters.size() && parameters[op.parameters[i]].trainable;
  }
};

struct Clipping {
  std::optional<std::pair<double, double>> value;
  std::optional<double> layer_norm, norm;

  bool any() const { return value || layer_norm || norm; }

  // An upper bound of all magnitudes after clipping, if `largest` is one before.
  double largest_after(double largest) const {
    return value ? std::max({largest, value->first, -value->second}) : largest;
  }
};

struct TrainingPlan {
  Rule rule = Rule::gradient_descent;
  std::vector<double> coefficients;
  Clipping clipping;
  bool penalty_per_row = false, record_norms = false;
  bool mixed = false;  // passes of training multiply in bfloat16; only of float
  std::uint64_t seed = 0;
};

struct Failure {
  i64 step;
  std::string layer, quantity;
};

}  // namespace lamina
