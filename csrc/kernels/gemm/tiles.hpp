// Products of bfloat16 with sums in float32, by tiles (AMX).
//
// A tile is a register of 16 rows of 64 bytes. One instruction adds to 16 x 16 sums the products of 16 rows
// of op(A), 16 pairs each, with 16 columns of op(B), of which its tile holds a pair of all of them in each
// row. Operands are packed in such tiles, of 16 pairs of a group of 16 lines: on the left line after line, on
// the right pair after pair. Numbers below 2^-126 are taken for 0.
#pragma once

#include "kernels/gemm/block.hpp"
#include "kernels/gemm/pairs.hpp"

namespace lamina {
namespace {
namespace product {

inline constexpr Size kTileNumbers = kLines * kLines;  // pairs or sums of a tile
inline constexpr Size kBlockGroups =
    2;  // of rows, and of columns: a block of four tiles of sums, and four of operands
inline constexpr Size kTileDepth = 16;  // tiles, so that those of a block's columns stay in the L1 cache

// Of a group, packed.
inline Size tiles_of(Size depth) { return (depth + 2 * kLines - 1) / (2 * kLines); }

// How a thread's tiles are laid out, while this lives: all of them in full. Behind it they are as if unused.
class TileUnit {
 public:
  TileUnit() {
    // Static: GCC's intrinsic says of 8 bytes only that they are read, so stores to others could be dropped.
    alignas(64) static constexpr struct {
      std::uint8_t palette, start_row, reserved[14];
      std::uint16_t row_bytes[16];
      std::uint8_t rows[16];
    } kFull{1, 0, {}, {64, 64, 64, 64, 64, 64, 64, 64}, {16, 16, 16, 16, 16, 16, 16, 16}};
    _tile_loadconfig(&kFull);
  }
  ~TileUnit() { _tile_release(); }
  TileUnit(const TileUnit&) = delete;
  TileUnit& operator=(const TileUnit&) = delete;
};

// Packing
// -------------------------------------------------------------------------------------------------------------

LAMINA_INLINE void load_tile(Vector<float> (&rows)[kLines], const Pair* from) {
#pragma GCC unroll 16
  for (int i = 0; i < kLines; ++i) rows[i] = load(reinterpret_cast<const float*>(from + i * kLines));
}

LAMINA_INLINE void store_tile(Pair* to, const Vector<float> (&rows)[kLines]) {
#pragma GCC unroll 16
  for (int i = 0; i < kLines; ++i) store(reinterpret_cast<float*>(to + i * kLines), rows[i]);
}

// A group of lines that lie in one piece each.
LAMINA_INLINE void pack_tiles_along(Pair* to, const float* from, Size row, int lines, Size depth, Side side) {
  for (Size p = 0; p < depth; p += 2 * kLines, to += kTileNumbers) {
    Vector<float> pairs[kLines];
    read_along(pairs, from + p, row, lines, depth - p);
    if (side == Side::right) transpose_square<float>(pairs);
    store_tile(to, pairs);
  }
}

// Groups of lines that lie side by side.
inline void pack_tiles_beside(Pair* to, const float* from, Size row, Size lines, Size depth, Side side) {
  const Size pairs = pairs_of(depth), tiles = tiles_of(depth), group = tiles * kTileNumbers;
  pack_beside(to, group, from, row, lines, depth);
  for (Size i = 0; i < lines; i += kLines, to += group) {
    for (Size p = pairs; p < tiles * kLines; ++p)
      store(reinterpret_cast<float*>(to + p * kLines), Vector<float>{});
    for (Size t = 0; side == Side::left && t < tiles; ++t) {
      Vector<float> turned[kLines];
      load_tile(turned, to + t * kTileNumbers);
      transpose_square<float>(turned);
      store_tile(to + t * kTileNumbers, turned);
    }
  }
}

// -------------------------------------------------------------------------------------------------------------

// Groups of packed rows and columns, a_group and b_group apart; of each `tiles` are multiplied.
struct TileOperands {
  const Pair* a;
  Size a_group;
  const Pair* b;
  Size b_group, tiles;
};

// The products of one or two groups of rows with as many of columns; sums[r][c] is a tile.
template <int R, int C>
LAMINA_INLINE void multiply_tiles(const TileOperands& s,
                                  float (&sums)[kBlockGroups][kBlockGroups][kTileNumbers]) {
  _tile_zero(0);
  if constexpr (C == 2) _tile_zero(1);
  if constexpr (R == 2) _tile_zero(2);
  if constexpr (R == 2 && C == 2) _tile_zero(3);
  for (Size t = 0; t < s.tiles; ++t) {
    const Pair* a = s.a + t * kTileNumbers;
    const Pair* b = s.b + t * kTileNumbers;
    _tile_loadd(4, a, 64);
    _tile_loadd(6, b, 64);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (C == 2) {
      _tile_loadd(7, b + s.b_group, 64);
      _tile_dpbf16ps(1, 4, 7);
    }
    if constexpr (R == 2) {
      _tile_loadd(5, a + s.a_group, 64);
      _tile_dpbf16ps(2, 5, 6);
    }
    if constexpr (R == 2 && C == 2) _tile_dpbf16ps(3, 5, 7);
  }
  _tile_stored(0, sums[0][0], 64);
  if constexpr (C == 2) _tile_stored(1, sums[0][1], 64);
  if constexpr (R == 2) _tile_stored(2, sums[1][0], 64);
  if constexpr (R == 2 && C == 2) _tile_stored(3, sums[1][1], 64);
}

// C (rows, columns), at most R by C groups.
template <int R, int C>
void multiply_tile_block(const TileOperands& s, Size rows, Size columns, const Target<float>& c) {
  alignas(64) float sums[kBlockGroups][kBlockGroups][kTileNumbers];
  multiply_tiles<R, C>(s, sums);
  const Panel<float> out{nullptr, 0, 0, nullptr, 0, 0, static_cast<int>(columns - (C - 1) * kLines), c};
  for (Size i = 0; i < rows; ++i) {
    Vector<float> sum[1][C];
    start_block<float, C, true, 1>(sum, out, i);
#pragma GCC unroll 2
    for (int v = 0; v < C; ++v) sum[0][v] += load(sums[i / kLines][v] + i % kLines * kLines);
    if (c.finish != Finish::none) finish_block<float, C, true, 1>(sum, out, i);
    store_block<float, C, true, 1>(sum, out, i);
  }
}

// C (m, n), block by block; the columns of a block take turns with all rows.
inline void multiply_tile_blocks(const TileOperands& s, Size m, Size n, const Target<float>& c) {
  constexpr Size kSide = kBlockGroups * kLines;
  for (Size j = 0; j < n; j += kSide) {
    for (Size i = 0; i < m; i += kSide) {
      const Size rows = smaller(kSide, m - i), columns = smaller(kSide, n - j);
      const TileOperands here{s.a + i / kLines * s.a_group, s.a_group, s.b + j / kLines * s.b_group,
                              s.b_group, s.tiles};
      const bool two_rows = rows > kLines, two_columns = columns > kLines;
      const auto multiply = two_rows ? two_columns ? multiply_tile_block<2, 2> : multiply_tile_block<2, 1>
                            : two_columns ? multiply_tile_block<1, 2>
                                          : multiply_tile_block<1, 1>;
      multiply(here, rows, columns, c.part(i, j));
    }
  }
}

}  // namespace product

i64 tiles_size(i64 count, i64 depth) {
  const i64 groups = (count + product::kLines - 1) / product::kLines;
  return groups * product::tiles_of(depth) * product::kTileNumbers * static_cast<i64>(sizeof(product::Pair));
}

void pack_tiles(std::byte* packed, const Lines& lines, i64 first, i64 end) {
  using namespace product;
  const Size group = tiles_of(lines.depth) * kTileNumbers, step = lines.along ? kLines : 8 * kLines;
  Pair* to = reinterpret_cast<Pair*>(packed) + first / kLines * group;
  for (Size i = first; i < end; i += step, to += step / kLines * group) {
    const Size here = smaller(step, end - i);
    if (lines.along) {
      const float* from = lines.stored + i * lines.row;
      pack_tiles_along(to, from, lines.row, static_cast<int>(here), lines.depth, lines.side);
    } else {
      pack_tiles_beside(to, lines.stored + i, lines.row, here, lines.depth, lines.side);
    }
  }
}

void multiply_by_tiles(const PackedLines& a, const PackedLines& b, const ProductPart& part,
                       const ProductEnds<float>& ends, float* c, i64 ldc) {
  using namespace product;
  const Size tiles = tiles_of(a.depth), group = tiles * kTileNumbers;
  const Size m = part.end_row - part.row, n = part.end_column - part.column;
  const Target<float> all{c, ldc, 1, ends.start, ends.start_row, 1, ends.finish, ends.gate};
  const Target<float> out = all.part(part.row, part.column);
  const Pair* rows = reinterpret_cast<const Pair*>(a.data) + part.row / kLines * group;
  const Pair* columns = reinterpret_cast<const Pair*>(b.data) + part.column / kLines * group;
  const TileUnit unit;
  Size t = 0;
  do {
    const Size depth = smaller(kTileDepth, tiles - t);
    multiply_tile_blocks({rows + t * kTileNumbers, group, columns + t * kTileNumbers, group, depth}, m, n,
                         out.part_of_depth(t == 0, t + depth == tiles));
    t += depth;
  } while (t < tiles);
}

constexpr MixedKernels kTiles = {
    .is_fast = true,
    .row_grain = product::kBlockGroups * product::kLines,
    .column_grain = product::kBlockGroups * product::kLines,
    .packed_size = tiles_size,
    .pack = pack_tiles,
    .multiply = multiply_by_tiles,
};

}  // namespace
}  // namespace lamina
