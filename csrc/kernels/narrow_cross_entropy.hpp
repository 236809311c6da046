// Softmax cross-entropy of rows too narrow to fill a vector: they are transposed, one vector of rows at a
// time.
#pragma once

#include "kernels/columns.hpp"
#include "kernels/kernels.hpp"
#include "kernels/label_smoothing.hpp"
#include "kernels/vector_math.hpp"

namespace lamina {
namespace {

inline constexpr i64 kNarrowWidth = 32;
inline constexpr i64 kNarrowRatio =
    8;  // width / rows up to which a partly filled vector of rows still pays off

// loss (kLanes,) and, if d_logits is not null, the gradient of `rows` rows, at most kLanes.
template <class T>
void narrow_rows(T* loss, T* d_logits, const T* logits, const T* targets, const T* scale, i64 rows, i64 width,
                 bool by_class, Smoothing<T> smooth) {
  constexpr int L = kLanes<T>;
  alignas(64) T x[kNarrowWidth][L], t[kNarrowWidth][L], scales[L], largest[L], sum[L], mass[L], expected[L];
  load_columns(x, logits, rows, width);
  load_columns(t, targets, rows, by_class ? 1 : width);
  load_columns(&scales, scale, rows, 1);
  if (by_class) {  // class indices become indicators, last column first, because the first one holds the
                   // indices
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
  }
  store_columns(d_logits, x, rows, width);
}

}  // namespace
}  // namespace lamina
