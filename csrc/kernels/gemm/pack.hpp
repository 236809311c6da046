// Packs panels of op(B): transposed in registers if B is stored transposed, and padded with zeros at the
// edge.
#pragma once

#include "kernels/gemm/shuffle.hpp"

namespace lamina {
namespace {
namespace product {

// panel (k, width), k rows `width` apart = columns [0, columns) of B^T, the first `columns` rows of B; zero
// beyond them.
template <class T>
void pack_transposed(T* panel, Size width, const T* b, Size ldb, Size k, Size columns) {
  constexpr int W = Simd<T>::width;
  for (Size j = 0; j < width; j += W) {
    const Size here = smaller(columns - j, W);  // rows of B in this square
    for (Size p = 0; p < k; p += W) {
      const int lanes = static_cast<int>(smaller(W, k - p));
      Vector<T> rows[W];
#pragma GCC unroll 16
      for (int i = 0; i < W; ++i) rows[i] = i < here ? load_part(b + (j + i) * ldb + p, lanes) : Vector<T>{};
      transpose_square<T>(rows);
#pragma GCC unroll 16
      for (int i = 0; i < W; ++i)
        if (i < lanes) store(panel + (p + i) * width + j, rows[i]);
    }
  }
}

// panel (k, width) = columns [0, columns) of B, zero beyond them.
template <class T>
void pack_straight(T* panel, Size width, const T* b, Size ldb, Size k, Size columns) {
  constexpr int W = Simd<T>::width;
  const int lanes = static_cast<int>(columns - (width - W));
  for (Size p = 0; p < k; ++p, panel += width, b += ldb) {
    Size j = 0;
    for (; j + W < width; j += W) store(panel + j, load(b + j));
    store(panel + j, load_part(b + j, lanes));
  }
}

}  // namespace product
}  // namespace
}  // namespace lamina
