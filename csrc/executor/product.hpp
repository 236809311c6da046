// Matrix products for the ops: BLAS or the built-in one, whichever is faster for the shape, cut into tiles
// for the threads.
#pragma once

#include <algorithm>

#include "blas/blas.hpp"
#include "executor/pool.hpp"
#include "kernels/kernels.hpp"

namespace lamina {

enum class ProductKind { automatic, built_in, blas };

// Which hands do the work: the kernels of an instruction set, BLAS if there is one, and how many threads (0:
// by the work's size).
template <class T>
struct Tools {
  const Kernels<T>* kernels;
  FortranGemm<T> blas;
  ProductKind product;
  i64 blas_from;  // multiply-adds from which BLAS is the faster product
  int num_threads;
};

template <class T>
struct Product {
  Tools<T> tools;
  Pool* pool;

  // C (m, n) = op(A) op(B) + beta C, dense row-major, A (m, k) or (k, m), B (k, n) or (n, k).
  void operator()(bool transpose_a, bool transpose_b, i64 m, i64 n, i64 k, const T* a, const T* b, T beta,
                  T* c) const {
    const i64 lda = transpose_a ? m : k, ldb = transpose_b ? k : n;
    const i64 tiles = std::clamp<i64>(m * n * k / kTileWork, 1, 16);
    if (tiles == 1) return piece(transpose_a, transpose_b, m, n, k, a, lda, b, ldb, beta, c, n);
    const i64 longer = std::max(m, n), grain = m >= n ? kRowGrain : kColumnGrain;
    const i64 step = ((longer + tiles - 1) / tiles + grain - 1) / grain * grain;
    over_tiles(pool, (longer + step - 1) / step, [&](i64 tile) {
      const i64 first = tile * step, count = std::min(step, longer - first);
      if (m >= n) {
        piece(transpose_a, transpose_b, count, n, k, a + (transpose_a ? first : first * lda), lda, b, ldb,
              beta, c + first * n, n);
      } else {
        piece(transpose_a, transpose_b, m, count, k, a, lda, b + (transpose_b ? first * ldb : first), ldb,
              beta, c + first, n);
      }
    });
  }

 private:
  static constexpr i64 kTileWork = i64{1} << 23;          // multiply-adds: 0.1 ms or so
  static constexpr i64 kRowGrain = 8, kColumnGrain = 32;  // tiles end where the products' register blocks do

  void piece(bool transpose_a, bool transpose_b, i64 m, i64 n, i64 k, const T* a, i64 lda, const T* b,
             i64 ldb, T beta, T* c, i64 ldc) const {
    if (tools.blas && use_blas(m, n, k, lda, ldb, ldc)) {
      blas_gemm(tools.blas, transpose_a, transpose_b, m, n, k, a, lda, b, ldb, beta, c, ldc);
    } else {
      tools.kernels->gemm(transpose_a, transpose_b, m, n, k, T(1), a, lda, b, ldb, beta, c, ldc);
    }
  }

  bool use_blas(i64 m, i64 n, i64 k, i64 lda, i64 ldb, i64 ldc) const {
    if (tools.product == ProductKind::built_in || m == 0 || n == 0 || k == 0) return false;
    if (!fits_int(std::max({m, n, k, lda, ldb, ldc}))) return false;
    return tools.product == ProductKind::blas || m * n * k >= tools.blas_from;
  }
};

}  // namespace lamina
