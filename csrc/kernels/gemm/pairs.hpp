// Lines of numbers rounded to bfloat16, packed in pairs for AVX-512 BF16 and for tiles.
//
// 16 lines, padded with zeros, make a group. A pair, of two neighboring numbers of a line, has 32 bits.
#pragma once

#include "kernels/gemm/shuffle.hpp"
#include "kernels/mixed.hpp"

namespace lamina {
namespace {
namespace product {

using Pair = std::uint32_t;  // two numbers of bfloat16

inline constexpr int kLines = kLineGrain;  // of a group
static_assert(kLines == Simd<float>::width);

inline Size pairs_of(Size depth) { return (depth + 1) / 2; }

// Lines that lie side by side: two rows hold the numbers p and p + 1 of all of them. Pair after pair, of all
// 16 lines of a group; groups are `group` apart. Several at once, so that a row is read in longer pieces.
inline void pack_beside(Pair* to, Size group, const float* from, Size row, Size lines, Size depth) {
  alignas(64) static constexpr std::uint16_t kInTurn[2 * kLines] = {
      0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
      8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  const __m512i in_turn = _mm512_load_si512(kInTurn);
  for (Size p = 0; p < depth; p += 2, to += kLines, from += 2 * row) {
    for (Size i = 0; i < lines; i += kLines) {
      const int here = static_cast<int>(smaller(kLines, lines - i));
      const Vector<float> low = load_part(from + i, here);
      const Vector<float> high = p + 1 < depth ? load_part(from + row + i, here) : Vector<float>{};
      const __m512i both = (__m512i)_mm512_cvtne2ps_pbh(high, low);
      _mm512_store_si512(to + i / kLines * group, _mm512_permutexvar_epi16(in_turn, both));
    }
  }
}

// The first 16 pairs of each of 16 lines that lie in one piece each; what a line or the group lacks is 0.
LAMINA_INLINE void read_along(Vector<float> (&pairs)[kLines], const float* from, Size row, int lines,
                              Size depth) {
  const int low = static_cast<int>(smaller(kLines, depth));
  const int high = static_cast<int>(smaller(kLines, depth - low));
#pragma GCC unroll 16
  for (int i = 0; i < kLines; ++i) {
    const float* at = from + i * row;
    pairs[i] = i < lines ? (Vector<float>)_mm512_cvtne2ps_pbh(
                               high > 0 ? load_part(at + kLines, high) : Vector<float>{}, load_part(at, low))
                         : Vector<float>{};
  }
}

}  // namespace product
}  // namespace
}  // namespace lamina
