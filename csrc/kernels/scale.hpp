// A learned factor per column (Holzmüller et al. 2024), and a shift: out = x * scale + shift.
#pragma once

#include <type_traits>

#include "kernels/activation_functions.hpp"
#include "kernels/kernels.hpp"
#include "kernels/simd.hpp"

namespace lamina {
namespace {

template <bool relu, class T>
LAMINA_INLINE void scale_rows_forward(T* __restrict out, const T* __restrict x, const T* __restrict scale,
                                      const T* __restrict shift, i64 n, i64 width) {
  for (i64 i = 0; i < n; ++i, out += width, x += width) {
    LAMINA_SIMD
    for (i64 c = 0; c < width; ++c) {
      const T sum = x[c] * scale[c] + (shift ? shift[c] : T(0));
      out[c] = relu ? Relu<T>{}.value(sum) : sum;
    }
  }
}

template <class T>
void scale_forward(T* out, const T* x, const T* scale, const T* shift, i64 n, i64 width, bool relu) {
  if (relu) return scale_rows_forward<true>(out, x, scale, shift, n, width);
  scale_rows_forward<false>(out, x, scale, shift, n, width);
}

// One window of columns, whose sums stay in registers, in one pass over the rows.
template <int columns, bool relu, class T>
LAMINA_INLINE void scale_window(T* d_x, T* d_scale, T* d_shift, const T* d_out, const T* x, const T* scale,
                                i64 n, i64 row) {
  T of_products[columns] = {}, of_gradients[columns] = {};
  for (i64 i = 0; i < n; ++i, d_out += row, x += row) {
    LAMINA_SIMD
    for (int c = 0; c < columns; ++c) {
      of_products[c] += d_out[c] * x[c];
      of_gradients[c] += d_out[c];
    }
    if (!d_x) continue;
    LAMINA_SIMD
    for (int c = 0; c < columns; ++c)
      d_x[c] = d_out[c] * scale[c] * (relu ? Relu<T>{}.slope(x[c], x[c]) : T(1));
    d_x += row;
  }
  for (int c = 0; d_scale && c < columns; ++c) d_scale[c] += of_products[c];
  for (int c = 0; d_shift && c < columns; ++c) d_shift[c] += of_gradients[c];
}

template <bool relu, class T>
LAMINA_INLINE void scale_columns_backward(T* d_x, T* d_scale, T* d_shift, const T* d_out, const T* x,
                                          const T* scale, i64 n, i64 row, i64 columns) {
  i64 c = 0;
  const auto in_windows_of = [&]<int wide>(std::integral_constant<int, wide>) {
    for (; c + wide <= columns; c += wide)
      scale_window<wide, relu>(d_x ? d_x + c : nullptr, d_scale ? d_scale + c : nullptr,
                               d_shift ? d_shift + c : nullptr, d_out + c, x + c, scale + c, n, row);
  };
  in_windows_of(std::integral_constant<int, 4 * kLanes<T>>{});
  in_windows_of(std::integral_constant<int, kLanes<T>>{});
  in_windows_of(std::integral_constant<int, 1>{});
}

template <class T>
void scale_backward(T* d_x, T* d_scale, T* d_shift, const T* d_out, const T* x, const T* scale, i64 n,
                    i64 row, i64 columns, bool relu) {
  if (relu) return scale_columns_backward<true>(d_x, d_scale, d_shift, d_out, x, scale, n, row, columns);
  scale_columns_backward<false>(d_x, d_scale, d_shift, d_out, x, scale, n, row, columns);
}

}  // namespace
}  // namespace lamina
