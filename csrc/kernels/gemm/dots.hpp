// Products with few columns (or rows), as dot products along k: registers full of padding would do nothing
// there.
#pragma once

#include "kernels/gemm/block.hpp"

namespace lamina {
namespace {
namespace product {

inline constexpr int kFew = 4;  // what counts as few

template <class T>
LAMINA_INLINE T sum_lanes(typename Simd<T>::Vector x) {
  T lanes[Simd<T>::width];
  std::memcpy(lanes, &x, sizeof(lanes));
  T sum[4] = {lanes[0], lanes[1], sizeof(lanes) > 2 * sizeof(T) ? lanes[2 % Simd<T>::width] : T(0),
              sizeof(lanes) > 2 * sizeof(T) ? lanes[3 % Simd<T>::width] : T(0)};
  for (int i = 4; i < Simd<T>::width; ++i) sum[i % 4] += lanes[i];
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

// C (R, S): row i of x times row j of y, both contiguous along k.
template <class T, int R, int S>
void dot_block(Size k, const T* x, Size x_row, const T* y, Size y_row, const Target<T>& c) {
  using V = typename Simd<T>::Vector;
  constexpr int W = Simd<T>::width;
  V sum[R][S] = {};
  Size p = 0;
  for (; p + W <= k; p += W) {
#pragma GCC unroll 4
    for (int i = 0; i < R; ++i) {
      const V left = load(x + i * x_row + p);
#pragma GCC unroll 4
      for (int j = 0; j < S; ++j) sum[i][j] += left * load(y + j * y_row + p);
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < R; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < S; ++j) {
      T dot = sum_lanes<T>(sum[i][j]);
      for (Size q = p; q < k; ++q) dot += x[i * x_row + q] * y[j * y_row + q];
      T& to = c.data[i * c.row + j * c.column];
      to = c.alpha * dot + (c.beta != T(0) ? c.beta * to : T(0));
    }
  }
}

template <class T, int S>
void dot_rows(Size m, Size k, const T* x, Size x_row, const T* y, Size y_row, const Target<T>& c) {
  Size i = 0;
  for (; i + 4 <= m; i += 4) dot_block<T, 4, S>(k, x + i * x_row, x_row, y, y_row, c.part(i, 0, S));
  for (; i < m; ++i) dot_block<T, 1, S>(k, x + i * x_row, x_row, y, y_row, c.part(i, 0, S));
}

// C (m, few) = x y^T, x (m, k), y (few, k).
template <class T>
void multiply_by_dots(Size m, Size few, Size k, const T* x, Size x_row, const T* y, Size y_row,
                      const Target<T>& c) {
  switch (few) {
    case 1:
      return dot_rows<T, 1>(m, k, x, x_row, y, y_row, c);
    case 2:
      return dot_rows<T, 2>(m, k, x, x_row, y, y_row, c);
    case 3:
      return dot_rows<T, 3>(m, k, x, x_row, y, y_row, c);
    default:
      return dot_rows<T, 4>(m, k, x, x_row, y, y_row, c);
  }
}

}  // namespace product
}  // namespace
}  // namespace lamina
