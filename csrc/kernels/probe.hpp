// What a probe measures of one buffer: lamina/engine/probe.py.
#pragma once

#include "kernels/clipping.hpp"
#include "kernels/kernels.hpp"
#include "kernels/simd.hpp"

namespace lamina {
namespace {

// sum over j of term(j), in double, lane by lane.
template <class T, class Term>
LAMINA_INLINE double sum_of(i64 size, Term term) {
  constexpr int W = 2 * kLanes<T>;  // so that additions do not wait for each other
  double lanes[W] = {};
  i64 first = 0;
  for (; first + W <= size; first += W) {
    LAMINA_SIMD
    for (int j = 0; j < W; ++j) lanes[j] += term(first + j);
  }
  for (int j = 0; first + j < size; ++j) lanes[j] += term(first + j);
  double total = 0;
  for (int j = 0; j < W; ++j) total += lanes[j];
  return total;
}

// The number of j for which `holds` is 1 and not 0, block by block: a block's count fits a small integer.
template <class T, class Holds>
LAMINA_INLINE i64 count_of(i64 size, Holds holds) {
  constexpr i64 kBlock = 4096;
  i64 total = 0;
  for (i64 first = 0; first < size; first += kBlock) {
    const i64 last = first + kBlock < size ? first + kBlock : size;
    int count = 0;
    LAMINA_SIMD_SUM(count)
    for (i64 j = first; j < last; ++j) count += holds(j);
    total += count;
  }
  return total;
}

// In one pass over the distances from the first number. They lose no digits that matter: that number itself
// is as far from the mean as the deviation of `size` numbers lets it be.
template <class T>
void spread(double* mean, double* deviation, const T* x, i64 size) {
  constexpr int W = 2 * kLanes<T>;
  const double from = size > 0 && x[0] - x[0] == T(0) ? static_cast<double>(x[0]) : 0.0;
  double sums[W] = {}, squares[W] = {};
  i64 first = 0;
  const auto add = [&](int j) __attribute__((always_inline)) {
    const double apart = static_cast<double>(x[first + j]) - from;
    sums[j] += apart;
    squares[j] += apart * apart;
  };
  for (; first + W <= size; first += W) {
    LAMINA_SIMD
    for (int j = 0; j < W; ++j) add(j);
  }
  for (int j = 0; first + j < size; ++j) add(j);
  double sum = 0, square = 0;
  for (int j = 0; j < W; ++j) sum += sums[j], square += squares[j];
  const double center = sum / size;
  *mean = from + center;
  *deviation = square_root(at_least(square / size - center * center, 0.0));
}

template <class T>
i64 count_zeros(const T* x, i64 size) {
  return count_of<T>(size, [=](i64 j) { return x[j] == T(0) ? 1 : 0; });
}

template <class T>
i64 count_non_finite(const T* x, i64 size) {
  return count_of<T>(size, [=](i64 j) { return x[j] - x[j] == T(0) ? 0 : 1; });
}

// Block by block, so that only the first edge waits for memory.
template <class T>
void count_below(i64* below, const T* x, i64 size, const double* edges, i64 num_edges) {
  constexpr i64 kBlock = 2048;
  for (i64 k = 0; k < num_edges; ++k) below[k] = 0;
  for (i64 first = 0; first < size; first += kBlock) {
    const i64 count = first + kBlock < size ? kBlock : size - first;
    for (i64 k = 0; k < num_edges; ++k) {
      const T bound = static_cast<T>(edges[k]);
      int found = 0;
      LAMINA_SIMD_SUM(found)
      for (i64 j = 0; j < count; ++j) found += x[first + j] < bound ? 1 : 0;
      below[k] += found;
    }
  }
}

template <class T>
i64 count_flat(T* __restrict steep, const T* __restrict slope, i64 n, i64 width, double most) {
  const T bound = static_cast<T>(most);
  for (i64 c = 0; c < width; ++c) steep[c] = 0;
  for (i64 i = 0; i < n; ++i) {
    const T* row = slope + i * width;
    LAMINA_SIMD
    for (i64 c = 0; c < width; ++c) steep[c] = absolute(row[c]) <= bound ? steep[c] : T(1);
  }
  return count_of<T>(n * width, [=](i64 j) { return absolute(slope[j]) <= bound ? 1 : 0; });
}

template <class T>
double sum_square_changes(const T* x, const T* before, i64 size) {
  return sum_of<T>(size, [=](i64 j) {
    const double apart = static_cast<double>(x[j]) - static_cast<double>(before[j]);
    return apart * apart;
  });
}

template <class T>
void size_up(double* squares, i64* zeros, const T* x, i64 size) {
  constexpr i64 kBlock = 4096;  // which stays in the cache
  *squares = 0;
  *zeros = 0;
  for (i64 first = 0; first < size; first += kBlock) {
    const i64 count = first + kBlock < size ? kBlock : size - first;
    *squares += sum_squares(x + first, count);
    *zeros += count_zeros(x + first, count);
  }
}

template <class T>
void keep(double* squares, T* most, T* __restrict to, const T* __restrict from, i64 size) {
  constexpr i64 kBlock = 4096;
  *squares = 0;
  *most = 0;
  for (i64 first = 0; first < size; first += kBlock) {
    const i64 count = first + kBlock < size ? kBlock : size - first;
    const T own = largest(from + first, count);
    *squares += sum_squares(from + first, count);
    *most = *most >= own || *most != *most ? *most : own;  // NaN stays
    __builtin_memcpy(to + first, from + first, count * sizeof(T));
  }
}

}  // namespace
}  // namespace lamina
