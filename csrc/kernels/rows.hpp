// Sums and elementwise combinations.
#pragma once

#include "kernels/kernels.hpp"
#include "kernels/row_sums.hpp"
#include "kernels/simd.hpp"

namespace lamina {
namespace {

// For widths that divide a vector's: the matrix is one long row of whole vectors, whose lanes are added up at
// the end.
template <class T>
void sum_narrow_rows(T* __restrict sum, const T* __restrict x, i64 n, i64 width) {
  constexpr int L = kLanes<T>;
  const i64 size = n * width, whole = size / L;
  T lanes[L];
  sum_window<L>(lanes, whole, 0, [=](i64 i, i64 c) { return x[i * L + c]; });
  for (i64 c = 0; c < width; ++c) sum[c] = 0;
  for (int lane = 0; lane < L; lane += static_cast<int>(width))
    for (i64 c = 0; c < width; ++c) sum[c] += lanes[lane + c];
  for (i64 j = whole * L; j < size; j += width)
    for (i64 c = 0; c < width; ++c) sum[c] += x[j + c];
}

template <class T>
void sum_rows(T* __restrict sum, const T* __restrict x, i64 n, i64 width) {
  if (width > 0 && kLanes<T> % width == 0 && n * width >= kLanes<T>) return sum_narrow_rows(sum, x, n, width);
  sum_over_rows(sum, n, width, [=](i64 i, i64 c) { return x[i * width + c]; });
}

template <class T>
void add_to(T* __restrict out, const T* __restrict x, i64 size) {
  LAMINA_SIMD
  for (i64 i = 0; i < size; ++i) out[i] += x[i];
}

template <class T>
void multiply_into(T* out, const T* x, const T* y, i64 size) {
  LAMINA_SIMD
  for (i64 i = 0; i < size; ++i) out[i] = x[i] * y[i];
}

}  // namespace
}  // namespace lamina
