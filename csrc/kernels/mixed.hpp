// Products in mixed precision: operands rounded to bfloat16, sums in float32.
//
// An operand is packed once for as many products as it takes part in: rounded, in the order in which an
// instruction set multiplies. Like those of kernels.hpp, these functions allocate nothing and keep no state.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernels.hpp"

namespace lamina {

// The matrix op(A) as its rows, or op(B) as its columns: `count` lines of `depth` numbers, k.
struct Lines {
  const float* stored;
  i64 row;     // rows of the stored matrix are so far apart
  bool along;  // it is stored as (count, depth), line after line; else as (depth, count)
  i64 count, depth;
};

// The same, packed.
struct PackedLines {
  const std::byte* data;
  bool along;
  i64 count, depth;
};

// Part of C: rows [row, end_row) and columns [column, end_column).
struct ProductPart {
  i64 row, end_row, column, end_column;
};

// Packing and products may start at lines and columns that are multiples of these.
inline constexpr i64 kLineGrain = 16, kMixedColumnGrain = 48;

struct MixedKernels {
  bool is_fast;                              // faster than products of float32
  i64 (*packed_size)(i64 count, i64 depth);  // bytes
  void (*pack)(std::byte* packed, const Lines& lines, i64 first, i64 end);
  // A part of c (m, n) = finish(start + op(a) op(b)), with rows ldc apart. `ends` and c are those of all of
  // C.
  void (*multiply)(const PackedLines& a, const PackedLines& b, const ProductPart& part,
                   const ProductEnds<float>& ends, float* c, i64 ldc);
};

const MixedKernels* mixed_kernels_baseline();
const MixedKernels* mixed_kernels_avx2();
const MixedKernels* mixed_kernels_avx512();
const MixedKernels* mixed_kernels_avx512bf16();

}  // namespace lamina
