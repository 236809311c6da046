// Parametric relu (He et al. 2015): out = x where x > 0, else slope * x, one slope per unit.
#pragma once

#include "kernels/kernels.hpp"
#include "kernels/simd.hpp"

namespace lamina {
namespace {

template <class T>
void prelu_forward(T* out, const T* x, const T* __restrict slope, i64 n, i64 width) {
  for (i64 i = 0; i < n; ++i, out += width, x += width) {
    LAMINA_SIMD
    for (i64 c = 0; c < width; ++c) out[c] = x[c] > 0 ? x[c] : slope[c] * x[c];
  }
}

// d_x may be d_out; d_slope (width,), or null, is added to.
template <class T>
void prelu_backward(T* d_x, T* __restrict d_slope, const T* d_out, const T* x, const T* __restrict slope,
                    i64 n, i64 width) {
  for (i64 i = 0; i < n; ++i, d_x += width, d_out += width, x += width) {
    if (d_slope) {
      LAMINA_SIMD
      for (i64 c = 0; c < width; ++c) d_slope[c] += x[c] > 0 ? T(0) : d_out[c] * x[c];
    }
    LAMINA_SIMD
    for (i64 c = 0; c < width; ++c) d_x[c] = x[c] > 0 ? d_out[c] : d_out[c] * slope[c];
  }
}

}  // namespace
}  // namespace lamina
