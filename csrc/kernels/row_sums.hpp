// Sums over the rows of a matrix, in windows of columns whose sums stay in registers.
#pragma once

#include "kernels/kernels.hpp"
#include "kernels/simd.hpp"

namespace lamina {
namespace {

// sum[c] = sum over rows i of term(i, c), for `columns` columns from `first`.
template <int columns, class T, class Term>
LAMINA_INLINE void sum_window(T* __restrict sum, i64 rows, i64 first, Term term) {
  T total[columns] = {};
  for (i64 i = 0; i < rows; ++i) {
    LAMINA_SIMD
    for (int c = 0; c < columns; ++c) total[c] += term(i, first + c);
  }
  for (int c = 0; c < columns; ++c) sum[first + c] = total[c];
}

// The same for two windows, which may overlap, in one pass over the rows.
template <int columns, class T, class Term>
LAMINA_INLINE void sum_two_windows(T* __restrict sum, i64 rows, i64 first, i64 second, Term term) {
  T total1[columns] = {}, total2[columns] = {};
  for (i64 i = 0; i < rows; ++i) {
    LAMINA_SIMD
    for (int c = 0; c < columns; ++c) total1[c] += term(i, first + c);
    LAMINA_SIMD
    for (int c = 0; c < columns; ++c) total2[c] += term(i, second + c);
  }
  for (int c = 0; c < columns; ++c) sum[first + c] = total1[c];
  for (int c = 0; c < columns; ++c) sum[second + c] = total2[c];
}

// sum (width,) = sum over rows i of term(i, c). The last window overlaps the one before, and repeats its
// sums.
template <class T, class Term>
LAMINA_INLINE void sum_over_rows(T* __restrict sum, i64 rows, i64 width, Term term) {
  constexpr int L = kLanes<T>, W = 4 * L;
  if (width >= W) {
    i64 first = 0;
    for (; first + W < width; first += 2 * W) {
      const i64 second = first + W, last = width - W;
      sum_two_windows<W>(sum, rows, first, second < last ? second : last, term);
    }
    if (first < width) sum_window<W>(sum, rows, width - W, term);
  } else if (width >= L) {
    for (i64 first = 0; first + L < width; first += L) sum_window<L>(sum, rows, first, term);
    sum_window<L>(sum, rows, width - L, term);
  } else {
    for (i64 c = 0; c < width; ++c) sum[c] = 0;
    for (i64 i = 0; i < rows; ++i) {
      LAMINA_SIMD
      for (i64 c = 0; c < width; ++c) sum[c] += term(i, c);
    }
  }
}

}  // namespace
}  // namespace lamina
