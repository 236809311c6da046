// exp, expm1, log, log1p, tanh, sigmoid, erf, and sine and cosine of turns, without branches or calls, so
// that a loop around them vectorizes.
//
// Errors (tests/engine/kernels/test_vector_math.py): at most 1.1 units in the last place for exp and log, 2.5
// for the rest. NaN in gives NaN out; infinities give the limits; exp reaches down to the subnormal numbers.
#pragma once

#include "kernels/float_traits.hpp"
#include "kernels/simd.hpp"

namespace lamina {
namespace {

template <class T>
LAMINA_INLINE typename FloatTraits<T>::Bits bits_of(T x) {
  return __builtin_bit_cast(typename FloatTraits<T>::Bits, x);
}

template <class T>
LAMINA_INLINE T from_bits(typename FloatTraits<T>::Bits bits) {
  return __builtin_bit_cast(T, bits);
}

// Horner's rule, unrolled at compile time: the vectorizer sees no inner loop.
template <int K = 0, class T, int N>
LAMINA_INLINE T polynomial(const T (&coefficient)[N], T x) {
  if constexpr (K == N - 1) {
    return coefficient[K];
  } else {
    return coefficient[K] + x * polynomial<K + 1>(coefficient, x);
  }
}

// x = k log 2 + r with |r| <= log(2) / 2; e^r - 1 = r + r^2 q(r).
template <class T>
struct ExponentParts {
  typename FloatTraits<T>::Bits k;  // the integer k, modulo 2^32 or 2^64
  T r, tail;                        // tail = r^2 q(r)
};

template <class T>
LAMINA_INLINE ExponentParts<T> split_exponent(T x) {
  using F = FloatTraits<T>;
  const T shifted = x * T(1.4426950408889634) + F::rounder;
  const T k = shifted - F::rounder;
  const T r = (x - k * F::ln2_high) - k * F::ln2_low;
  return {bits_of(shifted) - bits_of(F::rounder), r, r * r * polynomial(F::exponential, r)};
}

// 2^(biased - bias), for 0 < biased < 2 bias + 1.
template <class T>
LAMINA_INLINE T power_of_two(typename FloatTraits<T>::Bits biased) {
  return from_bits<T>(biased << FloatTraits<T>::mantissa_bits);
}

template <class T>
LAMINA_INLINE T exponential(T x) {
  using F = FloatTraits<T>;
  const ExponentParts<T> parts = split_exponent(clamp(x, F::exp_low, F::exp_high));
  // 2^k in two factors: it may exceed either end of the range.
  const auto both = parts.k + 2 * F::bias, half = both >> 1;
  return (T(1) + (parts.r + parts.tail)) * power_of_two<T>(half) * power_of_two<T>(both - half);
}

// e^x - 1 for |x| <= 60; beyond, the value at the bound.
template <class T>
LAMINA_INLINE T exponential_minus_one(T x) {
  const ExponentParts<T> parts = split_exponent(clamp(x, T(-60), T(60)));
  const T scale = power_of_two<T>(parts.k + FloatTraits<T>::bias);
  return scale * (parts.r + parts.tail) + (scale - T(1));
}

// tanh x = (e^2x - 1) / (e^2x + 1)
template <class T>
LAMINA_INLINE T hyperbolic_tangent(T x) {
  const T e = exponential_minus_one(T(2) * x);
  return e / (e + T(2));
}

template <class T>
LAMINA_INLINE T sigmoid(T x) {
  return T(1) / (T(1) + exponential(-x));
}

// log(1 + f) for 1 + f in [sqrt(1/2), sqrt(2)], plus `extra`: with s = f / (2 + f), log(1 + f) = 2 atanh(s) =
// f - (h - s (h + R)), h = f^2 / 2.
template <class T>
LAMINA_INLINE T log_near_one(T f, T extra) {
  const T s = f / (T(2) + f), z = s * s, h = T(0.5) * f * f;
  return f - (h - (s * (h + z * polynomial(FloatTraits<T>::logarithm, z)) + extra));
}

template <class T>
LAMINA_INLINE T logarithm(T x) {
  using F = FloatTraits<T>;
  using Bits = typename F::Bits;
  const T tiny = x < F::smallest_normal ? T(1) : T(0);
  const Bits start = bits_of(F::sqrt_half);  // so that the mantissa is in [sqrt(1/2), sqrt(2))
  const Bits bits = bits_of(x * (T(1) + tiny * (F::up - T(1)))) - start + (F::bias << F::mantissa_bits);
  const T biased = from_bits<T>((bits >> F::mantissa_bits) | bits_of(F::integer_base)) - F::integer_base;
  const T k = biased - (T(F::bias) + tiny * T(F::up_exponent));
  const T m = from_bits<T>((bits & ((Bits{1} << F::mantissa_bits) - 1)) + start);
  T result = k * F::ln2_high + log_near_one(m - T(1), k * F::ln2_low);
  result = x > F::largest ? x : result;
  result = x == T(0) ? -F::infinity : result;
  return x >= T(0) ? result : from_bits<T>(bits_of(F::infinity) | (Bits{1} << (F::mantissa_bits - 1)));
}

// log(1 + y) for y in [0, 1].
template <class T>
LAMINA_INLINE T log_one_plus(T y) {
  // A factor instead of a condition: with a second condition, the compiler would compute both sides of all.
  const T far = y > T(0.41421356) ? T(1) : T(0);
  return log_near_one((y - far) * (T(1) - T(0.5) * far), T(0)) + far * T(0.6931471805599453);
}

template <class T>
struct ErrorFunction {
  T erf, gaussian;  // gaussian = e^(-x^2)
};

template <class T>
LAMINA_INLINE ErrorFunction<T> error_function(T x) {
  using F = FloatTraits<T>;
  const T a = at_most(absolute(x), T(30)), bounded = at_most(a, F::erf_limit);
  const T gaussian = exponential(-a * a);
  const T small = a * polynomial(F::erf_small, a * a);
  const T large = T(1) - gaussian * polynomial(F::erfc_scaled, T(1) / (bounded + T(2)));
  const T result = a < T(1) ? small : large;
  return {copy_sign(result, x), gaussian};
}

template <class T>
struct SineCosine {
  T sine, cosine;
};

// sin(2 pi u) for |u| <= 1/4
template <class T>
LAMINA_INLINE T sine_of_quarter(T u) {
  return u * polynomial(FloatTraits<T>::sine, u * u);
}

// sin(2 pi t) and cos(2 pi t). Full turns are taken off without rounding; of a t so large that it has no
// fraction nothing is left.
template <class T>
LAMINA_INLINE SineCosine<T> sine_cosine_of_turns(T t) {
  using F = FloatTraits<T>;
  const T whole = absolute(t) < F::integer_base / 2 ? (t + F::rounder) - F::rounder : t;
  const T u = t - whole, a = absolute(u);
  return {copy_sign(sine_of_quarter(a > T(0.25) ? T(0.5) - a : a), u), sine_of_quarter(T(0.25) - a)};
}

}  // namespace
}  // namespace lamina
