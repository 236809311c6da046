// The rows of a matrix that learns by row (lamina/engine/program.py, Parameter) that may have a gradient. All
// others are known to have none: nothing looks at them, so that they cost nothing, however many they are.
#pragma once

#include <algorithm>
#include <vector>

#include "executor/program.hpp"

namespace lamina {

// A contiguous range of rows of a matrix that a step changes.
struct ChangedRows {
  i64 offset, size;  // in the flat vectors
  int parameter;
};

class TouchedRows {
 public:
  TouchedRows() = default;  // of a parameter that does not learn by row
  explicit TouchedRows(const Parameter& matrix)
      : offset_(matrix.offset), columns_(matrix.columns), is_touched_(matrix.rows, 0) {}

  void touch(i64 row) {
    if (is_touched_[row]) return;
    is_touched_[row] = 1;
    rows_.push_back(row);
  }

  void touch_all() { all_ = true; }

  // Sets the gradient to 0.
  template <class T>
  void clear(T* gradient) {
    if (all_) {
      std::fill_n(gradient + offset_, num_rows() * columns_, T(0));
    } else {
      for (const i64 row : rows_) std::fill_n(gradient + offset_ + row * columns_, columns_, T(0));
    }
    forget();
  }

  // Finds the rows of a gradient that somebody else computed.
  template <class T>
  void find(const T* gradient) {
    forget();
    for (i64 row = 0; row < num_rows(); ++row)
      if (has_gradient(gradient, row)) touch(row);
  }

  // Appends the rows with a gradient, in order, so that they do not depend on the order of the batch's rows.
  template <class T>
  void append_to(std::vector<ChangedRows>& changed, const T* gradient, int parameter) {
    if (all_) return changed.push_back({offset_, num_rows() * columns_, parameter});
    const std::size_t first = changed.size();
    const auto append = [&](i64 row) {
      if (!has_gradient(gradient, row)) return;
      const i64 at = offset_ + row * columns_;
      if (changed.size() > first && changed.back().offset + changed.back().size == at) {
        changed.back().size += columns_;
      } else {
        changed.push_back({at, columns_, parameter});
      }
    };
    constexpr i64 kFewUntouched = 8;  // times as many rows: going through all marks is faster than sorting
    if (num_rows() <= kFewUntouched * static_cast<i64>(rows_.size())) {
      for (i64 row = 0; row < num_rows(); ++row)
        if (is_touched_[row]) append(row);
    } else {
      std::sort(rows_.begin(), rows_.end());
      for (const i64 row : rows_) append(row);
    }
  }

 private:
  i64 num_rows() const { return static_cast<i64>(is_touched_.size()); }

  template <class T>
  bool has_gradient(const T* gradient, i64 row) const {
    const T* from = gradient + offset_ + row * columns_;
    return std::any_of(from, from + columns_, [](T g) { return g != T(0); });
  }

  void forget() {
    for (const i64 row : rows_) is_touched_[row] = 0;
    rows_.clear();
    all_ = false;
  }

  i64 offset_ = 0, columns_ = 0;
  std::vector<char> is_touched_;  // by row
  std::vector<i64> rows_;
  bool all_ = false;
};

// By parameter.
inline std::vector<TouchedRows> untouched_rows(const Program& program) {
  std::vector<TouchedRows> rows;
  for (const Parameter& p : program.parameters)
    rows.push_back(p.learns_by_row() ? TouchedRows(p) : TouchedRows());
  return rows;
}

}  // namespace lamina
