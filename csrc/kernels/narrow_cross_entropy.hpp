// Softmax cross-entropy of rows too narrow to fill a vector: they are turned on their side, a vector of rows
// at a time.
#pragma once

#include "kernels/kernels.hpp"
#include "kernels/label_smoothing.hpp"
#include "kernels/vector_math.hpp"

namespace lamina {
namespace {

inline constexpr i64 kNarrowWidth = 32;
inline constexpr i64 kNarrowRatio =
    8;  // width / rows up to which a partly filled vector of rows is still worth it

// x[c][lane] = matrix[lane][c]. Of the two columns of two classes the compiler makes shuffles.
template <class T>
LAMINA_INLINE void load_columns(T (*x)[kLanes<T>], const T* matrix, i64 width) {
  if (width == 2) {
    LAMINA_SIMD
    for (int lane = 0; lane < kLanes<T>; ++lane) {
      x[0][lane] = matrix[2 * lane];
      x[1][lane] = matrix[2 * lane + 1];
    }
    return;
  }
  for (i64 c = 0; c < width; ++c)
    for (int lane = 0; lane < kLanes<T>; ++lane) x[c][lane] = matrix[lane * width + c];
}

// matrix[lane][c] = x[c][lane]
template <class T>
LAMINA_INLINE void store_columns(T* matrix, const T (*x)[kLanes<T>], i64 width) {
  if (width == 2) {
    LAMINA_SIMD
    for (int lane = 0; lane < kLanes<T>; ++lane) {
      matrix[2 * lane] = x[0][lane];
      matrix[2 * lane + 1] = x[1][lane];
    }
    return;
  }
  for (i64 c = 0; c < width; ++c)
    for (int lane = 0; lane < kLanes<T>; ++lane) matrix[lane * width + c] = x[c][lane];
}

// loss (kLanes,) and, where d_logits is not null, the gradient of kLanes rows.
template <class T>
void narrow_block(T* loss, T* d_logits, const T* logits, const T* targets, const T* scale, i64 width,
                  bool by_class, Smoothing<T> smooth) {
  constexpr int L = kLanes<T>;
  alignas(64) T x[kNarrowWidth][L], t[kNarrowWidth][L], scales[L], largest[L], sum[L], mass[L], expected[L];
  load_columns(x, logits, width);
  load_columns(t, targets, by_class ? 1 : width);
  load_columns(&scales, scale, 1);
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
  }
  store_columns(d_logits, x, width);
}

// pad (size,) = x[0..count), zero beyond.
template <class T>
LAMINA_INLINE void pad_with_zeros(T* __restrict pad, const T* __restrict x, i64 count, i64 size) {
  LAMINA_SIMD
  for (i64 j = 0; j < size; ++j) pad[j] = j < count ? x[j] : T(0);
}

// The same of `rows` rows, kLanes at most: those that are missing are zeros.
template <class T>
LAMINA_INLINE void narrow_rows(T* loss, T* d_logits, const T* logits, const T* targets, const T* scale,
                               i64 rows, i64 width, bool by_class, Smoothing<T> smooth) {
  constexpr int L = kLanes<T>;
  if (rows == L) return narrow_block(loss, d_logits, logits, targets, scale, width, by_class, smooth);
  const i64 target_width = by_class ? 1 : width;
  alignas(64) T x[kNarrowWidth * L], t[kNarrowWidth * L], scales[L];
  pad_with_zeros(x, logits, rows * width, L * width);
  pad_with_zeros(t, targets, rows * target_width, L * target_width);
  pad_with_zeros(scales, scale, rows, L);
  narrow_block(loss, d_logits ? x : nullptr, x, t, scales, width, by_class, smooth);
  if (!d_logits) return;
  for (i64 j = 0; j < rows * width; ++j) d_logits[j] = x[j];
}

}  // namespace
}  // namespace lamina
