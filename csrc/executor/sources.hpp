// The caller's arrays in their own memory layout: rows are gathered from them batch by batch, and no array is
// ever copied as a whole.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "kernels/kernels.hpp"

namespace lamina {

// (rows, width): dense with strides in elements, or compressed sparse rows with `offsets` and `columns` set.
struct Source {
  i64 rows = 0, width = 0;
  const void* values = nullptr;
  bool is_double = false;
  i64 row_stride = 0, column_stride = 0;
  const void* offsets = nullptr;  // (rows + 1,)
  const void* columns = nullptr;  // (number of stored values,)
  bool wide_index = false;        // offsets and columns are int64, not int32
  i64 stored = 0;                 // values of compressed rows

  bool sparse() const { return offsets != nullptr; }
  double density() const {
    return static_cast<double>(stored) /
           std::max(1.0, static_cast<double>(rows) * static_cast<double>(width));
  }
};

struct Batches {
  std::vector<Source> inputs, targets;
  const double* sample_weight = nullptr;  // (rows,) or null: all 1
  i64 rows = 0;
};

// The rows of one batch: order[0..size), or first, first + 1, ... if order is null.
struct Rows {
  const i64* order;
  i64 first, size;

  i64 operator[](i64 i) const { return order ? order[i] : first + i; }
  Rows part(i64 from, i64 count) const { return {order ? order + from : nullptr, first + from, count}; }
};

}  // namespace lamina
