// A learned factor per column (Holzmüller et al. 2024), and a shift: out = x * scale + shift.
#pragma once

#include <type_traits>

#include "kernels/kernels.hpp"
#include "kernels/simd.hpp"

namespace lamina {
namespace {

template <class T>
void scale_forward(T* __restrict out, const T* __restrict x, const T* __restrict scale,
                   const T* __restrict shift, i64 n, i64 width) {
  for (i64 i = 0; i < n; ++i, out += width, x += width) {
    if (shift) {
      LAMINA_SIMD
      for (i64 c = 0; c < width; ++c) out[c] = x[c] * scale[c] + shift[c];
    } else {
      LAMINA_SIMD
      for (i64 c = 0; c < width; ++c) out[c] = x[c] * scale[c];
    }
  }
}

// One window of columns, whose sums stay in registers, in one pass over the rows.
template <int columns, bool with_shift, class T>
LAMINA_INLINE void scale_window(T* d_x, T* d_scale, T* d_shift, const T* d_out, const T* x, const T* scale,
                                i64 n, i64 width) {
  T by_x[columns] = {}, plain[columns] = {};
  for (i64 i = 0; i < n; ++i, d_out += width, x += width) {
    LAMINA_SIMD
    for (int c = 0; c < columns; ++c) {
      by_x[c] += d_out[c] * x[c];
      if (with_shift) plain[c] += d_out[c];
    }
    if (!d_x) continue;
    LAMINA_SIMD
    for (int c = 0; c < columns; ++c) d_x[c] = d_out[c] * scale[c];
    d_x += width;
  }
  for (int c = 0; c < columns; ++c) {
    d_scale[c] += by_x[c];
    if (with_shift) d_shift[c] += plain[c];
  }
}

// d_scale, and d_shift unless null, are added to; d_x may be null.
template <class T>
void scale_backward(T* d_x, T* d_scale, T* d_shift, const T* d_out, const T* x, const T* scale, i64 n,
                    i64 width) {
  constexpr int W = 4 * kLanes<T>;
  const auto at = [](T* p, i64 c) { return p ? p + c : nullptr; };
  i64 c = 0;
  const auto run = [&]<int columns>(std::integral_constant<int, columns>) {
    for (; c + columns <= width; c += columns) {
      if (d_shift) {
        scale_window<columns, true>(at(d_x, c), d_scale + c, d_shift + c, d_out + c, x + c, scale + c, n, width);
      } else {
        scale_window<columns, false>(at(d_x, c), d_scale + c, d_shift, d_out + c, x + c, scale + c, n, width);
      }
    }
  };
  run(std::integral_constant<int, W>{});
  run(std::integral_constant<int, kLanes<T>>{});
  run(std::integral_constant<int, 1>{});
}

}  // namespace
}  // namespace lamina
