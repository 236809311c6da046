// Softmax, row by row: out_k = e^(x_k - max) / sum_j e^(x_j - max).
#pragma once

#include "kernels/columns.hpp"
#include "kernels/gemm/vectors.hpp"
#include "kernels/map.hpp"
#include "kernels/vector_math.hpp"

namespace lamina {
namespace {

// Rows shorter than this are transposed, unless they are much longer than their number.
template <class T>
inline constexpr i64 kNarrowSoftmax = 2 * kLanes<T>;
inline constexpr i64 kNarrowSoftmaxRatio = 3;

// With explicit vectors: clang does not vectorize a loop for a maximum that must preserve NaN.
template <class T>
LAMINA_INLINE T row_max(const T* x, i64 width) {
  constexpr int W = product::Simd<T>::width;
  T largest = -FloatTraits<T>::infinity;
  i64 c = 0;
  if (width >= W) {
    product::Vector<T> lanes = product::load(x);
    for (c = W; c + W <= width; c += W) {
      const product::Vector<T> next = product::load(x + c);
      lanes = lanes > next ? lanes : next;
    }
    for (int j = 0; j < W; ++j) largest = largest > lanes[j] ? largest : lanes[j];
  }
  for (; c < width; ++c) largest = largest > x[c] ? largest : x[c];
  return largest;
}

template <class T>
LAMINA_INLINE T row_sum(const T* x, i64 width) {
  T sum = 0;
  LAMINA_SIMD_SUM(sum)
  for (i64 c = 0; c < width; ++c) sum += x[c];
  return sum;
}

// out = x - largest, but 0 where they are equal, so that infinite logits share the probability.
template <class T>
LAMINA_INLINE void subtract_max(T* out, const T* x, i64 width, T largest) {
  LAMINA_SIMD
  for (i64 c = 0; c < width; ++c) out[c] = x[c] == largest ? T(0) : x[c] - largest;
}

template <class T>
void softmax_wide(T* out, const T* x, i64 n, i64 width) {
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

// Two columns: one of the exponentials is 1.
template <class T>
LAMINA_INLINE void softmax_of_two(T (*x)[kLanes<T>]) {
  LAMINA_SIMD
  for (int lane = 0; lane < kLanes<T>; ++lane) {
    const T a = x[0][lane], b = x[1][lane];
    const T e = exponential(a == b ? T(0) : -absolute(a - b)), larger = T(1) / (T(1) + e), less = e * larger;
    x[0][lane] = a < b ? less : larger;
    x[1][lane] = a < b ? larger : less;
  }
}

template <class T>
LAMINA_INLINE void softmax_of_columns(T (*x)[kLanes<T>], i64 width) {
  constexpr int L = kLanes<T>;
  T largest[L], sum[L];
  LAMINA_SIMD
  for (int lane = 0; lane < L; ++lane) {
    largest[lane] = -FloatTraits<T>::infinity;
    sum[lane] = 0;
  }
  for (i64 c = 0; c < width; ++c) {
    LAMINA_SIMD
    for (int lane = 0; lane < L; ++lane) largest[lane] = at_least(x[c][lane], largest[lane]);
  }
  for (i64 c = 0; c < width; ++c) {
    LAMINA_SIMD
    for (int lane = 0; lane < L; ++lane) {
      const T d = x[c][lane] == largest[lane] ? T(0) : x[c][lane] - largest[lane], e = exponential(d);
      x[c][lane] = e;
      sum[lane] += e;
    }
  }
  LAMINA_SIMD
  for (int lane = 0; lane < L; ++lane) sum[lane] = T(1) / sum[lane];
  for (i64 c = 0; c < width; ++c) {
    LAMINA_SIMD
    for (int lane = 0; lane < L; ++lane) x[c][lane] *= sum[lane];
  }
}

// Softmax of `rows` rows, at most kLanes, each too short to fill a vector.
template <class T>
void softmax_narrow(T* out, const T* x, i64 rows, i64 width) {
  alignas(64) T columns[kNarrowSoftmax<T>][kLanes<T>];
  load_columns(columns, x, rows, width);
  width == 2 ? softmax_of_two(columns) : softmax_of_columns(columns, width);
  store_columns(out, columns, rows, width);
}

template <class T>
void softmax_forward(T* out, const T* x, i64 n, i64 width) {
  while (n > 0 && width < kNarrowSoftmax<T> && width <= kNarrowSoftmaxRatio * n) {
    const i64 rows = n < kLanes<T> ? n : kLanes<T>;
    softmax_narrow(out, x, rows, width);
    out += rows * width;
    x += rows * width;
    n -= rows;
  }
  softmax_wide(out, x, n, width);
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
