// Batch normalization (Ioffe & Szegedy 2015) over the rows of each column.
//
// Columns are processed one block at a time, so that their sums stay on the stack and in the L1 cache. Sums
// over many rows are formed from partial sums of kPartialRows rows, which keeps float's rounding error small.
#pragma once

#include "kernels/kernels.hpp"
#include "kernels/row_sums.hpp"
#include "kernels/simd.hpp"

namespace lamina {
namespace {

inline constexpr i64 kColumnBlock = 128;
inline constexpr i64 kPartialRows = 256;

// A block of columns of a row-major matrix of `width` columns: `columns` of them, starting at `first`.
struct ColumnBlock {
  i64 first, columns, width;
};

template <class Use>
LAMINA_INLINE void for_each_column_block(i64 width, Use use) {
  for (i64 first = 0; first < width; first += kColumnBlock) {
    const i64 rest = width - first;
    use(ColumnBlock{first, rest < kColumnBlock ? rest : kColumnBlock, width});
  }
}

// sum (columns,) = sum over rows of term(index in the matrix, c), with c counted within the block.
template <class T, class Term>
LAMINA_INLINE void sum_block(T* __restrict sum, i64 n, ColumnBlock block, Term term) {
  T partial[kColumnBlock];
  for (i64 c = 0; c < block.columns; ++c) sum[c] = 0;
  for (i64 start = 0; start < n; start += kPartialRows) {
    const i64 rest = n - start, at = start * block.width + block.first;
    sum_over_rows(partial, rest < kPartialRows ? rest : kPartialRows, block.columns,
                  [=](i64 i, i64 c) { return term(at + i * block.width + c, c); });
    LAMINA_SIMD
    for (i64 c = 0; c < block.columns; ++c) sum[c] += partial[c];
  }
}

// The affine map after normalization; gamma null means 1, beta null means 0.
template <class T>
LAMINA_INLINE void load_affine(T* scale, T* shift, const T* gamma, const T* beta, ColumnBlock block) {
  for (i64 c = 0; c < block.columns; ++c) {
    scale[c] = gamma ? gamma[block.first + c] : T(1);
    shift[c] = beta ? beta[block.first + c] : T(0);
  }
}

template <class T>
LAMINA_INLINE void average_into(T* running, const T* batch, i64 size, double momentum) {
  const T keep = static_cast<T>(momentum), take = static_cast<T>(1.0 - momentum);
  for (i64 c = 0; c < size; ++c) running[c] = keep * running[c] + take * batch[c];
}

template <class T>
void batch_norm_forward(T* __restrict out, T* __restrict normalized, T* __restrict inverse_deviation,
                        T* __restrict running_mean, T* __restrict running_variance, const T* __restrict x,
                        const T* __restrict gamma, const T* __restrict beta, i64 n, i64 width,
                        double momentum, double eps) {
  const T share = T(1) / static_cast<T>(n);
  for_each_column_block(width, [=](ColumnBlock block) {
    T mean[kColumnBlock], variance[kColumnBlock], scale[kColumnBlock], shift[kColumnBlock];
    sum_block(mean, n, block, [=](i64 at, i64) { return x[at]; });
    for (i64 c = 0; c < block.columns; ++c) mean[c] *= share;
    const T* center = mean;
    sum_block(variance, n, block, [=](i64 at, i64 c) { return (x[at] - center[c]) * (x[at] - center[c]); });
    for (i64 c = 0; c < block.columns; ++c) variance[c] *= share;
    if (running_mean) {
      average_into(running_mean + block.first, mean, block.columns, momentum);
      average_into(running_variance + block.first, variance, block.columns, momentum);
    }
    T* inverse = inverse_deviation + block.first;
    for (i64 c = 0; c < block.columns; ++c)
      inverse[c] = T(1) / square_root(variance[c] + static_cast<T>(eps));
    load_affine(scale, shift, gamma, beta, block);
    for (i64 i = 0; i < n; ++i) {
      const i64 row = i * width + block.first;
      LAMINA_SIMD
      for (i64 c = 0; c < block.columns; ++c) {
        const T z = (x[row + c] - mean[c]) * inverse[c];
        normalized[row + c] = z;
        out[row + c] = z * scale[c] + shift[c];
      }
    }
  });
}

template <class T>
void batch_norm_inference(T* __restrict out, const T* __restrict x, const T* __restrict gamma,
                          const T* __restrict beta, const T* __restrict running_mean,
                          const T* __restrict running_variance, i64 n, i64 width, double eps) {
  for_each_column_block(width, [=](ColumnBlock block) {
    T scale[kColumnBlock], shift[kColumnBlock];
    load_affine(scale, shift, gamma, beta, block);
    const T* mean = running_mean + block.first;
    for (i64 c = 0; c < block.columns; ++c) {
      scale[c] /= square_root(running_variance[block.first + c] + static_cast<T>(eps));
    }
    for (i64 i = 0; i < n; ++i) {
      const i64 row = i * width + block.first;
      LAMINA_SIMD
      for (i64 c = 0; c < block.columns; ++c) out[row + c] = (x[row + c] - mean[c]) * scale[c] + shift[c];
    }
  });
}

// out = gamma z + beta, z = (x - mean) / deviation, mean and deviation functions of x:
// d_x = gamma / deviation * (d_out - mean(d_out) - z mean(d_out z)); d_gamma += sum d_out z; d_beta += sum
// d_out.
template <class T>
void batch_norm_backward(T* __restrict d_x, T* __restrict d_gamma, T* __restrict d_beta,
                         const T* __restrict d_out, const T* __restrict normalized,
                         const T* __restrict inverse_deviation, const T* __restrict gamma, i64 n, i64 width) {
  const T share = T(1) / static_cast<T>(n);
  for_each_column_block(width, [=](ColumnBlock block) {
    T sum[kColumnBlock], dot[kColumnBlock], scale[kColumnBlock], unused[kColumnBlock];
    sum_block(sum, n, block, [=](i64 at, i64) { return d_out[at]; });
    sum_block(dot, n, block, [=](i64 at, i64) { return d_out[at] * normalized[at]; });
    load_affine(scale, unused, gamma, static_cast<const T*>(nullptr), block);
    for (i64 c = 0; c < block.columns; ++c) {
      if (d_gamma) d_gamma[block.first + c] += dot[c];
      if (d_beta) d_beta[block.first + c] += sum[c];
      sum[c] *= share;
      dot[c] *= share;
      scale[c] *= inverse_deviation[block.first + c];
    }
    for (i64 i = 0; i < n; ++i) {
      const i64 row = i * width + block.first;
      LAMINA_SIMD
      for (i64 c = 0; c < block.columns; ++c) {
        d_x[row + c] = scale[c] * (d_out[row + c] - sum[c] - normalized[row + c] * dot[c]);
      }
    }
  });
}

}  // namespace
}  // namespace lamina
