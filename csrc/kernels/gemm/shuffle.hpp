// Shuffles between vectors: the transpose of a square, and a sum over each vector.
#pragma once

#include <utility>

#include "kernels/gemm/vectors.hpp"

namespace lamina {
namespace {
namespace product {

// For two vectors that are rows i and i + D of a square: rows i (low) and i + D (high) after the off-diagonal
// squares of side D have been swapped.
template <int W, int D, bool high, int... J>
LAMINA_INLINE auto exchange(auto x, auto y, std::integer_sequence<int, J...>) {
  if constexpr (high) {
    return __builtin_shufflevector(x, y, ((J & D) ? W + J : J + D)...);
  } else {
    return __builtin_shufflevector(x, y, ((J & D) ? W + J - D : J)...);
  }
}

// Transposes a square of W vectors: at distance D = 1, 2, 4, ... squares of side D are swapped.
template <class T, int D = 1>
LAMINA_INLINE void transpose_square(Vector<T>* rows) {
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

// rows[0] becomes the vector of sums over each of the W vectors: the rows of the transposed square, added up
// during the transpose.
template <class T, int D = 1>
LAMINA_INLINE void sum_each(Vector<T>* rows) {
  constexpr int W = Simd<T>::width;
  constexpr auto lanes = std::make_integer_sequence<int, W>{};
#pragma GCC unroll 16
  for (int i = 0; i < W; i += 2 * D)
    rows[i] = exchange<W, D, false>(rows[i], rows[i + D], lanes) +
              exchange<W, D, true>(rows[i], rows[i + D], lanes);
  if constexpr (2 * D < W) sum_each<T, 2 * D>(rows);
}

}  // namespace product
}  // namespace
}  // namespace lamina
