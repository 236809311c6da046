// Products with few columns (or rows), as dot products along k, since registers across the columns would
// mostly hold padding.
#pragma once

#include "kernels/gemm/block.hpp"
#include "kernels/gemm/shuffle.hpp"

namespace lamina {
namespace {
namespace product {

// What counts as few: the number of sums kept at a time is that of a vector's lanes.
template <class T>
inline constexpr int kFew = Simd<T>::width < 4 ? Simd<T>::width : 4;

// C (m, few) = x y^T: row i of x times row j of y, both contiguous along k.
template <class T>
struct Dots {
  const T* x;
  Size x_row;
  const T* y;
  Size y_row, k;
  Target<T> c;
};

// `rows` (R or fewer) rows of C from row i: lane r * S + j of the result is row i + r times row j. Missing
// rows repeat the last one.
template <class T, int S, int R, bool fewer>
LAMINA_INLINE Vector<T> dot_rows(const Dots<T>& s, Size i, Size rows) {
  constexpr int W = Simd<T>::width;
  const T* x[R];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) x[r] = s.x + (i + (fewer ? smaller(r, rows - 1) : r)) * s.x_row;
  Vector<T> sum[W] = {};
  for (Size p = 0; p < s.k; p += W) {
    const int lanes = static_cast<int>(smaller(W, s.k - p));
    Vector<T> y[S];
#pragma GCC unroll 4
    for (int j = 0; j < S; ++j) y[j] = load_part(s.y + j * s.y_row + p, lanes);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const Vector<T> left = load_part(x[r] + p, lanes);
#pragma GCC unroll 4
      for (int j = 0; j < S; ++j) sum[r * S + j] += left * y[j];
    }
  }
  sum_each<T>(sum);
  return sum[0];
}

// Whether the lanes of dot_rows are contiguous in a matrix.
template <int S>
LAMINA_INLINE bool in_one_piece(Size row, Size column) {
  return row == S && (S == 1 || column == 1);
}

// The lanes of start (or of gate) for those of dot_rows.
template <class T, int S>
LAMINA_INLINE Vector<T> lanes_of(const T* from, Size row, Size column, Size rows) {
  Vector<T> lanes = {};
  if (in_one_piece<S>(row, column)) return load_part(from, static_cast<int>(rows * S));
  for (Size r = 0; r < rows; ++r)
    for (int j = 0; j < S; ++j) lanes[r * S + j] = from[r * row + j * column];
  return lanes;
}

template <class T, int S>
void multiply_by_dots(Size m, const Dots<T>& dots) {
  constexpr Size R = Simd<T>::width / S;
  const Dots<T> s = dots;
  const Target<T>& c = s.c;
  for (Size i = 0; i < m; i += R) {
    const Size rows = smaller(R, m - i), at = i * c.row;
    Vector<T> value = rows == R   ? dot_rows<T, S, R, false>(s, i, R)
                      : rows == 1 ? dot_rows<T, S, 1, false>(s, i, 1)
                                  : dot_rows<T, S, R, true>(s, i, rows);
    Vector<T> gate = {};
    if (c.start) value += lanes_of<T, S>(c.start + i * c.start_row, c.start_row, c.start_column, rows);
    if (c.gate) gate = lanes_of<T, S>(c.gate + at, c.row, c.column, rows);
    value = finished<T>(value, c.finish, gate);
    if (in_one_piece<S>(c.row, c.column)) {
      store_part(c.data + at, value, static_cast<int>(rows * S));
    } else {
      for (Size r = 0; r < rows; ++r)
        for (int j = 0; j < S; ++j) c.data[at + r * c.row + j * c.column] = value[r * S + j];
    }
  }
}

template <class T>
void multiply_few(Size m, Size few, const Dots<T>& dots) {
  if constexpr (kFew<T> > 3) {
    if (few == 4) return multiply_by_dots<T, 4>(m, dots);
    if (few == 3) return multiply_by_dots<T, 3>(m, dots);
  }
  few == 2 ? multiply_by_dots<T, 2>(m, dots) : multiply_by_dots<T, 1>(m, dots);
}

}  // namespace product
}  // namespace
}  // namespace lamina
