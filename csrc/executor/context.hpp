// What every op sees during a pass over a batch: the program, its arrays, and the mode of the pass.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "executor/fusion.hpp"
#include "executor/pool.hpp"
#include "executor/product.hpp"
#include "executor/program.hpp"
#include "executor/sources.hpp"
#include "executor/touched_rows.hpp"
#include "executor/workspace.hpp"

namespace lamina {

template <class T>
struct Context {
  const Program& program;
  const Kernels<T>& kernels;
  Product<T> product;
  Pool* pool;
  Workspace<T>& work;
  const T* parameters;
  T* state;
  T* gradient;                          // (num_parameters,)
  std::vector<TouchedRows>* touched;    // by parameter: rows that may have a gradient; null without one
  std::vector<char>& d_value_written;   // by buffer: its gradient has had a first contribution in this step
  std::vector<char>& gradient_written;  // by parameter, likewise
  const std::vector<char>& needs_gradient;  // by buffer: whether its gradient is needed
  const std::vector<char>& sparse_input;    // by buffer: it is a sparse batch, not made dense
  Rows rows;
  bool training;      // masks and batch statistics
  bool update_state;  // running statistics too
  std::uint64_t seed;
  i64 step;
  const double* dropout_rates;                       // by dropout op in program order, or null: the ops' own
  const Fusion* fusion;                              // null: ops run one by one, without a backward pass
  const std::vector<char>* outer_weights = nullptr;  // by parameter: left to update_outer; null: none
  i64 first_row = 0;   // of the rows within a larger batch, whose masks dropout uses
  bool mixed = false;  // dense ops multiply in bfloat16
  i64 copies = 1;      // of the op that runs

  i64 n() const { return rows.size * copies; }
  i64 width(int buffer) const { return program.widths[buffer] / copies; }
  T* value(int buffer) const { return work.value[buffer]; }
  T* d_value(int buffer) const {
    const int place = fusion ? fusion->d_place[buffer] : -1;
    return place < 0 ? work.d_value[buffer] : work.value[place];
  }
  int written(int buffer) const { return fusion ? fusion->written[buffer] : buffer; }
  int d_written(int buffer) const { return fusion ? fusion->d_written[buffer] : buffer; }
  const T* parameter(const Op& op, std::size_t i) const {
    return i < op.parameters.size() ? parameters + program.parameters[op.parameters[i]].offset : nullptr;
  }
  const Kept<T>& kept(const Op& op) const { return work.kept[op.index]; }
  T* running(const Op& op, std::size_t i) const { return state + program.state[op.state[i]].offset; }

  // Whether the op, which makes sums, multiplies in bfloat16: not sparse rows, and not for few outputs, as in
  // lamina/engine/formulas/bfloat16.py.
  bool is_mixed(const Op& op) const {
    return mixed && !sparse_input[op.inputs[0]] && program.parameters[op.parameters[0]].columns > kFewOutputs;
  }

  bool is_left_out(int parameter) const { return outer_weights && (*outer_weights)[parameter]; }

  // Sets the gradient of a parameter to 0.
  void clear_gradient(int p) const {
    const Parameter& parameter = program.parameters[p];
    if (parameter.learns_by_row()) return (*touched)[p].clear(gradient);
    std::fill_n(gradient + parameter.offset, parameter.size, T(0));
  }

  // Where an op adds the gradient of its parameter i, or null if it is not trained; set to 0 before the first
  // contribution in a step.
  T* gradient_to_add(const Op& op, std::size_t i) const {
    if (!program.trains(op, i)) return nullptr;
    const int p = op.parameters[i];
    if (!gradient_written[p]) clear_gradient(p);
    gradient_written[p] = 1;
    return gradient + program.parameters[p].offset;
  }

  // Calls `write(T* sums)` to write one contribution to the gradient of parameter i, a vector, if it is
  // trained.
  template <class Write>
  void contribute_to_parameter(const Op& op, std::size_t i, Write write) const {
    if (!program.trains(op, i)) return;
    const int p = op.parameters[i];
    T* to = gradient + program.parameters[p].offset;
    write(gradient_written[p] ? work.scratch : to);
    if (gradient_written[p]) kernels.add_to(to, work.scratch, program.parameters[p].size);
    gradient_written[p] = 1;
  }

  // Calls `write(T* d_x)` to write one contribution to the gradient of `buffer`: the first one in place,
  // later ones are added.
  template <class Write>
  void contribute(int buffer, Write write) const {
    if (!needs_gradient[buffer]) return;
    if (!d_value_written[buffer]) {
      write(d_value(buffer));
      d_value_written[buffer] = 1;
      return;
    }
    write(work.scratch);
    kernels.add_to(d_value(buffer), work.scratch, n() * width(buffer));
  }

  // f(first row, number of rows) over tiles of the batch.
  template <class F>
  void over_rows(i64 width, F f) const {
    over_pieces(pool, n(), width, f);
  }
};

}  // namespace lamina
