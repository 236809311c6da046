// Softmax and cross-entropy in one: L = sum_k t'_k (log sum_j e^(z_j) - z_k), dL/dz = softmax(z) sum_k t'_k -
// t'.
//
// t' = t (1 - s) + s / width with label smoothing s (Szegedy et al. 2016); t is given as a class index
// (target_width 1) or as probabilities. Narrow rows are turned on their side, a vector of rows at a time;
// wide ones are taken one by one, a bufferful of columns at a time.
#pragma once

#include "kernels/map.hpp"
#include "kernels/softmax.hpp"
#include "kernels/vector_math.hpp"

namespace lamina {
namespace {

inline constexpr i64 kNarrowWidth = 64;
inline constexpr i64 kLogitBuffer = 1024;

template <class T>
struct Smoothing {
  T keep, floor;  // 1 - s, s / width
  LAMINA_INLINE T operator()(T t) const { return keep * t + floor; }
};

// t d, in which 0 times infinity is 0: a class that cannot be costs nothing.
template <class T>
LAMINA_INLINE T expected_term(T t, T d) {
  return t == T(0) ? T(0) : t * d;
}

// x[c][lane] = matrix[lane][c], 0 beyond `rows`.
template <class T>
LAMINA_INLINE void load_columns(T (*x)[kLanes<T>], const T* matrix, i64 rows, i64 width) {
  for (i64 c = 0; c < width; ++c)
    for (int lane = 0; lane < kLanes<T>; ++lane) x[c][lane] = lane < rows ? matrix[lane * width + c] : T(0);
}

// loss (kLanes,) and, where d_logits is not null, the gradient of up to kLanes rows.
template <class T>
LAMINA_INLINE void narrow_rows(T* loss, T* d_logits, const T* logits, const T* targets, const T* scale,
                               i64 rows, i64 width, bool by_class, Smoothing<T> smooth) {
  constexpr int L = kLanes<T>;
  alignas(64) T x[kNarrowWidth][L], t[kNarrowWidth][L], scales[L], largest[L], sum[L], mass[L], expected[L];
  load_columns(x, logits, rows, width);
  load_columns(t, targets, rows, by_class ? 1 : width);
  load_columns(&scales, scale, rows, 1);
  if (by_class) {  // class indices become indicators; from the last on, as the first holds the indices
    for (i64 c = width; c-- > 0;) {
      LAMINA_SIMD
      for (int lane = 0; lane < L; ++lane) t[c][lane] = t[0][lane] == static_cast<T>(c) ? T(1) : T(0);
    }
  }
  LAMINA_SIMD
  for (int lane = 0; lane < L; ++lane) {
    largest[lane] = -FloatTraits<T>::infinity;
    sum[lane] = mass[lane] = expected[lane] = 0;
  }
  for (i64 c = 0; c < width; ++c) {
    LAMINA_SIMD
    for (int lane = 0; lane < L; ++lane) largest[lane] = at_least(largest[lane], x[c][lane]);
  }
  for (i64 c = 0; c < width; ++c) {
    LAMINA_SIMD
    for (int lane = 0; lane < L; ++lane) {
      const T d = x[c][lane] == largest[lane] ? T(0) : x[c][lane] - largest[lane];
      const T share = smooth(t[c][lane]), e = exponential(d);
      expected[lane] += expected_term(share, d);
      mass[lane] += share;
      sum[lane] += e;
      t[c][lane] = share;
      x[c][lane] = e;
    }
  }
  LAMINA_SIMD
  for (int lane = 0; lane < L; ++lane) {
    loss[lane] = scales[lane] * (mass[lane] * logarithm(sum[lane]) - expected[lane]);
    mass[lane] /= sum[lane];
  }
  if (!d_logits) return;
  for (i64 c = 0; c < width; ++c) {
    LAMINA_SIMD
    for (int lane = 0; lane < L; ++lane) x[c][lane] = scales[lane] * (x[c][lane] * mass[lane] - t[c][lane]);
    for (int lane = 0; lane < rows; ++lane) d_logits[lane * width + c] = x[c][lane];
  }
}

// One row of any width: its loss; its gradient where d_logits is not null. `probabilities` null: the target
// is class `index`.
template <class T>
T wide_row(T* d_logits, const T* logits, const T* probabilities, T index, T scale, i64 width,
           Smoothing<T> smooth) {
  T buffer[kLogitBuffer];
  const T largest = row_max(logits, width);
  const auto target = [=](i64 c) __attribute__((always_inline)) {
    return smooth(probabilities ? probabilities[c] : (static_cast<T>(c) == index ? T(1) : T(0)));
  };
  T sum = 0, mass = 0, expected = 0;
  for (i64 first = 0; first < width; first += kLogitBuffer) {
    const i64 count = width - first < kLogitBuffer ? width - first : kLogitBuffer;
    subtract_max(buffer, logits + first, count, largest);
    LAMINA_PRAGMA(omp simd reduction(+ : expected, mass))
    for (i64 c = 0; c < count; ++c) {
      const T share = target(first + c);
      expected += expected_term(share, buffer[c]);
      mass += share;
    }
    T* e = d_logits ? d_logits + first : buffer;
    map(e, buffer, count, [](T d) __attribute__((always_inline)) { return exponential(d); });
    sum += row_sum(e, count);
  }
  if (d_logits) {
    const T factor = mass / sum;
    LAMINA_SIMD
    for (i64 c = 0; c < width; ++c) d_logits[c] = scale * (d_logits[c] * factor - target(c));
  }
  return scale * (mass * logarithm(sum) - expected);
}

template <class T>
double softmax_cross_entropy(T* d_logits, const T* logits, const T* targets, const T* scale, i64 n, i64 width,
                             i64 target_width, double smoothing) {
  const Smoothing<T> smooth{static_cast<T>(1 - smoothing),
                            static_cast<T>(smoothing / static_cast<double>(width))};
  const bool by_class = target_width == 1;
  const i64 step = width <= kNarrowWidth ? kLanes<T> : 1;
  double total = 0;
  for (i64 i = 0; i < n; i += step) {
    T* d_row = d_logits ? d_logits + i * width : nullptr;
    const T *row = logits + i * width, *target = targets + i * target_width;
    if (width > kNarrowWidth) {
      total += static_cast<double>(
          wide_row(d_row, row, by_class ? nullptr : target, target[0], scale[i], width, smooth));
      continue;
    }
    T loss[kLanes<T>];
    const i64 rows = n - i < step ? n - i : step;
    narrow_rows(loss, d_row, row, target, scale + i, rows, width, by_class, smooth);
    for (i64 lane = 0; lane < rows; ++lane) total += static_cast<double>(loss[lane]);
  }
  return total;
}

}  // namespace
}  // namespace lamina
