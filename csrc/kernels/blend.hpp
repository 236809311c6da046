// A blend of x and f(x), with a learned share of f per column (Holzmüller et al. 2024): out = (1 - share) x +
// share f.
#pragma once

#include "kernels/kernels.hpp"
#include "kernels/row_sums.hpp"
#include "kernels/simd.hpp"

namespace lamina {
namespace {

// out may be f.
template <class T>
void blend_forward(T* out, const T* __restrict x, const T* f, const T* __restrict share, i64 n, i64 width) {
  for (i64 i = 0; i < n; ++i, out += width, x += width, f += width) {
    LAMINA_SIMD
    for (i64 c = 0; c < width; ++c) out[c] = (T(1) - share[c]) * x[c] + share[c] * f[c];
  }
}

template <class T>
void blend_gradient(T* __restrict d_share, const T* __restrict d_out, const T* __restrict x,
                    const T* __restrict f, i64 n, i64 width) {
  sum_over_rows(d_share, n, width, [=](i64 i, i64 c) {
    const i64 at = i * width + c;
    return d_out[at] * (f[at] - x[at]);
  });
}

// d_x comes as the part through f, and gets the other one.
template <class T>
void blend_backward(T* __restrict d_x, const T* __restrict d_out, const T* __restrict share, i64 n,
                    i64 width) {
  for (i64 i = 0; i < n; ++i, d_x += width, d_out += width) {
    LAMINA_SIMD
    for (i64 c = 0; c < width; ++c) d_x[c] += (T(1) - share[c]) * d_out[c];
  }
}

}  // namespace
}  // namespace lamina
