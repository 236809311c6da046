// Periodic embeddings: each number as sines and cosines, or as shifted cosines, of learned frequencies.
#pragma once

#include "kernels/kernels.hpp"
#include "kernels/simd.hpp"
#include "kernels/vector_math.hpp"

namespace lamina {
namespace {

template <class T>
inline constexpr T kTurn = T(6.283185307179586);

template <class T>
inline constexpr T kTurnsPerRadian = T(0.15915494309189535);

// out (n, width, 2 count): the sines of a number, then its cosines.
template <class T>
void periodic_forward(T* __restrict out, const T* __restrict x, const T* __restrict frequency, i64 n,
                      i64 width, i64 count) {
  for (i64 i = 0; i < n; ++i) {
    for (i64 j = 0; j < width; ++j, out += 2 * count) {
      const T a = x[i * width + j];
      const T* f = frequency + j * count;
      LAMINA_SIMD
      for (i64 m = 0; m < count; ++m) {
        const SineCosine<T> wave = sine_cosine_of_turns(a * f[m]);
        out[m] = wave.sine;
        out[count + m] = wave.cosine;
      }
    }
  }
}

// out (n, width, count): cos(2 pi frequency x + phase).
template <class T>
void cosine_forward(T* __restrict out, const T* __restrict x, const T* __restrict frequency,
                    const T* __restrict phase, i64 n, i64 width, i64 count) {
  for (i64 i = 0; i < n; ++i) {
    for (i64 j = 0; j < width; ++j, out += count) {
      const T a = x[i * width + j];
      const T *f = frequency + j * count, *p = phase + j * count;
      LAMINA_SIMD
      for (i64 m = 0; m < count; ++m)
        out[m] = sine_cosine_of_turns(a * f[m] + p[m] * kTurnsPerRadian<T>).cosine;
    }
  }
}

// With d_angle(m) at hand: d_frequency and d_phase (count,), unless null, are added to; returns d_x.
template <class T, class Angle>
LAMINA_INLINE T angle_backward(T* __restrict d_frequency, T* __restrict d_phase, T x,
                               const T* __restrict frequency, i64 count, Angle d_angle) {
  T sum = 0;
  if (d_frequency || d_phase) {
    LAMINA_SIMD_SUM(sum)
    for (i64 m = 0; m < count; ++m) {
      const T d = d_angle(m);
      if (d_frequency) d_frequency[m] += kTurn<T> * x * d;
      if (d_phase) d_phase[m] += d;
      sum += d * frequency[m];
    }
  } else {
    LAMINA_SIMD_SUM(sum)
    for (i64 m = 0; m < count; ++m) sum += d_angle(m) * frequency[m];
  }
  return kTurn<T> * sum;
}

// For `columns` of the columns of x, whose rows are `row` apart.
template <class T>
void periodic_backward(T* d_x, T* d_frequency, const T* __restrict d_out, const T* __restrict x,
                       const T* __restrict frequency, const T* __restrict out, i64 n, i64 row, i64 columns,
                       i64 count) {
  for (i64 i = 0; i < n; ++i) {
    for (i64 j = 0; j < columns; ++j) {
      const T *d_sine = d_out + (i * row + j) * 2 * count, *d_cosine = d_sine + count;
      const T *sine = out + (i * row + j) * 2 * count, *cosine = sine + count;
      const T d = angle_backward<T>(d_frequency ? d_frequency + j * count : nullptr, nullptr, x[i * row + j],
                                    frequency + j * count, count,
                                    [=](i64 m) { return d_sine[m] * cosine[m] - d_cosine[m] * sine[m]; });
      if (d_x) d_x[i * row + j] = d;
    }
  }
}

template <class T>
void cosine_backward(T* d_x, T* d_frequency, T* d_phase, const T* __restrict d_out, const T* __restrict x,
                     const T* __restrict frequency, const T* __restrict phase, i64 n, i64 row, i64 columns,
                     i64 count) {
  for (i64 i = 0; i < n; ++i) {
    for (i64 j = 0; j < columns; ++j) {
      const T a = x[i * row + j];
      const T *f = frequency + j * count, *p = phase + j * count, *d_row = d_out + (i * row + j) * count;
      const T d = angle_backward<T>(d_frequency ? d_frequency + j * count : nullptr,
                                    d_phase ? d_phase + j * count : nullptr, a, f, count, [=](i64 m) {
                                      const T turns = a * f[m] + p[m] * kTurnsPerRadian<T>;
                                      return -d_row[m] * sine_cosine_of_turns(turns).sine;
                                    });
      if (d_x) d_x[i * row + j] = d;
    }
  }
}

}  // namespace
}  // namespace lamina
