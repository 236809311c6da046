// Softmax and cross-entropy in one: L = sum_k t'_k (log sum_j e^(z_j) - z_k), dL/dz = softmax(z) sum_k t'_k -
// t'.
//
// t' = t (1 - s) + s / width with label smoothing s (Szegedy et al. 2016); t is given as a class index or as
// probabilities. Rows are taken in groups whose logits fit a buffer on the stack; rows wider than the buffer
// go through it in pieces.
#pragma once

#include "kernels/map.hpp"
#include "kernels/softmax.hpp"
#include "kernels/vector_math.hpp"

namespace lamina {
namespace {

inline constexpr i64 kLogitBuffer = 2048;

// One row's target: a class, or probabilities where `given` is not null.
template <class T>
struct SmoothTarget {
  const T* given;
  i64 index;
  T keep, floor;  // 1 - s, s / width
  LAMINA_INLINE T operator()(i64 c) const {
    return keep * (given ? given[c] : T(c == index ? 1 : 0)) + floor;
  }
};

// (d,) shifted logits of a piece of a row -> sum_k t'_k d_k, in which 0 times infinity is 0.
template <class T>
LAMINA_INLINE T expected_shift(const T* d, i64 first, i64 count, const SmoothTarget<T>& target) {
  if (!target.given && target.floor == T(0)) {
    return target.index >= first && target.index < first + count ? d[target.index - first] : T(0);
  }
  T sum = 0;
  LAMINA_SIMD_SUM(sum)
  for (i64 c = 0; c < count; ++c) {
    const T t = target(first + c);
    sum += t == 0 ? T(0) : t * d[c];
  }
  return sum;
}

template <class T>
LAMINA_INLINE T target_sum(i64 width, const SmoothTarget<T>& target) {
  return target.given ? target.keep * row_sum(target.given, width) + target.floor * static_cast<T>(width)
                      : T(1);
}

// A row of any width, its logits taken a bufferful at a time. Returns the loss; writes d_logits where it is
// not null.
template <class T>
T wide_row(T* d_logits, const T* logits, i64 width, T scale, const SmoothTarget<T>& target) {
  T buffer[kLogitBuffer];
  const T largest = row_max(logits, width), mass = target_sum(width, target);
  const auto e = [](T d) __attribute__((always_inline)) { return exponential(d); };
  T sum = 0, expected = 0;
  for (i64 first = 0; first < width; first += kLogitBuffer) {
    const i64 count = width - first < kLogitBuffer ? width - first : kLogitBuffer;
    subtract_max(buffer, logits + first, count, largest);
    expected += expected_shift(buffer, first, count, target);
    map(d_logits ? d_logits + first : buffer, buffer, count, e);
    sum += row_sum(d_logits ? d_logits + first : buffer, count);
  }
  if (d_logits) {
    const T factor = mass / sum;
    for (i64 c = 0; c < width; ++c) d_logits[c] = scale * (d_logits[c] * factor - target(c));
  }
  return mass * logarithm(sum) - expected;
}

template <class T>
double softmax_cross_entropy(T* d_logits, const T* logits, const T* targets, const T* scale, i64 n, i64 width,
                             i64 target_width, double smoothing) {
  double total = 0;
  for (i64 i = 0; i < n; ++i) {
    const bool by_class = target_width == 1 && width > 1;
    const T* row = targets + i * target_width;
    const SmoothTarget<T> target{by_class ? nullptr : row, by_class ? static_cast<i64>(row[0]) : 0,
                                 static_cast<T>(1 - smoothing),
                                 static_cast<T>(smoothing / static_cast<double>(width))};
    const T loss =
        wide_row(d_logits ? d_logits + i * width : nullptr, logits + i * width, width, scale[i], target);
    total += static_cast<double>(scale[i] * loss);
  }
  return total;
}

}  // namespace
}  // namespace lamina
