// Bounds on the gradient, and the sums and maxima that they need.
#pragma once

#include "kernels/float_traits.hpp"
#include "kernels/gemm/vectors.hpp"
#include "kernels/kernels.hpp"
#include "kernels/row_sums.hpp"
#include "kernels/simd.hpp"

namespace lamina {
namespace {

// True if anything changed.
template <class T>
bool clip_value(T* __restrict gradient, i64 size, double low, double high) {
  const T lower = static_cast<T>(low), upper = static_cast<T>(high);
  int changed = 0;
  LAMINA_SIMD_OR(changed)
  for (i64 i = 0; i < size; ++i) {
    const T g = gradient[i];
    changed |= (g < lower || g > upper) ? 1 : 0;
    gradient[i] = clamp(g, lower, upper);
  }
  return changed != 0;
}

// In double throughout, against overflow and the loss of small terms.
template <class T>
double sum_squares(const T* __restrict x, i64 size) {
  constexpr i64 W = 2 * kLanes<T>;  // so that additions do not wait for each other
  const auto square = [](T value) { return static_cast<double>(value) * static_cast<double>(value); };
  double lanes[W], total = 0;
  sum_window<W>(lanes, size / W, 0, [=](i64 i, i64 c) { return square(x[i * W + c]); });
  for (const double lane : lanes) total += lane;
  for (i64 j = size / W * W; j < size; ++j) total += square(x[j]);
  return total;
}

template <class T>
void scale(T* __restrict x, i64 size, double factor) {
  const T by = static_cast<T>(factor);
  LAMINA_SIMD
  for (i64 i = 0; i < size; ++i) x[i] *= by;
}

// The largest magnitude, or NaN if there is one. It compares bits without the sign, which are largest for
// infinities and NaN, so that no compiler flag can optimize this check away.
template <class T>
T largest(const T* x, i64 size) {
  using namespace product;
  using Bits = typename FloatTraits<T>::Bits;
  typedef Bits Lanes __attribute__((vector_size(LAMINA_VECTOR_BYTES)));
  constexpr i64 W = Simd<T>::width;
  Lanes most[4] = {};
  const auto take = [&](Lanes& of, Vector<T> values) __attribute__((always_inline)) {
    const Lanes bits = __builtin_bit_cast(Lanes, values) & (~Bits{0} >> 1);
    of = of > bits ? of : bits;
  };
  i64 i = 0;
  for (; i + 4 * W <= size; i += 4 * W) {
#pragma GCC unroll 4
    for (int v = 0; v < 4; ++v) take(most[v], load(x + i + v * W));
  }
  for (; i + W <= size; i += W) take(most[0], load(x + i));
  if (i < size) take(most[1], load_part(x + i, static_cast<int>(size - i)));
  Bits of_all = 0;
  for (int v = 1; v < 4; ++v) most[0] = most[0] > most[v] ? most[0] : most[v];
  for (int lane = 0; lane < W; ++lane) of_all = of_all > most[0][lane] ? of_all : most[0][lane];
  return __builtin_bit_cast(T, of_all);
}

template <class T>
bool all_finite(const T* x, i64 size) {
  using F = FloatTraits<T>;
  constexpr typename F::Bits infinity = (2 * F::bias + 1) << F::mantissa_bits;
  return __builtin_bit_cast(typename F::Bits, largest(x, size)) < infinity;
}

}  // namespace
}  // namespace lamina
