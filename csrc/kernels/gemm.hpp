// Built-in matrix product: designed for the shapes of small networks, and the fallback without BLAS.
//
// Register blocks of a few rows by a few vectors, written with the compiler's vector types so that one source
// works for every instruction set. op(B) is read in place where that is cheap, otherwise packed one panel at
// a time into a buffer on the stack: nothing is ever allocated. Internal linkage throughout: each instruction
// set has its own copy, which the linker must not merge.
#pragma once

#include <cstdint>

#include "kernels/gemm/block.hpp"
#include "kernels/gemm/dots.hpp"
#include "kernels/gemm/few.hpp"
#include "kernels/gemm/pack.hpp"
#include "kernels/gemm/row.hpp"

namespace lamina {
namespace {
namespace product {

inline constexpr Size kDepth =
    LAMINA_VECTOR_BYTES == 64 ? 128 : 256;      // k is split so that a panel of B stays in the L1 cache
inline constexpr Size kSlabBytes = 1 << 19;     // m is split so that a slab of A stays in the L2 cache
inline constexpr Size kInPlaceBytes = 1 << 17;  // of B: rows farther apart than that share cache sets
inline constexpr Size kTurnedDepth = 1024;      // of a narrow B

// op(A) (m, k): element (i, p) at data[i * row + p * step].
template <class T>
struct Left {
  const T* data;
  Size row, step;
};

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

// One panel of NV vectors, n columns of them.
template <class T, int NV>
void multiply_columns(Size m, Size n, Size k, const Left<T>& a, const Right<T>& b, bool pack,
                      const Target<T>& c) {
  constexpr Size width = NV * Simd<T>::width;
  const int lanes = static_cast<int>(n - (NV - 1) * Simd<T>::width);
  if (!b.transposed && !pack)
    return multiply_panel<T, NV>(m, {a.data, a.row, a.step, b.data, b.stride, k, lanes, c});
  alignas(64) T packed[kDepth * width];
  (b.transposed ? pack_transposed<T> : pack_straight<T>)(packed, width, b.data, b.stride, k, n);
  multiply_panel<T, NV>(m, {a.data, a.row, a.step, packed, width, k, lanes, c});
}

template <class T, int NV>
LAMINA_INLINE void multiply_vectors(Size vectors, Size m, Size n, Size k, const Left<T>& a, const Right<T>& b,
                                    bool pack, const Target<T>& c) {
  if constexpr (NV > 1) {
    if (vectors < NV) return multiply_vectors<T, NV - 1>(vectors, m, n, k, a, b, pack, c);
  }
  multiply_columns<T, NV>(m, n, k, a, b, pack, c);
}

// C in panels of a few vectors, as even as possible.
template <class T>
void multiply_panels(Size m, Size n, Size k, const Left<T>& a, const Right<T>& b, const Target<T>& c) {
  constexpr Size W = Simd<T>::width;
  // Wide panels for few rows, which otherwise would have few sums, and for small k, where stores take
  // longest.
  const Size widest = m <= kLeast || k <= 4 ? kFlat : kWide;
  const Size vectors = (n + W - 1) / W, panels = (vectors + widest - 1) / widest;
  const Size fewer = share(vectors, panels);
  const bool pack = m >= 64 && k * b.stride * static_cast<Size>(sizeof(T)) > kInPlaceBytes;
  for (Size panel = 0, j = 0; panel < panels; ++panel) {
    const Size width = fewer + (panel < vectors - fewer * panels);
    multiply_vectors<T, kFlat>(width, m, smaller(width * W, n - j), k, a, b.part(0, j), pack, c.part(0, j));
    j += width * W;
  }
}

template <class T>
void multiply_blocked(Size m, Size n, Size k, const Left<T>& a, const Right<T>& b, const Target<T>& c) {
  constexpr Size height = kSlabBytes / (kDepth * static_cast<Size>(sizeof(T)));
  if (k <= kDepth && m <= height) return multiply_panels<T>(m, n, k, a, b, c);
  const Size cuts = k > kDepth ? (k + kDepth - 1) / kDepth : 1, even = (k + cuts - 1) / cuts;
  for (Size p = 0, cut = 0; cut < cuts; ++cut, p += even) {
    const Size depth = smaller(even, k - p);
    const Target<T> part = c.part_of_depth(p == 0, p + depth == k);
    for (Size i = 0; i < m; i += height)
      multiply_panels<T>(smaller(height, m - i), n, depth, {a.data + i * a.row + p * a.step, a.row, a.step},
                         b.part(p, 0), part.part(i, 0));
  }
}

// C (m, few) with a B that is not contiguous along k: B is small, so it is transposed, and A is read once.
template <class T>
void multiply_narrow(Size m, Size n, Size k, const T* a, Size lda, const Right<T>& b, const Target<T>& c) {
  if (b.transposed) return multiply_few<T>(m, n, {a, lda, b.data, b.stride, k, c});
  T turned[kFew<T> * kTurnedDepth];
  for (Size p = 0; p < k; p += kTurnedDepth) {
    const Size depth = smaller(kTurnedDepth, k - p);
    for (Size j = 0; j < n; ++j)
      for (Size q = 0; q < depth; ++q) turned[j * depth + q] = b.data[(p + q) * b.stride + j];
    multiply_few<T>(m, n, {a + p, lda, turned, depth, depth, c.part_of_depth(p == 0, p + depth == k)});
  }
}

// C (m, few) with an A that is not contiguous along k: C^T = op(B)^T A, as flat products piece by piece.
template <class T>
void multiply_turned(Size m, Size n, Size k, const T* a, Size lda, const Right<T>& b, const Target<T>& c) {
  constexpr Size width = kFlat * Simd<T>::width;
  const Left<T> left{b.data, b.transposed ? b.stride : 1, b.transposed ? 1 : b.stride};
  for (Size i = 0; i < m; i += width) {
    const Size rows = smaller(width, m - i);
    T tile[kFew<T> * width];
    multiply_blocked<T>(n, rows, k, left, {a + i, lda, false}, {tile, width, 1});
    const Target<T> to = c.part(i, 0);
    for (Size j = 0; j < n; ++j)
      for (Size r = 0; r < rows; ++r) {
        const T start = to.start ? to.start[r * to.start_row + j] : T(0);
        const T gate = to.gate ? to.gate[r * to.row + j] : T(0);
        to.data[r * to.row + j] = finished<T>(start + tile[j * width + r], to.finish, gate);
      }
  }
}

// C if the matrix in the product, B or C itself, has N contiguous columns; returns false otherwise.
template <class T, int N>
bool multiply_single_by(Size m, Size n, Size k, const T* a, const Right<T>& b, const Target<T>& c) {
  if constexpr (N <= Simd<T>::width) {
    if (m == 1 && b.stride == N && (b.transposed ? k : n) == N) {
      b.transposed ? multiply_few_by_rows<T, N>(n, a, b.data, c) : multiply_row_by_few<T, N>(k, a, b.data, c);
      return true;
    }
    if (k == 1 && n == N && c.row == N && !b.transposed && (!c.start || c.start_row == N)) {
      multiply_column_by_few<T, N>(m, a, b.data, c);
      return true;
    }
  }
  return false;
}

// C if m or k is 1, so that A is a row or a column whose numbers are `step` apart. Returns false if the
// general product is the better choice.
template <class T>
bool multiply_single(Size m, Size n, Size k, const T* a, Size step, const Right<T>& b, const Target<T>& c) {
  if (step == 1 && (multiply_single_by<T, 1>(m, n, k, a, b, c) ||
                    multiply_single_by<T, 2>(m, n, k, a, b, c) || multiply_single_by<T, 4>(m, n, k, a, b, c)))
    return true;
  if (!b.transposed) return multiply_single_row(m, n, k, a, step, b.data, b.stride, c), true;
  if (m > 1 || step > 1) return false;
  return multiply_few<T>(n, 1, {b.data, b.stride, a, k, k, c.turned()}), true;
}

}  // namespace product

// C (m, n) = finish(start + op(A) (m, k) op(B) (k, n)), row-major.
template <class T>
[[maybe_unused]] void gemm(bool transpose_a, bool transpose_b, std::int64_t m, std::int64_t n, std::int64_t k,
                           const T* a, std::int64_t lda, const T* b, std::int64_t ldb,
                           const ProductEnds<T>* ends, T* c, std::int64_t ldc) {
  using namespace product;
  const bool row_of_b = transpose_b && k == 1 && ldb == 1;  // one column, with the layout of a row
  const Right<T> right{b, row_of_b ? n : ldb, transpose_b && !row_of_b};
  const Target<T> out{c, ldc, 1, ends->start, ends->start_row, 1, ends->finish, ends->gate};
  const Left<T> left{a, transpose_a ? 1 : lda, transpose_a ? lda : 1};
  if ((m == 1 || k == 1) && multiply_single(m, n, k, a, m == 1 ? left.step : left.row, right, out)) return;
  if (n <= kFew<T> && !transpose_a && k > 1) return multiply_narrow(m, n, k, a, lda, right, out);
  if (n <= kFew<T> && transpose_a) return multiply_turned(m, n, k, a, lda, right, out);
  if (m <= kFew<T> && transpose_b && !transpose_a && 2 * k >= Simd<T>::width)
    return multiply_few<T>(n, m, {b, ldb, a, lda, k, out.turned()});
  multiply_blocked(m, n, k, left, right, out);
}

}  // namespace
}  // namespace lamina
