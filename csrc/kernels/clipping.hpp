// Bounds on the gradient and what they need to know of it.
#pragma once

#include "kernels/float_traits.hpp"
#include "kernels/kernels.hpp"
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
  double total = 0;
  LAMINA_SIMD_SUM(total)
  for (i64 i = 0; i < size; ++i) total += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return total;
}

template <class T>
void scale(T* __restrict x, i64 size, double factor) {
  const T by = static_cast<T>(factor);
  LAMINA_SIMD
  for (i64 i = 0; i < size; ++i) x[i] *= by;
}

// By the exponent's bits, all ones in infinities and NaN: no compiler flag can reason this check away.
template <class T>
bool all_finite(const T* __restrict x, i64 size) {
  using F = FloatTraits<T>;
  using Bits = typename F::Bits;
  constexpr Bits special = (2 * F::bias + 1) << F::mantissa_bits;
  constexpr i64 kBlock = 4096;
  for (i64 first = 0; first < size; first += kBlock) {
    const i64 count = size - first < kBlock ? size - first : kBlock;
    Bits found = 0;
    LAMINA_SIMD_OR(found)
    for (i64 i = 0; i < count; ++i) {
      const Bits bits = __builtin_bit_cast(Bits, x[first + i]);
      found |= (bits & special) == special ? Bits{1} : Bits{0};
    }
    if (found) return false;
  }
  return true;
}

}  // namespace
}  // namespace lamina
