// Products in mixed precision for instruction sets that cannot multiply bfloat16: operands are rounded, and
// multiplied as float32.
#pragma once

#include <cstring>

#include "kernels/gemm.hpp"
#include "kernels/mixed.hpp"
#include "kernels/simd.hpp"

namespace lamina {
namespace {

// The nearest number of bfloat16, in a tie the even one. NaN stays.
LAMINA_INLINE float bfloat16(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  bits = (bits + 0x7fffu + (bits >> 16 & 1u)) & 0xffff0000u;
  float rounded;
  std::memcpy(&rounded, &bits, sizeof(bits));
  return x != x ? x : rounded;
}

i64 rounded_size(i64 count, i64 depth) { return count * depth * static_cast<i64>(sizeof(float)); }

// Packed as stored, without gaps.
void pack_rounded(std::byte* packed, const Lines& lines, i64 first, i64 end) {
  const i64 rows = lines.along ? end - first : lines.depth, columns = lines.along ? lines.depth : end - first;
  const i64 width = lines.along ? lines.depth : lines.count;
  const float* from = lines.stored + (lines.along ? first * lines.row : first);
  float* to = reinterpret_cast<float*>(packed) + (lines.along ? first * width : first);
  for (i64 i = 0; i < rows; ++i, from += lines.row, to += width) {
    LAMINA_SIMD
    for (i64 j = 0; j < columns; ++j) to[j] = bfloat16(from[j]);
  }
}

// Line `first` of what pack_rounded packed.
const float* rounded_line(const PackedLines& lines, i64 first) {
  return reinterpret_cast<const float*>(lines.data) + (lines.along ? first * lines.depth : first);
}

void multiply_rounded(const PackedLines& a, const PackedLines& b, const ProductPart& part,
                      const ProductEnds<float>& ends, float* c, i64 ldc) {
  ProductEnds<float> own = ends;
  if (own.start) own.start += part.row * own.start_row + part.column;
  if (own.gate) own.gate += part.row * ldc + part.column;
  gemm<float>(!a.along, b.along, part.end_row - part.row, part.end_column - part.column, a.depth,
              rounded_line(a, part.row), a.along ? a.depth : a.count, rounded_line(b, part.column),
              b.along ? b.depth : b.count, &own, c + part.row * ldc + part.column, ldc);
}

constexpr MixedKernels kRounded = {
    .is_fast = false,
    .row_grain = kLineGrain,
    .column_grain = 48,
    .packed_size = rounded_size,
    .pack = pack_rounded,
    .multiply = multiply_rounded,
};

}  // namespace
}  // namespace lamina
