// Narrow rows transposed in registers: x[c][lane] = matrix[lane][c], as many rows at a time as a vector has
// lanes.
#pragma once

#include <utility>

#include "kernels/gemm/shuffle.hpp"
#include "kernels/kernels.hpp"

namespace lamina {
namespace {

// Vectors of two or four lanes can be filled element by element just as fast.
inline constexpr bool kSquaresPay = LAMINA_VECTOR_BYTES > 16;

// How many of the remaining `size` numbers go into the next vector.
template <class T>
LAMINA_INLINE int lanes_for(i64 size) {
  return static_cast<int>(size < 0 ? 0 : product::smaller(size, kLanes<T>));
}

// Turns two vectors of rows of two columns into one vector per column.
template <class T, int... J>
LAMINA_INLINE void split_pairs(T (*x)[kLanes<T>], auto low, auto high, std::integer_sequence<int, J...>) {
  product::store(x[0], __builtin_shufflevector(low, high, (2 * J)...));
  product::store(x[1], __builtin_shufflevector(low, high, (2 * J + 1)...));
}

// Rows first, first + 1, ... of two columns x and y.
template <int L, int first, int... J>
LAMINA_INLINE auto join_pairs(auto x, auto y, std::integer_sequence<int, J...>) {
  return __builtin_shufflevector(x, y, ((J % 2 ? L : 0) + first + J / 2)...);
}

// The columns of `rows` rows, at most kLanes; the other lanes become zero.
template <class T>
LAMINA_INLINE void load_columns(T (*x)[kLanes<T>], const T* matrix, i64 rows, i64 width) {
  using namespace product;
  constexpr int L = kLanes<T>;
  if (width == 1) return store(x[0], load_part(matrix, lanes_for<T>(rows)));
  if (width == 2)
    return split_pairs(x, load_part(matrix, lanes_for<T>(2 * rows)),
                       load_part(matrix + L, lanes_for<T>(2 * rows - L)),
                       std::make_integer_sequence<int, L>{});
  if constexpr (!kSquaresPay) {
    for (i64 c = 0; c < width; ++c)
      for (int lane = 0; lane < L; ++lane) x[c][lane] = lane < rows ? matrix[lane * width + c] : T(0);
    return;
  }
  for (i64 c = 0; c < width; c += L) {
    const int lanes = lanes_for<T>(width - c);
    Vector<T> square[L];
#pragma GCC unroll 16
    for (int i = 0; i < L; ++i) square[i] = i < rows ? load_part(matrix + i * width + c, lanes) : Vector<T>{};
    transpose_square<T>(square);
#pragma GCC unroll 16
    for (int i = 0; i < L; ++i)
      if (i < lanes) store(x[c + i], square[i]);
  }
}

// matrix[lane][c] = x[c][lane]
template <class T>
LAMINA_INLINE void store_columns(T* matrix, const T (*x)[kLanes<T>], i64 rows, i64 width) {
  using namespace product;
  constexpr int L = kLanes<T>;
  if (width == 1) return store_part(matrix, load(x[0]), lanes_for<T>(rows));
  if (width == 2) {
    constexpr auto all = std::make_integer_sequence<int, L>{};
    const Vector<T> a = load(x[0]), b = load(x[1]);
    store_part(matrix, join_pairs<L, 0>(a, b, all), lanes_for<T>(2 * rows));
    return store_part(matrix + L, join_pairs<L, L / 2>(a, b, all), lanes_for<T>(2 * rows - L));
  }
  if constexpr (!kSquaresPay) {
    for (int lane = 0; lane < rows; ++lane)
      for (i64 c = 0; c < width; ++c) matrix[lane * width + c] = x[c][lane];
    return;
  }
  for (i64 c = 0; c < width; c += L) {
    const int lanes = lanes_for<T>(width - c);
    Vector<T> square[L];
#pragma GCC unroll 16
    for (int i = 0; i < L; ++i) square[i] = i < lanes ? load(x[c + i]) : Vector<T>{};
    transpose_square<T>(square);
#pragma GCC unroll 16
    for (int i = 0; i < L; ++i)
      if (i < rows) store_part(matrix + i * width + c, square[i], lanes);
  }
}

}  // namespace
}  // namespace lamina
