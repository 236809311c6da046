// Elastic penalty l1 sum |w| + l2 / 2 sum w^2 and the bound on the norm of every column.
#pragma once

#include "kernels/kernels.hpp"
#include "kernels/simd.hpp"

namespace lamina {
namespace {

// gradient += l1 sign(w) + l2 w; returns the penalty, summed in double.
template <class T>
double penalty(T* __restrict gradient, const T* __restrict w, i64 size, double l1, double l2) {
  const T sign_factor = static_cast<T>(l1), factor = static_cast<T>(l2);
  double total = 0;
  LAMINA_SIMD_SUM(total)
  for (i64 i = 0; i < size; ++i) {
    const T sign = w[i] > 0 ? T(1) : (w[i] < 0 ? T(-1) : T(0));
    gradient[i] += sign_factor * sign + factor * w[i];
    const double value = static_cast<double>(w[i]);
    total += l1 * absolute(value) + 0.5 * l2 * value * value;
  }
  return total;
}

// weight (rows, columns): columns longer than bound are scaled back to it. scratch (columns,).
template <class T>
void max_norm(T* __restrict weight, i64 rows, i64 columns, double bound, T* __restrict scratch) {
  for (i64 c = 0; c < columns; ++c) scratch[c] = 0;
  for (i64 i = 0; i < rows; ++i) {
    const T* row = weight + i * columns;
    LAMINA_SIMD
    for (i64 c = 0; c < columns; ++c) scratch[c] += row[c] * row[c];
  }
  const T limit = static_cast<T>(bound);
  int longer = 0;
  LAMINA_SIMD_OR(longer)
  for (i64 c = 0; c < columns; ++c) {
    const T norm = square_root(scratch[c]);
    scratch[c] = norm > limit ? limit / norm : T(1);
    longer |= norm > limit ? 1 : 0;
  }
  if (!longer) return;
  for (i64 i = 0; i < rows; ++i) {
    T* row = weight + i * columns;
    LAMINA_SIMD
    for (i64 c = 0; c < columns; ++c) row[c] *= scratch[c];
  }
}

}  // namespace
}  // namespace lamina
