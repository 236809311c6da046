// Products of bfloat16 with sums in float32, by AVX-512 BF16.
//
// Its instruction adds the products of two neighboring numbers to each sum, so both operands are packed in
// pairs along k: pair after pair, of all 16 lines of a group. So a vector holds a pair of each of 16 columns
// of op(B); of 16 rows of op(A) one pair at a time is repeated. The instruction takes numbers below 2^-126
// for 0.
#pragma once

#include "kernels/gemm/block.hpp"
#include "kernels/gemm/pairs.hpp"

namespace lamina {
namespace {
namespace product {

inline constexpr int kPairRows = 8, kPairVectors = 3;  // of a block, whose sums stay in registers
inline constexpr Size kPairDepth = 128;  // pairs, so that those of a block's columns stay in the L1 cache
static_assert(kLines % kPairRows == 0);

// 16 lines that lie in one piece each.
LAMINA_INLINE void pack_along(Pair* to, const float* from, Size row, int lines, Size depth) {
  for (Size p = 0; p < depth; p += 2 * kLines) {
    Vector<float> pairs[kLines];
    read_along(pairs, from + p, row, lines, depth - p);
    transpose_square<float>(pairs);
    const int filled = static_cast<int>(pairs_of(smaller(2 * kLines, depth - p)));
#pragma GCC unroll 16
    for (int i = 0; i < kLines; ++i)
      if (i < filled) store(reinterpret_cast<float*>(to + i * kLines), pairs[i]);
    to += filled * kLines;
  }
}

// One panel of columns, as in block.hpp; groups of packed rows and columns are a_group and b_group apart.
struct PairPanel {
  const Pair* a;
  Size a_group;
  const Pair* b;
  Size b_group, pairs;
  Panel<float> out;  // without its operands
};

// MR rows of C from row i, which are rows of one group.
template <int NV, int MR>
LAMINA_INLINE void multiply_pairs(const PairPanel& s, Size i) {
  Vector<float> sum[MR][NV];
  start_block<float, NV, true, MR>(sum, s.out, i);
  const Pair* a = s.a + i / kLines * s.a_group + i % kLines;
  const Pair* b = s.b;
  for (Size p = 0; p < s.pairs; ++p, a += kLines, b += kLines) {
    __m512bh columns[NV];
#pragma GCC unroll 3
    for (int v = 0; v < NV; ++v) columns[v] = (__m512bh)_mm512_load_si512(b + v * s.b_group);
#pragma GCC unroll 8
    for (int r = 0; r < MR; ++r) {
      const __m512bh row = (__m512bh)_mm512_set1_epi32(static_cast<int>(a[r]));
#pragma GCC unroll 3
      for (int v = 0; v < NV; ++v) sum[r][v] = _mm512_dpbf16_ps(sum[r][v], row, columns[v]);
    }
  }
  if (s.out.c.finish != Finish::none) finish_block<float, NV, true, MR>(sum, s.out, i);
  store_block<float, NV, true, MR>(sum, s.out, i);
}

template <int NV, int MR>
[[gnu::noinline]] void multiply_pair_rows(const PairPanel& panel, Size first, Size end) {
  const PairPanel s = panel;
  for (Size i = first; i < end; i += MR) multiply_pairs<NV, MR>(s, i);
}

// The last rows, fewer than a block has.
template <int NV, int MR>
void multiply_last_rows(const PairPanel& panel, Size first, Size rows) {
  if constexpr (MR > 1) {
    if (rows < MR) return multiply_last_rows<NV, MR - 1>(panel, first, rows);
  }
  multiply_pair_rows<NV, MR>(panel, first, first + rows);
}

template <int NV>
void multiply_pair_panel(Size vectors, Size m, const PairPanel& panel) {
  if constexpr (NV > 1) {
    if (vectors < NV) return multiply_pair_panel<NV - 1>(vectors, m, panel);
  }
  const Size whole = m / kPairRows * kPairRows;
  multiply_pair_rows<NV, kPairRows>(panel, 0, whole);
  if (whole < m) multiply_last_rows<NV, kPairRows - 1>(panel, whole, m - whole);
}

// C (m, n) in panels of a few vectors, as even as possible.
inline void multiply_pair_panels(Size m, Size n, PairPanel s, const Target<float>& c) {
  const Size vectors = (n + kLines - 1) / kLines, panels = (vectors + kPairVectors - 1) / kPairVectors;
  const Size fewer = share(vectors, panels);
  for (Size panel = 0, j = 0; panel < panels; ++panel) {
    const Size width = fewer + (panel < vectors - fewer * panels);
    s.out.lanes = static_cast<int>(smaller(width * kLines, n - j) - (width - 1) * kLines);
    s.out.c = c.part(0, j);
    multiply_pair_panel<kPairVectors>(width, m, s);
    s.b += width * s.b_group;
    j += width * kLines;
  }
}

}  // namespace product

i64 pairs_size(i64 count, i64 depth) {
  const i64 groups = (count + product::kLines - 1) / product::kLines;
  return groups * product::kLines * product::pairs_of(depth) * static_cast<i64>(sizeof(product::Pair));
}

void pack_pairs(std::byte* packed, const Lines& lines, i64 first, i64 end) {
  using namespace product;
  const Size group = kLines * pairs_of(lines.depth), step = lines.along ? kLines : 8 * kLines;
  Pair* to = reinterpret_cast<Pair*>(packed) + first / kLines * group;
  for (Size i = first; i < end; i += step, to += step / kLines * group) {
    const Size here = smaller(step, end - i);
    if (lines.along) {
      pack_along(to, lines.stored + i * lines.row, lines.row, static_cast<int>(here), lines.depth);
    } else {
      pack_beside(to, group, lines.stored + i, lines.row, here, lines.depth);
    }
  }
}

void multiply_pairs(const PackedLines& a, const PackedLines& b, const ProductPart& part,
                    const ProductEnds<float>& ends, float* c, i64 ldc) {
  using namespace product;
  const Size pairs = pairs_of(a.depth), group = kLines * pairs;
  const Size m = part.end_row - part.row, n = part.end_column - part.column;
  const Target<float> all{c, ldc, 1, ends.start, ends.start_row, 1, ends.finish, ends.gate};
  const Target<float> out = all.part(part.row, part.column);
  const Pair* rows = reinterpret_cast<const Pair*>(a.data) + part.row / kLines * group;
  const Pair* columns = reinterpret_cast<const Pair*>(b.data) + part.column / kLines * group;
  Size p = 0;
  do {
    const Size depth = smaller(kPairDepth, pairs - p);
    multiply_pair_panels(m, n, {rows + p * kLines, group, columns + p * kLines, group, depth, {}},
                         out.part_of_depth(p == 0, p + depth == pairs));
    p += depth;
  } while (p < pairs);
}

constexpr MixedKernels kPairs = {
    .is_fast = true,
    .row_grain = product::kLines,
    .column_grain = product::kPairVectors * product::kLines,
    .packed_size = pairs_size,
    .pack = pack_pairs,
    .multiply = multiply_pairs,
};

}  // namespace
}  // namespace lamina
