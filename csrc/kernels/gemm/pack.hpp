// Panels of op(B), made contiguous: transposed in registers where B is stored the other way round, padded
// with zeros at the edge.
#pragma once

#include <utility>

#include "kernels/gemm/block.hpp"

namespace lamina {
namespace {
namespace product {

template <int W, int D, bool high, int... J>
LAMINA_INLINE auto exchange(auto x, auto y, std::integer_sequence<int, J...>) {
  if constexpr (high) {
    return __builtin_shufflevector(x, y, ((J & D) ? W + J : J + D)...);
  } else {
    return __builtin_shufflevector(x, y, ((J & D) ? W + J - D : J)...);
  }
}

// Transposes a square of W vectors: at distance D = 1, 2, 4, ... the squares of side D off the diagonal
// change places.
template <class T, int D = 1>
LAMINA_INLINE void transpose_square(typename Simd<T>::Vector* rows) {
  constexpr int W = Simd<T>::width;
  constexpr auto lanes = std::make_integer_sequence<int, W>{};
#pragma GCC unroll 16
  for (int i = 0; i < W; ++i) {
    if (i & D) continue;
    const auto low = exchange<W, D, false>(rows[i], rows[i + D], lanes);
    rows[i + D] = exchange<W, D, true>(rows[i], rows[i + D], lanes);
    rows[i] = low;
  }
  if constexpr (2 * D < W) transpose_square<T, 2 * D>(rows);
}

// panel (k, width), k rows `width` apart: columns [0, columns) of B^T, that is the first `columns` rows of B;
// zero beyond them.
template <class T>
void pack_transposed(T* panel, Size width, const T* b, Size ldb, Size k, Size columns) {
  constexpr int W = Simd<T>::width;
  for (Size j = 0; j < width; j += W) {
    const Size here = columns - j < W ? columns - j : W;  // rows of B in this square, possibly none
    Size p = 0;
    for (; p + W <= k; p += W) {
      typename Simd<T>::Vector rows[W];
#pragma GCC unroll 16
      for (int i = 0; i < W; ++i)
        rows[i] = i < here ? load(b + (j + i) * ldb + p) : typename Simd<T>::Vector{};
      transpose_square<T>(rows);
#pragma GCC unroll 16
      for (int i = 0; i < W; ++i) store(panel + (p + i) * width + j, rows[i]);
    }
    for (; p < k; ++p)
      for (Size i = 0; i < W; ++i) panel[p * width + j + i] = i < here ? b[(j + i) * ldb + p] : T(0);
  }
}

// panel (k, width) = columns [0, columns) of B, zero beyond them.
template <class T>
void pack_straight(T* panel, Size width, const T* b, Size ldb, Size k, Size columns) {
  constexpr int W = Simd<T>::width;
  for (Size p = 0; p < k; ++p) {
    Size j = 0;
    for (; j + W <= columns; j += W) store(panel + p * width + j, load(b + p * ldb + j));
    for (; j < columns; ++j) panel[p * width + j] = b[p * ldb + j];
    for (; j < width; ++j) panel[p * width + j] = T(0);
  }
}

}  // namespace product
}  // namespace
}  // namespace lamina
