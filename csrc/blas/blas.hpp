// A Fortran BLAS with 32-bit integers, called through function pointers that the caller supplies (SciPy
// exports them).
#pragma once

#include <limits>

#include "kernels/kernels.hpp"

namespace lamina {

template <class T>
using FortranGemm = void (*)(char* transpose_a, char* transpose_b, int* m, int* n, int* k, T* alpha, T* a,
                             int* lda, T* b, int* ldb, T* beta, T* c, int* ldc);

// C (m, n) = op(A) op(B) + beta C, row-major: for column-major Fortran, C^T = op(B)^T op(A)^T.
template <class T>
void blas_gemm(FortranGemm<T> gemm, bool transpose_a, bool transpose_b, i64 m, i64 n, i64 k, const T* a,
               i64 lda, const T* b, i64 ldb, T beta, T* c, i64 ldc) {
  char of_a = transpose_a ? 'T' : 'N', of_b = transpose_b ? 'T' : 'N';
  int rows = static_cast<int>(m), columns = static_cast<int>(n), depth = static_cast<int>(k);
  int stride_a = static_cast<int>(lda), stride_b = static_cast<int>(ldb), stride_c = static_cast<int>(ldc);
  T one = 1;
  gemm(&of_b, &of_a, &columns, &rows, &depth, &one, const_cast<T*>(b), &stride_b, const_cast<T*>(a),
       &stride_a, &beta, c, &stride_c);
}

inline bool fits_int(i64 size) { return size <= std::numeric_limits<int>::max(); }

}  // namespace lamina
