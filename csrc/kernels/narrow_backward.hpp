// The backward pass of a dense layer with few outputs, out = x W: d_x = d_out W^T, d_W = x^T d_out, and the
// sums of d_x over the rows, which are the gradient of a bias below.
//
// As separate products these would read x and d_x several times and do very little with them. Here it is one
// pass, in panels of a few vectors of columns.
#pragma once

#include "kernels/gemm/block.hpp"
#include "kernels/kernels.hpp"

namespace lamina {
namespace {
namespace product {

// Vectors per panel. Each needs a sum and a weight for every output, and one more sum, in registers.
constexpr int vectors_of_narrow(int outputs) {
  const int most = kSums / (2 * outputs + 1);
  return most < 1 ? 1 : most < kWide ? most : kWide;
}

// Some columns of x; rows of x and of d_x are `row` apart.
template <class T>
struct NarrowPanel {
  T *d_x, *d_weight, *sum;
  const T *x, *d_out, *weight;
  Size rows, row, columns;

  NarrowPanel part(Size j, Size count, Size outputs) const {
    return {d_x + j,
            d_weight + j * outputs,
            sum ? sum + j : nullptr,
            x + j,
            d_out,
            weight + j * outputs,
            rows,
            row,
            count};
  }
};

// turned (outputs, NV vectors) = the panel's rows of a matrix (in, outputs); zero beyond them.
template <class T, int N, int NV>
LAMINA_INLINE void turn(Vector<T> (&turned)[N][NV], const T* matrix, Size columns) {
  alignas(64) T lanes[N][NV * Simd<T>::width] = {};
  for (Size j = 0; j < columns; ++j)
    for (int q = 0; q < N; ++q) lanes[q][j] = matrix[j * N + q];
#pragma GCC unroll 4
  for (int q = 0; q < N; ++q)
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) turned[q][v] = load(lanes[q] + v * Simd<T>::width);
}

template <class T, int N, int NV>
LAMINA_INLINE void turn_back(T* matrix, const Vector<T> (&turned)[N][NV], Size columns) {
  alignas(64) T lanes[N][NV * Simd<T>::width];
#pragma GCC unroll 4
  for (int q = 0; q < N; ++q)
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) store(lanes[q] + v * Simd<T>::width, turned[q][v]);
  for (Size j = 0; j < columns; ++j)
    for (int q = 0; q < N; ++q) matrix[j * N + q] = lanes[q][j];
}

// N outputs, NV vectors. relu: x is relu's output, and d_x is the gradient of relu's input.
template <class T, int N, int NV, bool relu>
void narrow_panel(const NarrowPanel<T>& panel, bool onto) {
  constexpr int W = Simd<T>::width;
  const NarrowPanel<T> s = panel;
  const int lanes = static_cast<int>(s.columns - (NV - 1) * W);
  Vector<T> weight[N][NV], d_weight[N][NV] = {}, sum[NV] = {};
  turn(weight, s.weight, s.columns);
  if (onto) turn(d_weight, s.d_weight, s.columns);
  for (Size i = 0; i < s.rows; ++i) {
    T d_out[N];
#pragma GCC unroll 4
    for (int q = 0; q < N; ++q) d_out[q] = s.d_out[i * N + q];
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) {
      const Vector<T> x = read<T, NV, true>(s.x + i * s.row, v, lanes);
      Vector<T> d_x = weight[0][v] * d_out[0];
#pragma GCC unroll 4
      for (int q = 1; q < N; ++q) d_x += weight[q][v] * d_out[q];
      if (relu) d_x = finished<T>(d_x, Finish::relu_slope, x);
#pragma GCC unroll 4
      for (int q = 0; q < N; ++q) d_weight[q][v] += x * d_out[q];
      sum[v] += d_x;
      T* to = s.d_x + i * s.row + v * W;
      v + 1 == NV ? store_part(to, d_x, lanes) : store(to, d_x);
    }
  }
  turn_back(s.d_weight, d_weight, s.columns);
  if (!s.sum) return;
#pragma GCC unroll 4
  for (int v = 0; v < NV; ++v)
    v + 1 == NV ? store_part(s.sum + v * W, sum[v], lanes) : store(s.sum + v * W, sum[v]);
}

template <class T, int N, int NV, bool relu>
LAMINA_INLINE void narrow_vectors(Size vectors, const NarrowPanel<T>& panel, bool onto) {
  if constexpr (NV > 1) {
    if (vectors < NV) return narrow_vectors<T, N, NV - 1, relu>(vectors, panel, onto);
  }
  narrow_panel<T, N, NV, relu>(panel, onto);
}

// The columns, in panels as even as possible.
template <class T, int N, bool relu>
void narrow_panels(const NarrowPanel<T>& s, bool onto) {
  constexpr int W = Simd<T>::width, widest = vectors_of_narrow(N);
  const Size vectors = (s.columns + W - 1) / W, panels = (vectors + widest - 1) / widest;
  const Size fewer = share(vectors, panels);
  for (Size panel = 0, j = 0; panel < panels; ++panel) {
    const Size width = fewer + (panel < vectors - fewer * panels);
    narrow_vectors<T, N, widest, relu>(width, s.part(j, smaller(width * W, s.columns - j), N), onto);
    j += width * W;
  }
}

}  // namespace product

template <class T>
void narrow_backward(T* d_x, T* d_weight, T* sum, const T* x, const T* d_out, const T* weight, i64 n, i64 row,
                     i64 columns, i64 outputs, bool onto, bool relu) {
  using namespace product;
  const NarrowPanel<T> s{d_x, d_weight, sum, x, d_out, weight, n, row, columns};
  switch (outputs) {
    case 1:
      return relu ? narrow_panels<T, 1, true>(s, onto) : narrow_panels<T, 1, false>(s, onto);
    case 2:
      return relu ? narrow_panels<T, 2, true>(s, onto) : narrow_panels<T, 2, false>(s, onto);
    case 3:
      return relu ? narrow_panels<T, 3, true>(s, onto) : narrow_panels<T, 3, false>(s, onto);
    default:
      return relu ? narrow_panels<T, 4, true>(s, onto) : narrow_panels<T, 4, false>(s, onto);
  }
}

}  // namespace
}  // namespace lamina
