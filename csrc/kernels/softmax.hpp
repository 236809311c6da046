// Softmax, row by row: out_k = e^(x_k - max) / sum_j e^(x_j - max).
#pragma once

#include "kernels/map.hpp"
#include "kernels/vector_math.hpp"

namespace lamina {
namespace {

template <class T>
LAMINA_INLINE T row_max(const T* x, i64 width) {
  T largest = -FloatTraits<T>::infinity;
  LAMINA_SIMD_MAX(largest)
  for (i64 c = 0; c < width; ++c) largest = largest > x[c] ? largest : x[c];
  return largest;
}

template <class T>
LAMINA_INLINE T row_sum(const T* x, i64 width) {
  T sum = 0;
  LAMINA_SIMD_SUM(sum)
  for (i64 c = 0; c < width; ++c) sum += x[c];
  return sum;
}

// out = x - largest, but 0 where they are equal: infinite logits share the row among themselves.
template <class T>
LAMINA_INLINE void subtract_max(T* out, const T* x, i64 width, T largest) {
  LAMINA_SIMD
  for (i64 c = 0; c < width; ++c) out[c] = x[c] == largest ? T(0) : x[c] - largest;
}

template <class T>
void softmax_forward(T* out, const T* x, i64 n, i64 width) {
  for (i64 i = 0; i < n; ++i)
    subtract_max(out + i * width, x + i * width, width, row_max(x + i * width, width));
  map(out, out, n * width, [](T d) __attribute__((always_inline)) { return exponential(d); });
  for (i64 i = 0; i < n; ++i) {
    T* row = out + i * width;
    const T inverse = T(1) / row_sum(row, width);
    LAMINA_SIMD
    for (i64 c = 0; c < width; ++c) row[c] *= inverse;
  }
}

// d_x = out * (d_out - sum_k d_out_k out_k); d_x may be d_out.
template <class T>
void softmax_backward(T* d_x, const T* d_out, const T* out, i64 n, i64 width) {
  for (i64 i = 0; i < n; ++i, d_x += width, d_out += width, out += width) {
    T dot = 0;
    LAMINA_SIMD_SUM(dot)
    for (i64 c = 0; c < width; ++c) dot += d_out[c] * out[c];
    LAMINA_SIMD
    for (i64 c = 0; c < width; ++c) d_x[c] = out[c] * (d_out[c] - dot);
  }
}

}  // namespace
}  // namespace lamina
