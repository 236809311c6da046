// The stream of random/philox.hpp, many blocks at a time: one 32-bit word in the low half of every 64-bit
// lane.
//
// Written with the compiler's vector types, because compilers do not turn a loop into the machine's 32 x 32
// -> 64 bit product, of which the generator consists. High halves may hold garbage in between: the product
// does not read them.
#pragma once

#include <cstdint>

#include "kernels/kernels.hpp"
#include "kernels/simd.hpp"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace lamina {
namespace {

typedef std::uint64_t WordLanes __attribute__((vector_size(LAMINA_VECTOR_BYTES)));

inline constexpr int kWordLanes = LAMINA_VECTOR_BYTES / 8;
inline constexpr int kAbreast =
    LAMINA_VECTOR_BYTES == 64 ? 4 : 2;  // vectors at a time: hides latency, fits into registers
inline constexpr int kWords = 4 * kWordLanes * kAbreast;  // drawn at a time

// Low half times low half, with all 64 bits.
LAMINA_INLINE WordLanes multiply_words(WordLanes a, std::uint32_t factor) {
  const WordLanes b = WordLanes{} + factor;
#if defined(__AVX512F__)
  return (WordLanes)_mm512_maskz_mul_epu32(0xFF, (__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
  return (WordLanes)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
  return (WordLanes)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
  return (a & 0xFFFFFFFFu) * b;
#endif
}

// words (4 * kWordLanes,): element 4 b + w is word w of block b; words 0 and 1 share one lane of 64 bits,
// words 2 and 3 the next.
LAMINA_INLINE void store_words(std::uint32_t* words, WordLanes c0, WordLanes c1, WordLanes c2, WordLanes c3) {
  const WordLanes low = (c0 & 0xFFFFFFFFu) | (c1 << 32), high = (c2 & 0xFFFFFFFFu) | (c3 << 32);
#if LAMINA_VECTOR_BYTES == 64
  const WordLanes pairs[] = {__builtin_shufflevector(low, high, 0, 8, 1, 9, 2, 10, 3, 11),
                             __builtin_shufflevector(low, high, 4, 12, 5, 13, 6, 14, 7, 15)};
#elif LAMINA_VECTOR_BYTES == 32
  const WordLanes pairs[] = {__builtin_shufflevector(low, high, 0, 4, 1, 5),
                             __builtin_shufflevector(low, high, 2, 6, 3, 7)};
#else
  const WordLanes pairs[] = {__builtin_shufflevector(low, high, 0, 2),
                             __builtin_shufflevector(low, high, 1, 3)};
#endif
  __builtin_memcpy(words, pairs, sizeof(pairs));
}

// words (kWords,) of the Philox blocks starting at `first`.
LAMINA_INLINE void draw_words(std::uint32_t* words, std::uint32_t first, RandomKey key) {
  WordLanes c0[kAbreast], c1[kAbreast], c2[kAbreast], c3[kAbreast];
  for (int v = 0; v < kAbreast; ++v) {
    c0[v] = WordLanes{} + (std::uint64_t{first} + static_cast<std::uint64_t>(v * kWordLanes));
    for (int lane = 0; lane < kWordLanes; ++lane) c0[v][lane] += static_cast<std::uint64_t>(lane);
    c1[v] = WordLanes{} + key.step;
    c2[v] = WordLanes{} + key.op;
    c3[v] = WordLanes{} + key.purpose;
  }
  std::uint32_t key0 = static_cast<std::uint32_t>(key.seed),
                key1 = static_cast<std::uint32_t>(key.seed >> 32);
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
#pragma GCC unroll 4
    for (int v = 0; v < kAbreast; ++v) {
      const WordLanes product0 = multiply_words(c0[v], 0xD2511F53u),
                      product1 = multiply_words(c2[v], 0xCD9E8D57u);
      c0[v] = (product1 >> 32) ^ c1[v] ^ (WordLanes{} + key0);
      c1[v] = product1;
      c2[v] = (product0 >> 32) ^ c3[v] ^ (WordLanes{} + key1);
      c3[v] = product0;
    }
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  for (int v = 0; v < kAbreast; ++v) store_words(words + 4 * kWordLanes * v, c0[v], c1[v], c2[v], c3[v]);
}

}  // namespace
}  // namespace lamina
