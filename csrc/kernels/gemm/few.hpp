// Products of a single row with a matrix of 1, 2 or 4 columns, like that of a last layer: the matrix is read
// as one long row, each of whose vectors holds several rows of the matrix.
#pragma once

#include "kernels/gemm/block.hpp"
#include "kernels/gemm/shuffle.hpp"

namespace lamina {
namespace {
namespace product {

template <class T>
inline constexpr auto kEveryLane = std::make_integer_sequence<int, Simd<T>::width>{};

// The lower or upper half of x, with each lane twice.
template <bool upper, int... J>
LAMINA_INLINE auto doubled(auto x, std::integer_sequence<int, J...>) {
  return __builtin_shufflevector(x, x, (J / 2 + (upper ? static_cast<int>(sizeof...(J)) / 2 : 0))...);
}

// Repeats each lane of x[0] N times in a row: x[0 .. N).
template <class T, int N>
LAMINA_INLINE void spread(Vector<T>* x) {
  if constexpr (N > 1) {
    spread<T, N / 2>(x);
#pragma GCC unroll 2
    for (int i = N / 2 - 1; i >= 0; --i) {
      x[2 * i + 1] = doubled<true>(x[i], kEveryLane<T>);
      x[2 * i] = doubled<false>(x[i], kEveryLane<T>);
    }
  }
}

// The sums of neighboring lanes of x and y, one after the other.
template <int... J>
LAMINA_INLINE auto sum_neighbors(auto x, auto y, std::integer_sequence<int, J...>) {
  return __builtin_shufflevector(x, y, (2 * J)...) + __builtin_shufflevector(x, y, (2 * J + 1)...);
}

// The sums of every N successive lanes of x[0 .. N): x[0].
template <class T, int N>
LAMINA_INLINE void sum_groups(Vector<T>* x) {
  if constexpr (N > 1) {
#pragma GCC unroll 2
    for (int i = 0; i < N / 2; ++i) x[i] = sum_neighbors(x[2 * i], x[2 * i + 1], kEveryLane<T>);
    sum_groups<T, N / 2>(x);
  }
}

// Lane j: the sum of all lanes whose index is j modulo N.
template <int N, int D, int... J>
LAMINA_INLINE auto sum_every(auto x, std::integer_sequence<int, J...> lanes) {
  if constexpr (D < N) {
    return x;
  } else {
    return sum_every<N, D / 2>(x + __builtin_shufflevector(x, x, (J ^ D)...), lanes);
  }
}

// Lanes 0 .. N - 1 of x, repeated.
template <int N, int... J>
LAMINA_INLINE auto repeated(auto x, std::integer_sequence<int, J...>) {
  return __builtin_shufflevector(x, x, (J % N)...);
}

// How many numbers of vector q belong to `groups` groups of N.
template <class T, int N>
LAMINA_INLINE int lanes_of(Size groups, int q) {
  constexpr Size W = Simd<T>::width;
  const Size lanes = groups * N - q * W;
  return static_cast<int>(lanes < 0 ? 0 : smaller(W, lanes));
}

// Numbers [at, at + lanes) of a contiguous C.
template <class T>
LAMINA_INLINE void finish_lanes(const Target<T>& c, Size at, Vector<T> value, int lanes) {
  if (c.start) value += load_part(c.start + at, lanes);
  const Vector<T> gate = c.gate ? load_part(c.gate + at, lanes) : Vector<T>{};
  store_part(c.data + at, finished<T>(value, c.finish, gate), lanes);
}

// C (1, N) = a B
template <class T, int N>
void multiply_row_by_few(Size k, const T* a, const T* b, const Target<T>& c) {
  constexpr int W = Simd<T>::width;
  Vector<T> sum[N] = {};
  for (Size p = 0; p < k; p += W) {
    const Size groups = smaller(W, k - p);
    Vector<T> x[N] = {load_part(a + p, static_cast<int>(groups))};
    spread<T, N>(x);
#pragma GCC unroll 4
    for (int q = 0; q < N; ++q) sum[q] += x[q] * load_part(b + p * N + q * W, lanes_of<T, N>(groups, q));
  }
#pragma GCC unroll 4
  for (int q = 1; q < N; ++q) sum[0] += sum[q];
  finish_lanes<T>(c, 0, sum_every<N, W / 2>(sum[0], kEveryLane<T>), N);
}

// C (1, n) = a B^T, B (n, N)
template <class T, int N>
void multiply_few_by_rows(Size n, const T* a, const T* b, const Target<T>& c) {
  constexpr int W = Simd<T>::width;
  const Vector<T> row = repeated<N>(load_part(a, N), kEveryLane<T>);
  for (Size j = 0; j < n; j += W) {
    const Size groups = smaller(W, n - j);
    Vector<T> x[N];
#pragma GCC unroll 4
    for (int q = 0; q < N; ++q) x[q] = row * load_part(b + j * N + q * W, lanes_of<T, N>(groups, q));
    sum_groups<T, N>(x);
    finish_lanes<T>(c, j, x[0], static_cast<int>(groups));
  }
}

// C (m, N) = a^T b
template <class T, int N>
void multiply_column_by_few(Size m, const T* a, const T* b, const Target<T>& c) {
  constexpr int W = Simd<T>::width;
  const Vector<T> row = repeated<N>(load_part(b, N), kEveryLane<T>);
  for (Size i = 0; i < m; i += W) {
    const Size groups = smaller(W, m - i);
    Vector<T> x[N] = {load_part(a + i, static_cast<int>(groups))};
    spread<T, N>(x);
#pragma GCC unroll 4
    for (int q = 0; q < N; ++q) finish_lanes<T>(c, i * N + q * W, row * x[q], lanes_of<T, N>(groups, q));
  }
}

}  // namespace product
}  // namespace
}  // namespace lamina
