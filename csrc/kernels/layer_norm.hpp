// Layer normalization (Ba, Kiros & Hinton 2016): like batch normalization, but over the columns of each row.
#pragma once

#include "kernels/kernels.hpp"
#include "kernels/simd.hpp"

namespace lamina {
namespace {

template <class T>
struct RowMoments {
  T mean, inverse_deviation;
};

template <class T>
LAMINA_INLINE RowMoments<T> row_moments(const T* x, i64 width, T eps) {
  const T share = T(1) / static_cast<T>(width);
  T sum = 0, squares = 0;
  LAMINA_SIMD_SUM(sum)
  for (i64 c = 0; c < width; ++c) sum += x[c];
  const T mean = sum * share;
  LAMINA_SIMD_SUM(squares)
  for (i64 c = 0; c < width; ++c) squares += (x[c] - mean) * (x[c] - mean);
  return {mean, T(1) / square_root(squares * share + eps)};
}

template <class T>
void layer_norm_forward(T* __restrict out, T* __restrict normalized, T* __restrict inverse_deviation,
                        const T* __restrict x, const T* __restrict gamma, const T* __restrict beta, i64 n,
                        i64 width, double eps) {
  for (i64 i = 0; i < n; ++i, out += width, normalized += width, x += width) {
    const RowMoments<T> row = row_moments(x, width, static_cast<T>(eps));
    inverse_deviation[i] = row.inverse_deviation;
    LAMINA_SIMD
    for (i64 c = 0; c < width; ++c) normalized[c] = (x[c] - row.mean) * row.inverse_deviation;
    LAMINA_SIMD
    for (i64 c = 0; c < width; ++c)
      out[c] = normalized[c] * (gamma ? gamma[c] : T(1)) + (beta ? beta[c] : T(0));
  }
}

// out = gamma z + beta; with g = d_out gamma: d_x = (g - mean(g) - z mean(g z)) / deviation.
template <class T>
void layer_norm_backward(T* __restrict d_x, T* __restrict d_gamma, T* __restrict d_beta,
                         const T* __restrict d_out, const T* __restrict normalized,
                         const T* __restrict inverse_deviation, const T* __restrict gamma, i64 n, i64 width) {
  const T share = T(1) / static_cast<T>(width);
  for (i64 i = 0; i < n; ++i, d_x += width, d_out += width, normalized += width) {
    if (d_gamma) {
      LAMINA_SIMD
      for (i64 c = 0; c < width; ++c) d_gamma[c] += d_out[c] * normalized[c];
    }
    if (d_beta) {
      LAMINA_SIMD
      for (i64 c = 0; c < width; ++c) d_beta[c] += d_out[c];
    }
    T sum = 0, dot = 0;
    LAMINA_PRAGMA(omp simd reduction(+ : sum, dot))
    for (i64 c = 0; c < width; ++c) {
      const T g = d_out[c] * (gamma ? gamma[c] : T(1));
      d_x[c] = g;
      sum += g;
      dot += g * normalized[c];
    }
    sum *= share;
    dot *= share;
    LAMINA_SIMD
    for (i64 c = 0; c < width; ++c) d_x[c] = inverse_deviation[i] * (d_x[c] - sum - normalized[c] * dot);
  }
}

}  // namespace
}  // namespace lamina
