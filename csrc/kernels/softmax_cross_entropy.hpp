// Softmax and cross-entropy combined: L = sum_k t'_k (log sum_j e^(z_j) - z_k), dL/dz = softmax(z) sum_k t'_k
// - t'.
//
// t' is the target with label smoothing; t is given as a class index (target_width 1) or as probabilities. An
// index that is no class of the row leaves t at 0.
#pragma once

#include "kernels/head_data.hpp"
#include "kernels/narrow_cross_entropy.hpp"
#include "kernels/wide_cross_entropy.hpp"

namespace lamina {
namespace {

// sum_i scale_i L_i, and the gradient if d_logits (n, width) is not null.
template <class T>
double softmax_cross_entropy(T* d_logits, const HeadData<T>& data, i64 n, const double* settings) {
  const i64 width = data.width, target_width = data.target_width;
  const double smoothing = settings[0];
  const Smoothing<T> smooth{static_cast<T>(1 - smoothing),
                            static_cast<T>(smoothing / static_cast<double>(width))};
  const bool by_class = target_width == 1;
  double total = 0;
  i64 i = 0;
  while (i < n) {
    T* d_row = d_logits ? d_logits + i * width : nullptr;
    const T *row = data.logits + i * width, *target = data.target + i * target_width;
    const i64 rest = n - i, rows = rest < kLanes<T> ? rest : kLanes<T>;
    if (width <= kNarrowWidth && width <= kNarrowRatio * rows) {
      T loss[kLanes<T>];
      narrow_rows(loss, d_row, row, target, data.scale + i, rows, width, by_class, smooth);
      for (i64 lane = 0; lane < rows; ++lane) total += static_cast<double>(loss[lane]);
      i += rows;
    } else {
      total += static_cast<double>(
          wide_row(d_row, row, data.scale[i], width, row_target(target, by_class, width, smooth)));
      ++i;
    }
  }
  return total;
}

}  // namespace
}  // namespace lamina
