// Bounds on the gradient and what they need to know of it.
#pragma once

#include "kernels/float_traits.hpp"
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

// In double throughout: neither overflow nor loss of the small terms.
template <class T>
double sum_squares(const T* __restrict x, i64 size) {
  constexpr i64 W = 2 * kLanes<T>;  // so that additions need not wait for one another
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

// By the bits without the sign, which are largest in infinities and NaN: no compiler flag can reason this
// check away.
template <class T>
bool all_finite(const T* __restrict x, i64 size) {
  using F = FloatTraits<T>;
  using Bits = typename F::Bits;
  constexpr Bits infinity = (2 * F::bias + 1) << F::mantissa_bits, magnitude = ~Bits{0} >> 1;
  constexpr int W = 4 * kLanes<T>;
  Bits largest[W] = {};
  const auto take = [&](i64 first, int count) __attribute__((always_inline)) {
    LAMINA_SIMD
    for (int j = 0; j < count; ++j) {
      const Bits bits = __builtin_bit_cast(Bits, x[first + j]) & magnitude;
      largest[j] = largest[j] > bits ? largest[j] : bits;
    }
  };
  i64 first = 0;
  for (; first + W <= size; first += W) take(first, W);
  take(first, static_cast<int>(size - first));
  Bits of_all = 0;
  for (const Bits bits : largest) of_all = of_all > bits ? of_all : bits;
  return of_all < infinity;
}

}  // namespace
}  // namespace lamina
