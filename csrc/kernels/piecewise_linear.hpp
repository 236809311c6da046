// Piecewise-linear encoding (Gorishniy et al. 2022): out = clamp((x - left) / size, low, high), a column for
// each bin.
#pragma once

#include "kernels/float_traits.hpp"
#include "kernels/kernels.hpp"
#include "kernels/simd.hpp"

namespace lamina {
namespace {

// Bins of one column, of which few enough are read at a time to stay in registers and the nearest cache.
template <class T>
struct Bins {
  static constexpr i64 most = 64;
  T left[most], per_size[most], low[most], high[most];
  i64 count;

  // Those from `first` on of a column with these edges.
  Bins(const double* edges, i64 num_edges, i64 first, bool clip)
      : count(num_edges - 1 - first < most ? num_edges - 1 - first : most) {
    const T beyond = clip ? T(0) : FloatTraits<T>::infinity;
    for (i64 t = 0; t < count; ++t) {
      const i64 bin = first + t;
      left[t] = static_cast<T>(edges[bin]);
      per_size[t] = static_cast<T>(1 / (edges[bin + 1] - edges[bin]));
      low[t] = bin == 0 ? -beyond : T(0);
      high[t] = bin == num_edges - 2 ? T(1) + beyond : T(1);
    }
  }
};

// run(column, first output column, bins) for all bins that the settings of an op describe: clip, then for
// each column the number of its edges, and the edges.
template <class T, class Run>
LAMINA_INLINE void over_bins(const double* settings, i64 width, Run run) {
  const bool clip = settings[0] != 0;
  const double* place = settings + 1;
  i64 at = 0;
  for (i64 column = 0; column < width; ++column) {
    const i64 num_edges = static_cast<i64>(*place++);
    for (i64 first = 0; first + 1 < num_edges; first += Bins<T>::most) {
      const Bins<T> bins(place, num_edges, first, clip);
      run(column, at, bins);
      at += bins.count;
    }
    place += num_edges;
  }
}

template <class T>
void piecewise_linear_forward(T* __restrict out, const T* __restrict x, i64 n, i64 width, i64 num_bins,
                              const double* settings) {
  over_bins<T>(settings, width, [=](i64 column, i64 at, const Bins<T>& bins) {
    for (i64 i = 0; i < n; ++i) {
      const T a = x[i * width + column];
      T* row = out + i * num_bins + at;
      LAMINA_SIMD
      for (i64 t = 0; t < bins.count; ++t)
        row[t] = clamp((a - bins.left[t]) * bins.per_size[t], bins.low[t], bins.high[t]);
    }
  });
}

// At an edge the slope is 0.
template <class T>
void piecewise_linear_backward(T* __restrict d_x, const T* __restrict d_out, const T* __restrict out, i64 n,
                               i64 width, i64 num_bins, const double* settings) {
  for (i64 i = 0; i < n * width; ++i) d_x[i] = 0;
  over_bins<T>(settings, width, [=](i64 column, i64 at, const Bins<T>& bins) {
    for (i64 i = 0; i < n; ++i) {
      const T* d_row = d_out + i * num_bins + at;
      const T* row = out + i * num_bins + at;
      T sum = 0;
      LAMINA_SIMD_SUM(sum)
      for (i64 t = 0; t < bins.count; ++t)
        sum += row[t] > bins.low[t] && row[t] < bins.high[t] ? d_row[t] * bins.per_size[t] : T(0);
      d_x[i * width + column] += sum;
    }
  });
}

}  // namespace
}  // namespace lamina
