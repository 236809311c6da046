// Products with a single row, and outer products, for steps of one row. They take less time than setting up
// the panels and blocks of a larger product.
#pragma once

#include "kernels/gemm/block.hpp"

namespace lamina {
namespace {
namespace product {

// C (1, n) = a B, NV vectors of columns.
template <class T, int NV, bool part>
LAMINA_INLINE void multiply_row_panel(const Panel<T>& s) {
  constexpr int S = 8 / NV;  // sums per column, so that additions do not wait for each other
  Vector<T> sum[S][1][NV] = {};
  start_block<T, NV, part, 1>(sum[0], s, 0);
  const T *a = s.a, *b = s.b;
  const auto add = [&](Vector<T>(&to)[1][NV]) __attribute__((always_inline)) {
#pragma GCC unroll 8
    for (int v = 0; v < NV; ++v) to[0][v] += read<T, NV, part>(b, v, s.lanes) * *a;
    a += s.a_step;
    b += s.b_step;
  };
  Size p = 0;
  for (; p + S <= s.k; p += S) {
#pragma GCC unroll 8
    for (int q = 0; q < S; ++q) add(sum[q]);
  }
  for (; p < s.k; ++p) add(sum[0]);
#pragma GCC unroll 8
  for (int q = 1; q < S; ++q)
#pragma GCC unroll 8
    for (int v = 0; v < NV; ++v) sum[0][0][v] += sum[q][0][v];
  if (s.c.finish != Finish::none) finish_block<T, NV, part, 1>(sum[0], s, 0);
  store_block<T, NV, part, 1>(sum[0], s, 0);
}

// C (m, n) = a^T b, NV vectors of columns.
template <class T, int NV, bool part>
LAMINA_INLINE void multiply_outer_panel(Size m, const Panel<T>& panel) {
  Panel<T> s = panel;
  s.k = 1;
  for (Size i = 0; i < m; ++i) multiply_block<T, NV, part, 1>(s, i);
}

template <class T, int NV, bool part>
[[gnu::noinline]] void multiply_single_panel(Size m, const Panel<T>& panel) {
  if (m == 1) return multiply_row_panel<T, NV, part>(panel);
  multiply_outer_panel<T, NV, part>(m, panel);
}

template <class T, int NV>
LAMINA_INLINE void multiply_single_vectors(Size vectors, Size m, const Panel<T>& panel) {
  if constexpr (NV > 1) {
    if (vectors < NV) return multiply_single_vectors<T, NV - 1>(vectors, m, panel);
  }
  if constexpr (!kMasksAreFree) {
    if (panel.lanes == Simd<T>::width) return multiply_single_panel<T, NV, false>(m, panel);
  }
  multiply_single_panel<T, NV, true>(m, panel);
}

// C (m, n) = A B, where m or k is 1; the numbers of A are `step` apart.
template <class T>
void multiply_single_row(Size m, Size n, Size k, const T* a, Size step, const T* b, Size ldb,
                         const Target<T>& c) {
  constexpr Size W = Simd<T>::width, widest = kFlat * W;
  for (Size j = 0; j < n; j += widest) {
    const Size here = smaller(widest, n - j), vectors = (here + W - 1) / W;
    const int lanes = static_cast<int>(here - (vectors - 1) * W);
    multiply_single_vectors<T, kFlat>(vectors, m, {a, step, step, b + j, ldb, k, lanes, c.part(0, j)});
  }
}

}  // namespace product
}  // namespace
}  // namespace lamina
