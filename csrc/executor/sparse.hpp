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
void sparse_product(const Kernels<T>& kernels, T* out, const Source& x, const Rows& rows, const T* weight,
                    i64 width) {
  each_stored<T>(x, rows, [&](i64 i, i64 column, T value) {
    kernels.add_scaled(out + i * width, weight + column * width, value, width);
  });
}

// d_weight (features, width) += x^T d_out.
template <class T>
void sparse_weight_gradient(const Kernels<T>& kernels, T* d_weight, const Source& x, const Rows& rows,
                            const T* d_out, i64 width) {
  each_stored<T>(x, rows, [&](i64 i, i64 column, T value) {
    kernels.add_scaled(d_weight + column * width, d_out + i * width, value, width);
  });
}

}  // namespace lamina
