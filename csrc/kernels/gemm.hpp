// Built-in matrix product: made for the shapes of small networks, and the fallback where there is no BLAS.
//
// Register blocks of a few rows by two vectors, written with the compiler's vector types so that one text
// serves every instruction set. op(B) is read in place where that is cheap, otherwise packed a panel at a
// time into a buffer on the stack: nothing is ever allocated. Internal linkage throughout: each instruction
// set has its own copy, which the linker must not merge.
#pragma once

#include <cstdint>

#include "kernels/gemm/block.hpp"
#include "kernels/gemm/dots.hpp"
#include "kernels/gemm/pack.hpp"

namespace lamina {
namespace {
namespace product {

inline constexpr Size kDepth = 256;   // k is cut so that a panel of B stays in the first-level cache
inline constexpr Size kHeight = 256;  // m is cut so that a slab of A stays in the second-level cache

// op(B) as stored: (k, n), or (n, k) where transposed.
template <class T>
struct Right {
  const T* data;
  Size stride;
  bool transposed;

  Right part(Size p, Size j) const {
    return {transposed ? data + j * stride + p : data + p * stride + j, stride, transposed};
  }
};

// One slab of rows against one panel of NV vectors of columns.
template <class T, int NV, int MR>
void multiply_slab(Size m, Size k, Operand<T> a, Right<T> b, bool pack, const Target<T>& c) {
  constexpr Size width = NV * Simd<T>::width;
  if (!b.transposed && !pack && c.columns == width)
    return multiply_panel<T, NV, MR>(m, k, a, b.data, b.stride, c);
  alignas(64) T panel[kDepth * width];
  if (b.transposed) {
    pack_transposed(panel, width, b.data, b.stride, k, c.columns);
  } else {
    pack_straight(panel, width, b.data, b.stride, k, c.columns);
  }
  multiply_panel<T, NV, MR>(m, k, a, panel, width, c);
}

// C = alpha * op(A) op(B) + beta * C in panels of WIDE vectors, narrower ones at the right edge.
template <class T, int WIDE, int MR>
void multiply_blocked(Size m, Size n, Size k, Operand<T> a, Right<T> b, Target<T> c) {
  constexpr Size W = Simd<T>::width;
  const bool pack = m >= 8 * MR && k * b.stride * static_cast<Size>(sizeof(T)) >
                                       128 * 1024;  // rows of B far apart share cache sets
  for (Size p = 0; p < k; p += kDepth) {
    const Size depth = smaller(kDepth, k - p);
    for (Size i = 0; i < m; i += kHeight) {
      const Size height = smaller(kHeight, m - i);
      const Operand<T> left{a.data + i * a.row + p * a.step, a.row, a.step};
      for (Size j = 0; j < n;) {
        const Size columns = smaller(WIDE * W, n - j);
        const Target<T> out = c.part(i, j, columns);
        if (columns > 2 * W) {
          multiply_slab<T, WIDE, MR>(height, depth, left, b.part(p, j), pack, out);
        } else if (columns > W) {
          multiply_slab<T, 2, MR>(height, depth, left, b.part(p, j), pack, out);
        } else {
          multiply_slab<T, 1, MR>(height, depth, left, b.part(p, j), pack, out);
        }
        j += columns;
      }
    }
    c.beta = T(1);
  }
}

template <class T>
void scale_target(Size m, Size n, const Target<T>& c) {
  for (Size i = 0; i < m; ++i)
    for (Size j = 0; j < n; ++j)
      c.data[i * c.row + j] = c.beta == T(0) ? T(0) : c.beta * c.data[i * c.row + j];
}

// C (m, few): B is small, so it is turned to lie along k, and A is read once.
template <class T>
void multiply_narrow(Size m, Size n, Size k, const T* a, Size lda, Right<T> b, Target<T> c) {
  T turned[kFew * kDepth];
  for (Size p = 0; p < k; p += kDepth) {
    const Size depth = smaller(kDepth, k - p);
    const Right<T> part = b.part(p, 0);
    for (Size j = 0; j < n; ++j)
      for (Size q = 0; q < depth; ++q)
        turned[j * kDepth + q] = part.data[b.transposed ? j * b.stride + q : q * b.stride + j];
    multiply_by_dots(m, n, depth, a + p, lda, turned, kDepth, c);
    c.beta = T(1);
  }
}

}  // namespace product

// C (m, n) = alpha * op(A) (m, k) op(B) (k, n) + beta * C, row-major; beta = 0 never reads C.
template <class T>
[[maybe_unused]] void gemm(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k,
                           T alpha, const T* a, std::int64_t lda, const T* b, std::int64_t ldb, T beta, T* c,
                           std::int64_t ldc) {
  using namespace product;
  const Target<T> out{c, ldc, 1, n, alpha, beta};
  const Right<T> right{b, ldb, transpose_b};
  if (k == 0) return scale_target(m, n, out);
  const Size narrow = Simd<T>::width > 4 ? kFew : 1;
  if (n <= narrow && !transpose_a && k > 1) return multiply_narrow(m, n, k, a, lda, right, out);
  const Target<T> turned{c, 1, ldc, m, alpha, beta};
  if (n <= narrow && transpose_a && !transpose_b)
    return multiply_blocked<T, 2, kFew>(n, m, k, Operand<T>{b, 1, ldb}, Right<T>{a, lda, false}, turned);
  if (m <= narrow && transpose_b && !transpose_a && k > 1)
    return multiply_by_dots(n, m, k, b, ldb, a, lda, turned);
  const Operand<T> left{a, transpose_a ? 1 : lda, transpose_a ? lda : 1};
  if (m <= 3) return multiply_blocked<T, 4, 3>(m, n, k, left, right, out);
  multiply_blocked<T, 2, kRows>(m, n, k, left, right, out);
}

}  // namespace
}  // namespace lamina
