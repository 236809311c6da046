// Products with a batch of compressed sparse rows, read where they lie.
#pragma once

#include <algorithm>
#include <cstdint>

#include "executor/sources.hpp"

namespace lamina {

// Calls use(i, column, value) for every stored value of the batch, row by row.
template <class T, class Index, class Value, class Use>
void each_value(const Source& source, const Rows& rows, Use use) {
  const auto* offsets = static_cast<const Index*>(source.offsets);
  const auto* columns = static_cast<const Index*>(source.columns);
  const auto* values = static_cast<const Value*>(source.values);
  for (i64 i = 0; i < rows.size; ++i) {
    const i64 row = rows[i];
    for (i64 p = offsets[row]; p < offsets[row + 1]; ++p)
      use(i, static_cast<i64>(columns[p]), static_cast<T>(values[p]));
  }
}

template <class T, class Use>
void each_stored(const Source& source, const Rows& rows, Use use) {
  if (source.wide_index) {
    source.is_double ? each_value<T, std::int64_t, double>(source, rows, use)
                     : each_value<T, std::int64_t, float>(source, rows, use);
  } else {
    source.is_double ? each_value<T, std::int32_t, double>(source, rows, use)
                     : each_value<T, std::int32_t, float>(source, rows, use);
  }
}

// out (n, width) = the batch, zeros filled in.
template <class T>
void densify(T* out, const Source& source, const Rows& rows) {
  std::fill_n(out, rows.size * source.width, T(0));
  each_stored<T>(source, rows, [&](i64 i, i64 column, T value) { out[i * source.width + column] += value; });
}

// out (n, width) += x W, weight (features, width).
template <class T>
void sparse_product(T* __restrict out, const Source& x, const Rows& rows, const T* __restrict weight,
                    i64 width) {
  each_stored<T>(x, rows, [&](i64 i, i64 column, T value) {
    T* __restrict to = out + i * width;
    const T* __restrict from = weight + column * width;
    for (i64 j = 0; j < width; ++j) to[j] += value * from[j];
  });
}

// d_weight (features, width) += x^T d_out.
template <class T>
void sparse_weight_gradient(T* __restrict d_weight, const Source& x, const Rows& rows,
                            const T* __restrict d_out, i64 width) {
  each_stored<T>(x, rows, [&](i64 i, i64 column, T value) {
    T* __restrict to = d_weight + column * width;
    const T* __restrict from = d_out + i * width;
    for (i64 j = 0; j < width; ++j) to[j] += value * from[j];
  });
}

}  // namespace lamina
