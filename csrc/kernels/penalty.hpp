// Elastic net penalty l1 sum |w| + l2 / 2 sum w^2, and the bound on the norm of every column. The step that
// follows the L1 part: kernels/shrinkage.hpp.
#pragma once

#include "kernels/kernels.hpp"
#include "kernels/simd.hpp"

namespace lamina {
namespace {

// The sums over a piece that are computed along with its penalty, lane by lane.
template <class T>
struct PenaltySums {
  static constexpr int kWidth = 2 * kLanes<T>;  // so that additions do not wait for each other
  double absolutes[kWidth] = {}, squares[kWidth] = {}, gradients[kWidth] = {};
};

// Gradient (kWidth,) += l2 w, and += l1 sign(w) with `slope`.
template <bool lasso, bool slope, class T>
LAMINA_INLINE void penalize(PenaltySums<T>& sums, T* __restrict gradient, const T* __restrict w, int count,
                            T l1, T l2) {
  LAMINA_SIMD
  for (int j = 0; j < count; ++j) {
    T sum = gradient[j] + l2 * w[j];
    const double value = static_cast<double>(w[j]);
    if constexpr (slope) sum += w[j] > 0 ? l1 : (w[j] < 0 ? -l1 : T(0));
    if constexpr (lasso) sums.absolutes[j] += absolute(value);
    gradient[j] = sum;
    sums.squares[j] += value * value;
    sums.gradients[j] += static_cast<double>(sum) * static_cast<double>(sum);
  }
}

template <bool lasso, bool slope, class T>
double penalty_of_kind(double* squares, T* __restrict gradient, const T* __restrict w, i64 size, double l1,
                       double l2) {
  constexpr int W = PenaltySums<T>::kWidth;
  PenaltySums<T> sums;
  i64 first = 0;
  for (; first + W <= size; first += W)
    penalize<lasso, slope>(sums, gradient + first, w + first, W, static_cast<T>(l1), static_cast<T>(l2));
  penalize<lasso, slope>(sums, gradient + first, w + first, static_cast<int>(size - first),
                         static_cast<T>(l1), static_cast<T>(l2));
  double absolutes = 0, total = 0, gradients = 0;
  for (int j = 0; j < W; ++j) {
    absolutes += sums.absolutes[j];
    total += sums.squares[j];
    gradients += sums.gradients[j];
  }
  *squares = gradients;
  return l1 * absolutes + 0.5 * l2 * total;
}

// gradient += l2 w, and += l1 sign(w) with l1_slope; returns the penalty and sets the sum of the gradient's
// squares, in double.
template <class T>
double penalty(double* squares, T* gradient, const T* w, i64 size, double l1, double l2, bool l1_slope) {
  if (l1 == 0) return penalty_of_kind<false, false>(squares, gradient, w, size, l1, l2);
  return l1_slope ? penalty_of_kind<true, true>(squares, gradient, w, size, l1, l2)
                  : penalty_of_kind<true, false>(squares, gradient, w, size, l1, l2);
}

// limit / norm of a column whose squares overflow.
template <class T>
T long_column_factor(const T* column, i64 rows, i64 columns, T limit) {
  T most = 0, sum = 0;
  for (i64 i = 0; i < rows; ++i) most = at_least(absolute(column[i * columns]), most);
  for (i64 i = 0; i < rows; ++i) {
    const T share = column[i * columns] / most;
    sum += share * share;
  }
  return limit / most / square_root(sum);
}

// weight (rows, columns): columns with a norm above bound are scaled down to it. scratch (columns,).
template <class T>
void max_norm(T* __restrict weight, i64 rows, i64 columns, double bound, T* __restrict scratch) {
  for (i64 c = 0; c < columns; ++c) scratch[c] = 0;
  for (i64 i = 0; i < rows; ++i) {
    const T* row = weight + i * columns;
    LAMINA_SIMD
    for (i64 c = 0; c < columns; ++c) scratch[c] += row[c] * row[c];
  }
  const T limit = static_cast<T>(bound);
  int longer = 0;
  LAMINA_SIMD_OR(longer)
  for (i64 c = 0; c < columns; ++c) {
    const T norm = square_root(scratch[c]);
    scratch[c] = norm > limit ? limit / norm : T(1);
    longer |= norm > limit ? 1 : 0;
  }
  if (!longer) return;
  for (i64 c = 0; c < columns; ++c)
    if (scratch[c] == T(0)) scratch[c] = long_column_factor(weight + c, rows, columns, limit);
  for (i64 i = 0; i < rows; ++i) {
    T* row = weight + i * columns;
    LAMINA_SIMD
    for (i64 c = 0; c < columns; ++c) row[c] *= scratch[c];
  }
}

}  // namespace
}  // namespace lamina
