// Vectors of numbers in registers, full or partial.
#pragma once

#include <cstdint>

#include "kernels/simd.hpp"

#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace lamina {
namespace {
namespace product {

using Size = std::int64_t;

template <class T>
struct Simd {
  static constexpr int width = LAMINA_VECTOR_BYTES / static_cast<int>(sizeof(T));
  typedef T Vector __attribute__((vector_size(LAMINA_VECTOR_BYTES)));
  typedef T Unaligned __attribute__((vector_size(LAMINA_VECTOR_BYTES), aligned(sizeof(T)), may_alias));
};

template <class T>
using Vector = typename Simd<T>::Vector;

inline Size smaller(Size x, Size y) { return x < y ? x : y; }

// x / parts; usually there is one part, and a division takes as long as a small block.
inline Size share(Size x, Size parts) { return parts == 1 ? x : x / parts; }

template <class T>
LAMINA_INLINE Vector<T> load(const T* from) {
  return *reinterpret_cast<const typename Simd<T>::Unaligned*>(from);
}

template <class T>
LAMINA_INLINE void store(T* to, Vector<T> value) {
  *reinterpret_cast<typename Simd<T>::Unaligned*>(to) = value;
}

// Square root of every lane; compilers turn it into one instruction.
template <class T>
LAMINA_INLINE Vector<T> square_root(Vector<T> x) {
  alignas(sizeof(x)) T lanes[Simd<T>::width];
  store(lanes, x);
  LAMINA_SIMD
  for (int j = 0; j < Simd<T>::width; ++j) lanes[j] = lamina::square_root(lanes[j]);
  return load(lanes);
}

// A product that is rounded before it is added: the compiler cannot fuse across the inline assembly.
template <class T>
LAMINA_INLINE Vector<T> rounded(Vector<T> product) {
#if defined(__x86_64__)
  __asm__("" : "+v"(product));
#elif defined(__aarch64__)
  __asm__("" : "+w"(product));
#else
  __asm__("" : "+m"(product));
#endif
  return product;
}

// load_part reads the first `lanes` numbers, and sets the rest to zero; store_part writes as many. Memory
// beyond them is not touched.
#if defined(__AVX512F__)

inline constexpr bool kMasksAreFree = true;

LAMINA_INLINE __mmask16 first_lanes(int lanes) { return static_cast<__mmask16>((1u << lanes) - 1); }

LAMINA_INLINE Vector<float> load_part(const float* from, int lanes) {
  return _mm512_maskz_loadu_ps(first_lanes(lanes), from);
}

LAMINA_INLINE Vector<double> load_part(const double* from, int lanes) {
  return _mm512_maskz_loadu_pd(static_cast<__mmask8>(first_lanes(lanes)), from);
}

LAMINA_INLINE void store_part(float* to, Vector<float> value, int lanes) {
  _mm512_mask_storeu_ps(to, first_lanes(lanes), value);
}

LAMINA_INLINE void store_part(double* to, Vector<double> value, int lanes) {
  _mm512_mask_storeu_pd(to, static_cast<__mmask8>(first_lanes(lanes)), value);
}

#else

inline constexpr bool kMasksAreFree = false;

#if defined(__AVX2__)

LAMINA_INLINE __m256i first_lanes_f32(int lanes) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(lanes), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

LAMINA_INLINE __m256i first_lanes_f64(int lanes) {
  return _mm256_cmpgt_epi64(_mm256_set1_epi64x(lanes), _mm256_setr_epi64x(0, 1, 2, 3));
}

LAMINA_INLINE Vector<float> load_part(const float* from, int lanes) {
  return _mm256_maskload_ps(from, first_lanes_f32(lanes));
}

LAMINA_INLINE Vector<double> load_part(const double* from, int lanes) {
  return _mm256_maskload_pd(from, first_lanes_f64(lanes));
}

#else

template <class T>
LAMINA_INLINE Vector<T> load_part(const T* from, int lanes) {
  if (lanes == Simd<T>::width) return load(from);
  Vector<T> value = {};
  for (int j = 0; j < lanes; ++j) value[j] = from[j];
  return value;
}

#endif

template <class T>
LAMINA_INLINE void store_part(T* to, Vector<T> value, int lanes) {
  if (lanes == Simd<T>::width) return store(to, value);
  for (int j = 0; j < lanes; ++j) to[j] = value[j];
}

#endif

}  // namespace product
}  // namespace
}  // namespace lamina
