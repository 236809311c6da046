// Softmax cross-entropy row by row, one buffer of columns at a time.
#pragma once

#include "kernels/label_smoothing.hpp"
#include "kernels/map.hpp"
#include "kernels/softmax.hpp"
#include "kernels/vector_math.hpp"

namespace lamina {
namespace {

inline constexpr i64 kLogitBuffer = 1024;

// The target of one row: probabilities, or if those are null the class `index`, -1 if that is no class of the
// row.
template <class T>
struct RowTarget {
  const T* probabilities;
  i64 index;
  Smoothing<T> smooth;
};

template <class T>
LAMINA_INLINE RowTarget<T> row_target(const T* target, bool by_class, i64 width, Smoothing<T> smooth) {
  if (!by_class) return {target, -1, smooth};
  return {nullptr, target[0] >= T(0) && target[0] < static_cast<T>(width) ? static_cast<i64>(target[0]) : -1,
          smooth};
}

// Adds sum_k t'_k d_k and sum_k t'_k of the columns [first, first + count) of a row; d (count,) are the
// shifted logits.
template <class T>
LAMINA_INLINE void add_expected(T& expected, T& mass, const T* d, i64 first, i64 count,
                                const RowTarget<T>& target) {
  const T keep = target.smooth.keep, floor = target.smooth.floor;
  if (target.probabilities) {
    const T* p = target.probabilities + first;
    T sum = 0, total = 0;
    LAMINA_PRAGMA(omp simd reduction(+ : sum, total))
    for (i64 c = 0; c < count; ++c) {
      const T share = keep * p[c] + floor;
      sum += expected_term(share, d[c]);
      total += share;
    }
    expected += sum;
    mass += total;
    return;
  }
  const i64 at = target.index - first;
  const bool here = at >= 0 && at < count && target.index >= 0;
  mass += floor * static_cast<T>(count) + (here ? keep : T(0));
  if (floor != T(0)) expected += floor * row_sum(d, count);
  if (here) expected += expected_term(keep, d[at]);
}

// d_logits = scale * (e factor - t'), e (width,) in d_logits.
template <class T>
LAMINA_INLINE void finish_gradient(T* d_logits, i64 width, T scale, T factor, const RowTarget<T>& target) {
  const T keep = target.smooth.keep, floor = target.smooth.floor;
  const T* p = target.probabilities;
  const T at_class = target.index >= 0 ? scale * (d_logits[target.index] * factor - (keep + floor)) : T(0);
  LAMINA_SIMD
  for (i64 c = 0; c < width; ++c)
    d_logits[c] = scale * (d_logits[c] * factor - (p ? keep * p[c] + floor : floor));
  if (target.index >= 0) d_logits[target.index] = at_class;
}

// One row of any width: its scaled loss, and its gradient if d_logits is not null.
template <class T>
T wide_row(T* d_logits, const T* logits, T scale, i64 width, const RowTarget<T>& target) {
  T buffer[kLogitBuffer];
  const T largest = row_max(logits, width);
  T sum = 0, mass = 0, expected = 0;
  for (i64 first = 0; first < width; first += kLogitBuffer) {
    const i64 count = width - first < kLogitBuffer ? width - first : kLogitBuffer;
    subtract_max(buffer, logits + first, count, largest);
    add_expected(expected, mass, buffer, first, count, target);
    T* e = d_logits ? d_logits + first : buffer;
    map(e, buffer, count, [](T d) __attribute__((always_inline)) { return exponential(d); });
    sum += row_sum(e, count);
  }
  if (d_logits) finish_gradient(d_logits, width, scale, mass / sum, target);
  return scale * (mass * logarithm(sum) - expected);
}

}  // namespace
}  // namespace lamina
