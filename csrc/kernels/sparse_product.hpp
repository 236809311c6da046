// Compressed sparse rows times a matrix: the sums of a row of the product stay in registers.
#pragma once

#include "kernels/gemm/block.hpp"

namespace lamina {
namespace {
namespace product {

// Row i: values[p] at columns[p], for p from offsets[i] to offsets[i + 1].
template <class T>
struct Stored {
  const std::int64_t* offsets;
  const std::int64_t* columns;
  const T* values;
};

// One panel of NV vectors of columns, the last of which has `lanes` lanes; rows of B are b_step apart.
template <class T, int NV, bool part>
[[gnu::noinline]] void multiply_stored(Size m, const Stored<T>& a, const T* b, Size b_step, int lanes,
                                       const Target<T>& target) {
  constexpr int W = Simd<T>::width;
  const Target<T> c = target;  // a local copy, so that the compiler knows that stores to C do not change it
  for (Size i = 0; i < m; ++i) {
    Vector<T> sum[1][NV] = {};
    if (c.start) {
#pragma GCC unroll 8
      for (int v = 0; v < NV; ++v) sum[0][v] = read<T, NV, part>(c.start + i * c.start_row, v, lanes);
    }
    for (Size p = a.offsets[i]; p < a.offsets[i + 1]; ++p) {
      const T* row = b + a.columns[p] * b_step;
      const T x = a.values[p];
#pragma GCC unroll 8
      for (int v = 0; v < NV; ++v) sum[0][v] += read<T, NV, part>(row, v, lanes) * x;
    }
    T* to = c.data + i * c.row;
#pragma GCC unroll 8
    for (int v = 0; v < NV; ++v) {
      const Vector<T> value = finished<T>(sum[0][v], c.finish, Vector<T>{});
      if (part && v + 1 == NV) {
        store_part(to + v * W, value, lanes);
      } else {
        store(to + v * W, value);
      }
    }
  }
}

template <class T, int NV>
LAMINA_INLINE void multiply_stored_panel(Size vectors, Size m, const Stored<T>& a, const T* b, Size b_step,
                                         int lanes, const Target<T>& c) {
  if constexpr (NV > 1) {
    if (vectors < NV) return multiply_stored_panel<T, NV - 1>(vectors, m, a, b, b_step, lanes, c);
  }
  multiply_stored<T, NV, true>(m, a, b, b_step, lanes, c);
}

}  // namespace product

// out (m, n) = finish(start + A B), A (m, k) compressed, B (k, n); finish is none or relu.
template <class T>
void sparse_product(T* out, const std::int64_t* offsets, const std::int64_t* columns, const T* values, i64 m,
                    const T* b, i64 n, const ProductEnds<T>* ends) {
  using namespace product;
  constexpr Size width = 8 * Simd<T>::width;
  const Target<T> c{out, n, 1, ends->start, ends->start_row, 1, ends->finish, nullptr};
  for (Size j = 0; j < n; j += width) {
    const Size here = smaller(width, n - j), vectors = (here + Simd<T>::width - 1) / Simd<T>::width;
    const int lanes = static_cast<int>(here - (vectors - 1) * Simd<T>::width);
    multiply_stored_panel<T, 8>(vectors, m, {offsets, columns, values}, b + j, n, lanes, c.part(0, j));
  }
}

}  // namespace
}  // namespace lamina
