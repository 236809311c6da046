// A learned factor per column (Holzmüller et al. 2024): out = x * scale.
#pragma once

#include "kernels/kernels.hpp"
#include "kernels/row_sums.hpp"
#include "kernels/simd.hpp"

namespace lamina {
namespace {

template <class T>
void scale_forward(T* __restrict out, const T* __restrict x, const T* __restrict scale, i64 n, i64 width) {
  for (i64 i = 0; i < n; ++i, out += width, x += width) {
    LAMINA_SIMD
    for (i64 c = 0; c < width; ++c) out[c] = x[c] * scale[c];
  }
}

template <class T>
void scale_gradient(T* __restrict d_scale, const T* __restrict d_out, const T* __restrict x, i64 n,
                    i64 width) {
  sum_over_rows(d_scale, n, width, [=](i64 i, i64 c) { return d_out[i * width + c] * x[i * width + c]; });
}

}  // namespace
}  // namespace lamina
