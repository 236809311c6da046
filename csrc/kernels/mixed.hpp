// Products in mixed precision: operands rounded to bfloat16, sums in float32.
//
// An operand is packed once for as many products as it takes part in: rounded, in the order in which an
// instruction set multiplies. Like those of kernels.hpp, these functions allocate nothing and keep no state.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/kernels.hpp"

namespace lamina {

enum class Side { left, right };  // of a product

// On the left the matrix op(A) as its rows, on the right op(B) as its columns: `count` lines of `depth`
// numbers, k.
struct Lines {
  Side side;
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

inline constexpr i64 kLineGrain = 16;  // packing starts at lines that are multiples of this

struct MixedKernels {
  bool is_fast;                              // faster than products of float32
  i64 row_grain, column_grain;               // a part of C starts at multiples of these
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
const MixedKernels* mixed_kernels_amx();

}  // namespace lamina
