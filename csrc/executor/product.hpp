// Matrix products for the ops: BLAS or the built-in one, whichever is faster for the shape, split into tiles
// for the threads.
#pragma once

#include <algorithm>

#include "blas/blas.hpp"
#include "executor/pool.hpp"
#include "kernels/kernels.hpp"
#include "kernels/mixed.hpp"

namespace lamina {

enum class ProductKind { automatic, built_in, blas };

// What does the work: the kernels of an instruction set, BLAS if there is one, and the number of threads (0:
// chosen by the amount of work, up to most_threads if that is not 0).
template <class T>
struct Tools {
  const Kernels<T>* kernels;
  const MixedKernels* mixed;
  FortranGemm<T> blas;
  ProductKind product;
  i64 blas_from;  // multiply-adds from which BLAS is the faster product
  int num_threads, most_threads = 0;
};

// The ends of a product that adds to c, with rows of `width`, or overwrites it if not `onto`.
template <class T>
ProductEnds<T> ends_onto(bool onto, const T* c, i64 width) {
  return {onto ? c : nullptr, width};
}

template <class T>
struct Product {
  Tools<T> tools;
  Pool* pool;

  // C (m, n) = finish(start + op(A) op(B)), dense row-major, A (m, k) or (k, m), B (k, n) or (n, k).
  void operator()(bool transpose_a, bool transpose_b, i64 m, i64 n, i64 k, const T* a, const T* b,
                  const ProductEnds<T>& ends, T* c) const {
    const i64 lda = transpose_a ? m : k, ldb = transpose_b ? k : n;
    const i64 tiles = std::clamp<i64>(m * n * k / kTileWork, 1, 16);
    if (tiles == 1) return piece(transpose_a, transpose_b, m, n, k, a, lda, b, ldb, ends, c, n);
    const bool by_rows = m >= tiles * kRowsWorthPacking || n < 2 * kColumnGrain;
    const i64 cut = by_rows ? m : n, grain = by_rows ? kRowGrain : kColumnGrain;
    const i64 step = ((cut + tiles - 1) / tiles + grain - 1) / grain * grain;
    over_tiles(pool, (cut + step - 1) / step, [&](i64 tile) {
      const i64 first = tile * step, count = std::min(step, cut - first);
      if (by_rows) {
        piece(transpose_a, transpose_b, count, n, k, a + (transpose_a ? first : first * lda), lda, b, ldb,
              ends_from(ends, first, 0, n), c + first * n, n);
      } else {
        piece(transpose_a, transpose_b, m, count, k, a, lda, b + (transpose_b ? first * ldb : first), ldb,
              ends_from(ends, 0, first, n), c + first, n);
      }
    });
  }

 private:
  static constexpr i64 kTileWork = i64{1} << 23;          // multiply-adds: about 0.1 ms
  static constexpr i64 kRowGrain = 8, kColumnGrain = 64;  // tiles end at register blocks of the products
  // Every tile of rows packs all of B again, a tile of columns only its own part.
  static constexpr i64 kRowsWorthPacking = 512;

  void piece(bool transpose_a, bool transpose_b, i64 m, i64 n, i64 k, const T* a, i64 lda, const T* b,
             i64 ldb, const ProductEnds<T>& ends, T* c, i64 ldc) const {
    if (!tools.blas || !use_blas(m, n, k, lda, ldb, ldc))
      return tools.kernels->gemm(transpose_a, transpose_b, m, n, k, a, lda, b, ldb, &ends, c, ldc);
    if (ends.start && ends.start != c)
      for (i64 i = 0; i < m; ++i) std::copy_n(ends.start + i * ends.start_row, n, c + i * ldc);
    blas_gemm(tools.blas, transpose_a, transpose_b, m, n, k, a, lda, b, ldb, T(ends.start ? 1 : 0), c, ldc);
    finish(ends, m, n, c, ldc);
  }

  // The part that BLAS does not do.
  void finish(const ProductEnds<T>& ends, i64 m, i64 n, T* c, i64 ldc) const {
    for (i64 i = 0; i < m && ends.finish != Finish::none; ++i) {
      T* row = c + i * ldc;
      if (ends.finish == Finish::relu) {
        tools.kernels->activation_forward(row, row, 1, n, Function::relu, nullptr);
      } else {
        const T* gate = ends.gate + i * ldc;
        tools.kernels->activation_backward(row, row, gate, gate, 1, n, Function::relu, nullptr);
      }
    }
  }

  // The ends for the part of C that starts at row i and column j, with rows ldc apart.
  static ProductEnds<T> ends_from(ProductEnds<T> ends, i64 i, i64 j, i64 ldc) {
    if (ends.start) ends.start += i * ends.start_row + j;
    if (ends.gate) ends.gate += i * ldc + j;
    return ends;
  }

  bool use_blas(i64 m, i64 n, i64 k, i64 lda, i64 ldb, i64 ldc) const {
    if (tools.product == ProductKind::built_in || m == 0 || n == 0 || k == 0) return false;
    if (!fits_int(std::max({m, n, k, lda, ldb, ldc}))) return false;
    return tools.product == ProductKind::blas || m * n * k >= tools.blas_from;
  }
};

}  // namespace lamina
