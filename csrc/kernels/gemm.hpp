// Built-in matrix product: the fallback where there is no BLAS, and the faster one for small shapes.
//
// Register blocks of up to kRows x 2 vectors, written with the compiler's vector types so that one text serves every instruction set.
// op(B) is read in place where that is cheap, otherwise packed a panel at a time into a small buffer on the stack, so that
// nothing is ever allocated. Internal linkage throughout: each instruction set has its own copy, which the linker must not merge.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "kernels/simd.hpp"

namespace lamina {
namespace {
namespace product {

using Size = std::int64_t;

inline constexpr int kRows = LAMINA_VECTOR_BYTES == 64 ? 8 : LAMINA_VECTOR_BYTES == 32 ? 6 : 4;  // rows of C a register block
inline constexpr Size kDepth = 256;             // k is cut so that a panel of B stays in the first-level cache
inline constexpr Size kHeight = 256;            // m is cut so that a slab of A stays in the second-level cache

template <class T>
struct Simd {
  static constexpr int width = LAMINA_VECTOR_BYTES / static_cast<int>(sizeof(T));
  static constexpr int panel = 2 * width;  // columns of C a register block
  typedef T Vector __attribute__((vector_size(LAMINA_VECTOR_BYTES)));
  typedef T Unaligned __attribute__((vector_size(LAMINA_VECTOR_BYTES), aligned(sizeof(T)), may_alias));
};

inline Size smaller(Size x, Size y) { return x < y ? x : y; }

// One strided operand: element (i, p) of op(A) at a[i * row + p * step].
template <class T>
struct Operand {
  const T* data;
  Size row, step;
};

// Where a block of C goes; `columns` may be less than the block's width at the right edge.
template <class T>
struct Target {
  T* data;
  Size stride, columns;
  T alpha, beta;
};

// One row of the block: c[0..columns) = alpha * sum + beta * c.
template <class T, int NV>
[[gnu::always_inline]] inline void store_row(const typename Simd<T>::Vector* sum, const Target<T>& c, T* out) {
  using V = typename Simd<T>::Vector;
  using U = typename Simd<T>::Unaligned;
  constexpr int W = Simd<T>::width;
  if (c.columns == NV * W) {
    for (int v = 0; v < NV; ++v) {
      V value = sum[v] * c.alpha;
      if (c.beta != T(0)) value += *reinterpret_cast<const U*>(out + v * W) * c.beta;
      *reinterpret_cast<U*>(out + v * W) = value;
    }
    return;
  }
  T scratch[NV * W];
  std::memcpy(scratch, sum, sizeof(scratch));
  for (Size j = 0; j < c.columns; ++j) out[j] = c.alpha * scratch[j] + (c.beta != T(0) ? c.beta * out[j] : T(0));
}

// C (MR, NV vectors) from MR rows of op(A) and k rows of a panel of op(B), `b_step` apart.
template <class T, int MR, int NV>
void multiply_block(Size k, Operand<T> a, const T* b, Size b_step, const Target<T>& c) {
  using V = typename Simd<T>::Vector;
  using U = typename Simd<T>::Unaligned;
  V sum[MR][NV] = {};
  for (Size p = 0; p < k; ++p) {
    V row[NV];
#pragma GCC unroll 4
    for (int v = 0; v < NV; ++v) row[v] = *reinterpret_cast<const U*>(b + p * b_step + v * Simd<T>::width);
#pragma GCC unroll 16
    for (int i = 0; i < MR; ++i) {
      const T x = a.data[i * a.row + p * a.step];
#pragma GCC unroll 4
      for (int v = 0; v < NV; ++v) sum[i][v] += row[v] * x;
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < MR; ++i) store_row<T, NV>(sum[i], c, c.data + i * c.stride);
}

// The same for a number of rows (1 .. kRows) known at run time.
template <class T, int NV, int MR = kRows>
inline void multiply_rows(int rows, Size k, Operand<T> a, const T* b, Size b_step, const Target<T>& c) {
  if constexpr (MR == 1) {
    multiply_block<T, 1, NV>(k, a, b, b_step, c);
  } else if (rows == MR) {
    multiply_block<T, MR, NV>(k, a, b, b_step, c);
  } else {
    multiply_rows<T, NV, MR - 1>(rows, k, a, b, b_step, c);
  }
}

// panel (k, width) = columns [0, columns) of op(B), zero beyond them.
template <class T>
void pack_panel(T* panel, const T* b, Size ldb, bool transposed, Size k, Size columns, Size width) {
  for (Size p = 0; p < k; ++p) {
    T* row = panel + p * width;
    if (transposed) {
      for (Size j = 0; j < columns; ++j) row[j] = b[j * ldb + p];
    } else {
      std::memcpy(row, b + p * ldb, sizeof(T) * static_cast<std::size_t>(columns));
    }
    for (Size j = columns; j < width; ++j) row[j] = T(0);
  }
}

// All rows of C over one panel of columns.
template <class T, int NV>
void multiply_panel(Size m, Size k, Operand<T> a, const T* b, Size b_step, const Target<T>& c) {
  const Size blocks = (m + kRows - 1) / kRows;  // even blocks: 10 rows are 5 + 5, not 8 + 2
  for (Size block = 0, i = 0; block < blocks; ++block) {
    const Size rows = (m - i + (blocks - block) - 1) / (blocks - block);
    const Target<T> part{c.data + i * c.stride, c.stride, c.columns, c.alpha, c.beta};
    multiply_rows<T, NV>(static_cast<int>(rows), k, {a.data + i * a.row, a.row, a.step}, b, b_step, part);
    i += rows;
  }
}

}  // namespace product

// C (m, n) = alpha * op(A) (m, k) op(B) (k, n) + beta * C, row-major; beta = 0 never reads C.
template <class T>
[[maybe_unused]] void gemm(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k, T alpha, const T* a, std::int64_t lda,
                           const T* b, std::int64_t ldb, T beta, T* c, std::int64_t ldc) {
  using namespace product;
  constexpr Size W = Simd<T>::width, P = Simd<T>::panel;
  alignas(64) T panel[kDepth * P];
  if (k == 0) {
    for (Size i = 0; i < m; ++i)
      for (Size j = 0; j < n; ++j) c[i * ldc + j] = beta == T(0) ? T(0) : beta * c[i * ldc + j];
    return;
  }
  for (Size p = 0; p < k; p += kDepth) {
    const Size depth = smaller(kDepth, k - p);
    const T beta_now = p == 0 ? beta : T(1);
    for (Size i = 0; i < m; i += kHeight) {
      const Size height = smaller(kHeight, m - i);
      const Operand<T> left{transpose_a ? a + p * lda + i : a + i * lda + p, transpose_a ? 1 : lda, transpose_a ? lda : 1};
      for (Size j = 0; j < n; j += P) {
        const Size columns = smaller(P, n - j), width = columns > W ? P : W;
        const T* right = transpose_b ? b + j * ldb + p : b + p * ldb + j;
        Size right_step = ldb;
        if (transpose_b || columns != width) {
          pack_panel(panel, right, ldb, transpose_b, depth, columns, width);
          right = panel;
          right_step = width;
        }
        const Target<T> out{c + i * ldc + j, ldc, columns, alpha, beta_now};
        if (width == P) {
          multiply_panel<T, 2>(height, depth, left, right, right_step, out);
        } else {
          multiply_panel<T, 1>(height, depth, left, right, right_step, out);
        }
      }
    }
  }
}

}  // namespace
}  // namespace lamina
