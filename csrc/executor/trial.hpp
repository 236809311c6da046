// A change of one weight: recomputes what depends on it, and can undo that.
//
// If only one unit's column changes (the unit that the weight leads into, and its activation), only that
// column is computed; a dense op above it adds the product of one column and one row; what comes after that
// is computed completely, into memory that otherwise holds gradients.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "executor/context.hpp"
#include "executor/passes.hpp"

namespace lamina {

// A change of one number of a parameter.
template <class T>
struct WeightChange {
  int parameter;
  i64 element;  // within the parameter
  T delta;
};

template <class T>
class Trial {
 public:
  explicit Trial(const Program& program)
      : changed_column_(program.widths.size(), kUnchanged), old_column_(program.widths.size()) {
    for (std::size_t p = 0; p < program.parameters.size(); ++p)
      following_.push_back(find_following(program, static_cast<int>(p)));
  }

  void prepare(i64 rows) {
    const auto size = static_cast<std::size_t>(rows);
    for (auto& column : old_column_) column.resize(size);
    for (auto* column : {&x_, &out_, &room_}) column->resize(size);
  }

  // Updates the buffers after the parameter, which has changed already.
  void apply(const Context<T>& context, const WeightChange<T>& change) {
    std::fill(changed_column_.begin(), changed_column_.end(), kUnchanged);
    touched_.clear();
    for (const int index : following_[change.parameter]) run(context, context.program.ops[index], change);
  }

  // Restores the buffers as they were before `apply`.
  void undo(const Context<T>& context) {
    for (const int buffer : touched_) {
      if (changed_column_[buffer] == kWhole) {
        std::swap(context.work.value[buffer], context.work.d_value[buffer]);
      } else {
        write_column(context, buffer, changed_column_[buffer], old_column_[buffer]);
      }
    }
  }

  bool changed(int buffer) const { return changed_column_[buffer] != kUnchanged; }

 private:
  static constexpr i64 kWhole = -1, kUnchanged = -2;

  // The ops that depend on a parameter, directly or through others, in program order.
  static std::vector<int> find_following(const Program& program, int parameter) {
    std::vector<int> following;
    std::vector<char> reached(program.widths.size(), 0);
    for (std::size_t i = 0; i < program.ops.size(); ++i) {
      const Op& op = program.ops[i];
      const bool direct =
          std::find(op.parameters.begin(), op.parameters.end(), parameter) != op.parameters.end();
      if (!direct && std::none_of(op.inputs.begin(), op.inputs.end(), [&](int b) { return reached[b]; }))
        continue;
      reached[op.output] = 1;
      following.push_back(static_cast<int>(i));
    }
    return following;
  }

  void run(const Context<T>& context, const Op& op, const WeightChange<T>& change) {
    if (op.copies > 1) return whole(context, op);
    const auto slot = std::find(op.parameters.begin(), op.parameters.end(), change.parameter);
    const bool direct = slot != op.parameters.end();
    const i64 column = input_column(op);
    if (op.kind == OpKind::dense) {
      if (direct && column == kUnchanged)
        return dense_weight(context, op, slot != op.parameters.begin(), change);
      return direct || column == kWhole ? whole(context, op) : dense_column(context, op, column);
    }
    if (op.kind == OpKind::concat && column != kWhole) return concat_column(context, op, column);
    if (!by_column(op) || column == kWhole || (direct && column != kUnchanged && column != change.element))
      return whole(context, op);
    each_column(context, op, direct ? change.element : column);
  }

  // Whether a column of the op's output depends only on that column of its inputs.
  static bool by_column(const Op& op) { return row_of<T>(op).column && op.function != Function::softmax; }

  // The one column in which the op's inputs changed; kWhole if they changed in more than that.
  i64 input_column(const Op& op) const {
    i64 column = kUnchanged;
    for (const int b : op.inputs) {
      if (changed_column_[b] == kUnchanged) continue;
      if (column != kUnchanged && column != changed_column_[b]) return kWhole;
      column = changed_column_[b];
    }
    return column;
  }

  void whole(const Context<T>& context, const Op& op) {
    const int out = op.output;
    std::swap(context.work.value[out], context.work.d_value[out]);
    touch(out, kWhole);
    Context<T> own = context;
    own.copies = op.copies;
    row_of<T>(op).forward(own, op);
  }

  // out = x W + b, one weight or bias changed: only its unit's column of out changes.
  void dense_weight(const Context<T>& context, const Op& op, bool bias, const WeightChange<T>& change) {
    const i64 n = context.n(), width = context.width(op.output), features = context.width(op.inputs[0]);
    const i64 column = change.element % width;
    keep_column(context, op.output, column);
    const T* x = context.value(op.inputs[0]) + change.element / width;
    T* out = context.value(op.output) + column;
    for (i64 i = 0; i < n; ++i) out[i * width] += change.delta * (bias ? T(1) : x[i * features]);
  }

  // out = x W + b, one column c of x changed: out += (x_c - old x_c) W_c.
  void dense_column(const Context<T>& context, const Op& op, i64 column) {
    const int x = op.inputs[0], out = op.output;
    const i64 n = context.n(), width = context.width(out);
    read_column(context, x, column, x_);
    for (i64 i = 0; i < n; ++i) x_[i] -= old_column_[x][i];
    std::swap(context.work.value[out], context.work.d_value[out]);
    touch(out, kWhole);
    std::copy_n(context.work.d_value[out], n * width, context.work.value[out]);
    context.product(false, false, n, width, 1, x_.data(), context.parameter(op, 0) + column * width,
                    ends_onto(true, context.value(out), width), context.value(out));
  }

  void concat_column(const Context<T>& context, const Op& op, i64 column) {
    int from = -1;
    i64 offset = 0, at = 0;
    for (const int b : op.inputs) {
      if (changed(b) && from >= 0) return whole(context, op);
      if (changed(b)) from = b, at = offset + column;
      offset += context.width(b);
    }
    read_column(context, from, column, out_);
    keep_column(context, op.output, at);
    write_column(context, op.output, at, out_);
  }

  // Column j of an op that computes each column independently.
  void each_column(const Context<T>& context, const Op& op, i64 j) {
    read_column(context, op.inputs[0], j, x_);
    row_of<T>(op).column(context, op, j, out_.data(), x_.data(), room_.data());
    keep_column(context, op.output, j);
    write_column(context, op.output, j, out_);
  }

  void touch(int buffer, i64 column) {
    changed_column_[buffer] = column;
    touched_.push_back(buffer);
  }

  void keep_column(const Context<T>& context, int buffer, i64 column) {
    read_column(context, buffer, column, old_column_[buffer]);
    touch(buffer, column);
  }

  static void read_column(const Context<T>& context, int buffer, i64 column, std::vector<T>& to) {
    const i64 width = context.width(buffer);
    const T* from = context.value(buffer) + column;
    for (i64 i = 0; i < context.n(); ++i) to[i] = from[i * width];
  }

  static void write_column(const Context<T>& context, int buffer, i64 column, const std::vector<T>& from) {
    const i64 width = context.width(buffer);
    T* to = context.value(buffer) + column;
    for (i64 i = 0; i < context.n(); ++i) to[i * width] = from[i];
  }

  std::vector<std::vector<int>> following_;  // by parameter: ops
  std::vector<i64> changed_column_;          // by buffer: a column, kWhole or kUnchanged
  std::vector<std::vector<T>> old_column_;   // by buffer: (n,), where one column changed
  std::vector<int> touched_;                 // buffers
  std::vector<T> x_, out_, room_;            // (n,)
};

}  // namespace lamina
