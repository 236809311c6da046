// The memory of a batch: every buffer's value and gradient, and what the ops keep from the forward pass for
// the backward pass.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "executor/arena.hpp"
#include "executor/mixed_product.hpp"
#include "executor/program.hpp"
#include "executor/sparse.hpp"

namespace lamina {

// What one op keeps between forward and backward; null where it keeps nothing.
template <class T>
struct Kept {
  T* normalized = nullptr;         // (n, width)
  T* inverse_deviation = nullptr;  // (width,) of batch norm, (n,) of layer norm
  T* activated = nullptr;          // (n, width): f(x) of a parametric activation
  std::uint8_t* mask = nullptr;    // (n, width): 1 = kept by dropout
};

template <class T>
class Workspace {
 public:
  std::vector<T*> value, d_value;      // by buffer: (n, width)
  std::vector<T*> room;                // by input: where its rows are gathered, unless they are read in place
  std::vector<Kept<T>> kept;           // by op
  std::vector<T*> target, scale;       // by head: (n * members, target_width), (n * members,)
  T* scratch = nullptr;                // (n, widest buffer), and at least the widest parameter row
  i64* order = nullptr;                // (n,)
  std::vector<SparseBatch<T>> sparse;  // by buffer: input batches that stay sparse
  std::vector<char> sparse_input;      // by buffer: whether it is such a batch, not made dense
  std::vector<char> d_value_written;   // by buffer: its gradient has had a first contribution
  std::vector<char> gradient_written;  // by parameter, likewise
  MixedOperands mixed;                 // of products in bfloat16

  // Makes room for batches of up to `rows`. A layout that is much too large is replaced as well: buffers far
  // apart share cache sets.
  void prepare(const Program& program, i64 rows, bool training) {
    if (rows <= capacity_ && capacity_ <= 8 * rows && (has_gradients_ || !training)) return;
    capacity_ = std::max<i64>(rows, 1);
    has_gradients_ = training;
    arena_.reset();
    lay_out(program);
    arena_.commit();
    lay_out(program);
  }

  // Before a backward pass.
  void forget_contributions() {
    forget_values();
    mixed.forget_weights();
    std::fill(gradient_written.begin(), gradient_written.end(), 0);
  }

  // Before one whose gradient is added to that of other rows.
  void forget_values() { std::fill(d_value_written.begin(), d_value_written.end(), 0); }

  // Makes batches start at a later row of the gathered inputs and targets; a negative number goes back.
  void skip(const Program& program, i64 rows) {
    for (const int b : program.inputs) value[b] += rows * program.widths[b];
    for (std::size_t h = 0; h < target.size(); ++h)
      target[h] += rows * program.members * program.heads[h].target_width;
  }

 private:
  void lay_out(const Program& program) {
    const std::size_t buffers = program.widths.size();
    value.resize(buffers);
    d_value.resize(buffers);
    sparse.resize(buffers);
    sparse_input.resize(buffers);
    d_value_written.resize(buffers);
    gradient_written.resize(program.parameters.size());
    i64 widest = 1;
    for (std::size_t b = 0; b < buffers; ++b) {
      value[b] = arena_.template take<T>(capacity_ * program.widths[b]);
      if (has_gradients_) d_value[b] = arena_.template take<T>(capacity_ * program.widths[b]);
      widest = std::max(widest, program.widths[b]);
    }
    room.clear();
    for (const int b : program.inputs) room.push_back(value[b]);
    for (const Parameter& parameter : program.parameters) widest = std::max(widest, parameter.columns);
    scratch = arena_.template take<T>(capacity_ * widest);
    order = arena_.template take<i64>(capacity_);
    lay_out_kept(program);
    lay_out_heads(program);
  }

  void lay_out_kept(const Program& program) {
    kept.assign(program.ops.size(), {});
    for (std::size_t i = 0; i < program.ops.size(); ++i) {
      const Op& op = program.ops[i];
      if (!op.keeps) continue;
      const KeptSizes sizes =
          op.keeps(capacity_ * op.copies, program.widths[op.output] / op.copies, has_gradients_);
      if (sizes.normalized) kept[i].normalized = arena_.template take<T>(sizes.normalized);
      if (sizes.inverse_deviation)
        kept[i].inverse_deviation = arena_.template take<T>(sizes.inverse_deviation);
      if (sizes.activated) kept[i].activated = arena_.template take<T>(sizes.activated);
      if (sizes.mask) kept[i].mask = arena_.template take<std::uint8_t>(sizes.mask);
    }
  }

  void lay_out_heads(const Program& program) {
    target.resize(program.heads.size());
    scale.resize(program.heads.size());
    for (std::size_t h = 0; h < program.heads.size(); ++h) {
      target[h] = arena_.template take<T>(capacity_ * program.members * program.heads[h].target_width);
      scale[h] = arena_.template take<T>(capacity_ * program.members);
    }
  }

  Arena arena_;
  i64 capacity_ = 0;
  bool has_gradients_ = false;
};

}  // namespace lamina
