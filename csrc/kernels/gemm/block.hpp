// The register block at the heart of the built-in matrix product.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/simd.hpp"

namespace lamina {
namespace {
namespace product {

using Size = std::int64_t;

// Rows of C a register block: with 2 vectors a row they fill the registers of AVX-512 and AArch64 (32), AVX2
// (16), SSE (16).
#if defined(__aarch64__)
inline constexpr int kRows = 8;
#else
inline constexpr int kRows = LAMINA_VECTOR_BYTES == 64 ? 8 : LAMINA_VECTOR_BYTES == 32 ? 6 : 4;
#endif

template <class T>
struct Simd {
  static constexpr int width = LAMINA_VECTOR_BYTES / static_cast<int>(sizeof(T));
  typedef T Vector __attribute__((vector_size(LAMINA_VECTOR_BYTES)));
  typedef T Unaligned __attribute__((vector_size(LAMINA_VECTOR_BYTES), aligned(sizeof(T)), may_alias));
};

inline Size smaller(Size x, Size y) { return x < y ? x : y; }

template <class T>
LAMINA_INLINE typename Simd<T>::Vector load(const T* from) {
  return *reinterpret_cast<const typename Simd<T>::Unaligned*>(from);
}

template <class T>
LAMINA_INLINE void store(T* to, typename Simd<T>::Vector value) {
  *reinterpret_cast<typename Simd<T>::Unaligned*>(to) = value;
}

// One strided operand: element (i, p) of op(A) at data[i * row + p * step].
template <class T>
struct Operand {
  const T* data;
  Size row, step;
};

// Where a block goes: element (i, j) at data[i * row + j * column]. `columns` may be less than the block's
// width at the right edge.
template <class T>
struct Target {
  T* data;
  Size row, column, columns;
  T alpha, beta;

  Target part(Size i, Size j, Size its_columns) const {
    return {data + i * row + j * column, row, column, its_columns, alpha, beta};
  }
};

// One row of a block where all its columns exist and lie side by side: out = alpha * sum + beta * out.
template <class T, int NV>
LAMINA_INLINE void store_whole(const typename Simd<T>::Vector* sum, T alpha, T beta, T* out) {
#pragma GCC unroll 4
  for (int v = 0; v < NV; ++v) {
    typename Simd<T>::Vector value = sum[v] * alpha;
    if (beta != T(0)) value += load(out + v * Simd<T>::width) * beta;
    store(out + v * Simd<T>::width, value);
  }
}

// C (MR, NV vectors), all of whose columns exist, from MR rows of op(A) and k rows of a panel of op(B),
// `b_step` apart. Plain numbers for arguments: structures would pass through memory, which costs more than a
// small block.
template <class T, int MR, int NV>
void multiply_block(T* out, Size out_row, const T* a, Size a_row, Size a_step, const T* b, Size b_step,
                    Size k, T alpha, T beta) {
  using V = typename Simd<T>::Vector;
  V sum[MR][NV] = {};
  for (Size p = 0; p < k; ++p) {
    V row[NV];
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) row[v] = load(b + p * b_step + v * Simd<T>::width);
#pragma GCC unroll 8
    for (int i = 0; i < MR; ++i) {
      const T x = a[i * a_row + p * a_step];
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) sum[i][v] += row[v] * x;
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < MR; ++i) store_whole<T, NV>(sum[i], alpha, beta, out + i * out_row);
}

// The same for a number of rows (1 .. MR) known at run time.
template <class T, int NV, int MR>
LAMINA_INLINE void multiply_rows(Size rows, T* out, Size out_row, const T* a, Size a_row, Size a_step,
                                 const T* b, Size b_step, Size k, T alpha, T beta) {
  if constexpr (MR == 1) {
    multiply_block<T, 1, NV>(out, out_row, a, a_row, a_step, b, b_step, k, alpha, beta);
  } else if (rows == MR) {
    multiply_block<T, MR, NV>(out, out_row, a, a_row, a_step, b, b_step, k, alpha, beta);
  } else {
    multiply_rows<T, NV, MR - 1>(rows, out, out_row, a, a_row, a_step, b, b_step, k, alpha, beta);
  }
}

// block = alpha * tile + beta * block for a tile (rows, NV vectors) of which C has fewer columns, or has them
// apart.
template <class T, int NV>
void store_edge(const T* tile, Size rows, T* block, const Target<T>& c) {
  constexpr int width = NV * Simd<T>::width;
  const T alpha = c.alpha, beta = c.beta;
  for (Size i = 0; i < rows; ++i) {
    T* out = block + i * c.row;
    const T* sum = tile + i * width;
    if (c.column != 1) {
      for (Size j = 0; j < c.columns; ++j)
        out[j * c.column] = alpha * sum[j] + (beta != T(0) ? beta * out[j * c.column] : T(0));
    } else if (beta == T(0)) {
      const int columns = static_cast<int>(c.columns);
      LAMINA_SIMD
      for (int j = 0; j < width; ++j)
        if (j < columns) out[j] = alpha * sum[j];
    } else {
      const int columns = static_cast<int>(c.columns);
      LAMINA_SIMD
      for (int j = 0; j < width; ++j)
        if (j < columns) out[j] = alpha * sum[j] + beta * out[j];
    }
  }
}

// All m rows of C over one panel of columns, MR or fewer at a time, evenly: 10 rows are 5 + 5, not 8 + 2.
template <class T, int NV, int MR>
void multiply_panel(Size m, Size k, const Operand<T>& a, const T* b, Size b_step, const Target<T>& c) {
  constexpr int width = NV * Simd<T>::width;
  const bool whole = c.columns == width && c.column == 1;
  const Size blocks = (m + MR - 1) / MR, fewer = m / blocks, larger = m - fewer * blocks;
  const Size a_row = a.row, a_step = a.step, c_row = c.row;
  const T* left = a.data;
  T* out = c.data;
  for (Size block = 0; block < blocks; ++block) {
    const Size rows = fewer + (block < larger);
    if (whole) {
      multiply_rows<T, NV, MR>(rows, out, c_row, left, a_row, a_step, b, b_step, k, c.alpha, c.beta);
    } else {
      alignas(64) T tile[MR * width];
      multiply_rows<T, NV, MR>(rows, tile, width, left, a_row, a_step, b, b_step, k, T(1), T(0));
      store_edge<T, NV>(tile, rows, out, c);
    }
    left += rows * a_row;
    out += rows * c_row;
  }
}

}  // namespace product
}  // namespace
}  // namespace lamina
