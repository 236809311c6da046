// Shared by all kernel files: inlining, the pragma that vectorizes a loop, and a few branch-free scalar
// helpers.
//
// Kernels are plain loops over templates on the float type. Each file of isa/ compiles them once for its
// instruction set; internal linkage keeps the linker from merging those copies (and is why no templates of
// the standard library are used here). LAMINA_SIMD states that iterations are independent even where out is
// exactly one of the inputs, and names reductions whose order may change; needs -fopenmp-simd.
// -fassociative-math and -ffinite-math-only must stay off: vector_math.hpp rounds by adding a large number,
// and NaN must reach the checks that look for it.
#pragma once

#include <cstdint>

#if defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || \
    (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error \
    "the kernels need NaN, infinity and exact order: compile without -ffast-math, -fassociative-math, -ffinite-math-only"
#endif

#ifndef LAMINA_VECTOR_BYTES
#if defined(__AVX512F__)
#define LAMINA_VECTOR_BYTES 64
#elif defined(__AVX2__)
#define LAMINA_VECTOR_BYTES 32
#else
#define LAMINA_VECTOR_BYTES 16
#endif
#endif

#define LAMINA_INLINE [[gnu::always_inline]] inline
#define LAMINA_PRAGMA(text) _Pragma(#text)
#define LAMINA_SIMD LAMINA_PRAGMA(omp simd)
#define LAMINA_SIMD_SUM(variable) LAMINA_PRAGMA(omp simd reduction(+ : variable))
#define LAMINA_SIMD_OR(variable) LAMINA_PRAGMA(omp simd reduction(| : variable))

namespace lamina {
namespace {

template <class T>
inline constexpr int kLanes = LAMINA_VECTOR_BYTES / static_cast<int>(sizeof(T));

// NaN stays NaN in all of these: a comparison with NaN is false, and the last alternative is always x.
template <class T>
LAMINA_INLINE T at_least(T x, T low) {
  return x < low ? low : x;
}

template <class T>
LAMINA_INLINE T at_most(T x, T high) {
  return x > high ? high : x;
}

template <class T>
LAMINA_INLINE T clamp(T x, T low, T high) {
  return at_most(at_least(x, low), high);
}

LAMINA_INLINE float square_root(float x) { return __builtin_sqrtf(x); }
LAMINA_INLINE double square_root(double x) { return __builtin_sqrt(x); }

LAMINA_INLINE float absolute(float x) { return __builtin_fabsf(x); }
LAMINA_INLINE double absolute(double x) { return __builtin_fabs(x); }

LAMINA_INLINE float copy_sign(float size, float sign) { return __builtin_copysignf(size, sign); }
LAMINA_INLINE double copy_sign(double size, double sign) { return __builtin_copysign(size, sign); }

}  // namespace
}  // namespace lamina
