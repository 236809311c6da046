// Gathers a batch from the caller's array of any layout: out (n, width) = source[order[i], c], converted to
// T.
#pragma once

#include "kernels/kernels.hpp"
#include "kernels/simd.hpp"

namespace lamina {
namespace {

inline constexpr i64 kAhead = 8;  // rows prefetched: the order is random, so the hardware cannot predict it

// out (count,) = row, in whole vectors, the last of which overlaps the one before; the compiler would call
// memcpy instead.
template <class T, class S>
LAMINA_INLINE void copy_row(T* __restrict out, const S* __restrict row, i64 count) {
  constexpr int L = kLanes<T>;
  if (count < L) {
    LAMINA_SIMD
    for (i64 c = 0; c < count; ++c) out[c] = static_cast<T>(row[c]);
    return;
  }
  for (i64 c = 0; c < count; c += L) {
    const i64 at = c + L <= count ? c : count - L;
    LAMINA_SIMD
    for (int j = 0; j < L; ++j) out[at + j] = static_cast<T>(row[at + j]);
  }
}

// Contiguous rows.
template <class T, class S>
void gather_rows(T* __restrict out, const S* __restrict source, i64 row_stride, const i64* __restrict order,
                 i64 n, i64 width) {
  constexpr i64 line = 64 / static_cast<i64>(sizeof(S));
  for (i64 i = 0; i < n; ++i, out += width) {
    if (i + kAhead < n) {
      const S* next = source + order[i + kAhead] * row_stride;
      for (i64 c = 0; c < width; c += line) __builtin_prefetch(next + c);
    }
    copy_row(out, source + order[i] * row_stride, width);
  }
}

// Any other layout, and single columns: column by column, so that reads stay within a column if the source is
// Fortran-ordered.
template <class T, class S>
void gather_columns(T* __restrict out, const S* __restrict source, i64 row_stride, i64 column_stride,
                    const i64* __restrict order, i64 n, i64 width) {
  for (i64 c = 0; c < width; ++c) {
    const S* column = source + c * column_stride;
    for (i64 i = 0; i < n; ++i) out[i * width + c] = static_cast<T>(column[order[i] * row_stride]);
  }
}

template <class T, class S>
void gather(T* out, const S* source, i64 row_stride, i64 column_stride, const i64* order, i64 n, i64 width) {
  if (column_stride == 1 && width > 1) {
    gather_rows(out, source, row_stride, order, n, width);
  } else {
    gather_columns(out, source, row_stride, column_stride, order, n, width);
  }
}

}  // namespace
}  // namespace lamina
