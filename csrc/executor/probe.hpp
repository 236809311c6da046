// A probe of a layer, from the buffers of both passes: lamina/engine/probe.py says what is measured.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "executor/context.hpp"

namespace lamina {

// A layer that makes units: buffers, the op of its activation and the parameter of its weights, or -1. `flat`
// is the largest slope at which the activation counts as flat.
struct ProbedLayer {
  int sums, output, activation, weight;
  double flat;
};

// The inner edges of the histogram's bins; the outermost are infinite.
struct Bins {
  const double* edges;
  i64 count;
};

// The numbers of one layer; a row of a table of doubles, the histogram's shares behind it.
struct LayerNumbers {
  double mean, std, zero, sum_mean, sum_std, flat, dead, gradient_rms, gradient_zero, weight_norm,
      weight_gradient_norm, weight_gradient_rms, weight_gradient_zero, distinct, non_finite;
};
inline constexpr i64 kLayerNumbers = sizeof(LayerNumbers) / sizeof(double);

// Units whose weights differ by no more than this share of the layer's largest weight count as one.
inline constexpr double kSameUnit = 1e-3;

inline constexpr i64 kScreened = 8;  // weights of each unit that are compared before all of them are

// Leaves those of `units` for which another one's entry of `row` may be within the tolerance: it is in the
// same bucket, as wide as the tolerance, or in the next one. `counts` is room for all buckets.
template <class T>
void leave_near(std::vector<i64>& units, std::vector<int>& counts, const T* row, double tolerance) {
  const auto bucket = [&](i64 unit) {
    return static_cast<i64>(std::floor(static_cast<double>(row[unit]) / tolerance)) +
           static_cast<i64>(counts.size()) / 2;
  };
  std::fill(counts.begin(), counts.end(), 0);
  for (const i64 unit : units) ++counts[bucket(unit)];
  std::erase_if(units, [&](i64 unit) {
    const i64 own = bucket(unit);
    return counts[own - 1] + counts[own] + counts[own + 1] == 1;
  });
}

// Columns of w (rows, columns), whose largest magnitude is given, that differ from all before them. Those
// that are far from all others in one row do; the few that are left are compared with each other.
template <class T>
i64 count_distinct(const T* w, i64 rows, i64 columns, T largest) {
  const T tolerance = static_cast<T>(kSameUnit * static_cast<double>(largest));
  std::vector<i64> left(columns), distinct;
  std::iota(left.begin(), left.end(), i64{0});
  // a tolerance that has lost digits would need more buckets
  if (tolerance >= std::numeric_limits<T>::min() && std::isfinite(tolerance)) {
    std::vector<int> counts(2 * static_cast<std::size_t>(1 / kSameUnit) + 8);
    for (i64 i = 0; i < std::min(kScreened, rows); ++i)
      leave_near(left, counts, w + i * columns, static_cast<double>(tolerance));
  }
  const auto same = [&](i64 a, i64 b) {
    for (i64 i = 0; i < rows; ++i)
      if (!(std::abs(w[i * columns + a] - w[i * columns + b]) <= tolerance)) return false;
    return true;
  };
  for (const i64 c : left)
    if (std::none_of(distinct.begin(), distinct.end(), [&](i64 d) { return same(d, c); }))
      distinct.push_back(c);
  return columns - static_cast<i64>(left.size()) + static_cast<i64>(distinct.size());
}

// The shares of x in the bins; NaN lies in none.
template <class T>
void probe_histogram(double* shares, const Kernels<T>& kernels, const T* x, i64 size, const Bins& bins,
                     bool is_finite) {
  std::vector<i64> below(bins.count + 1);
  kernels.count_below(below.data(), x, size, bins.edges, bins.count);
  below[bins.count] = size;
  if (!is_finite)
    for (i64 j = 0; j < size; ++j) below[bins.count] -= x[j] != x[j];
  i64 before = 0;
  for (i64 k = 0; k <= bins.count; ++k) {
    shares[k] = static_cast<double>(below[k] - before) / static_cast<double>(size);
    before = below[k];
  }
}

// How many numbers of x are not finite, if something that is made of all of them is not.
template <class T>
double not_finite(const Kernels<T>& kernels, double made_of_all, const T* x, i64 size) {
  return std::isfinite(made_of_all) ? 0 : static_cast<double>(kernels.count_non_finite(x, size));
}

// The shares of sums and of units at which the activation is flat. Its slope is what its backward pass makes
// of ones; softmax, whose units share their gradients, is judged by the diagonal of its Jacobian. flat_units
// (width,) or null: at which units it is flat in every row.
template <class T>
void probe_flatness(LayerNumbers& found, bool* flat_units, const Context<T>& context, const Op& op,
                    double most) {
  const Kernels<T>& kernels = context.kernels;
  const i64 width = context.width(op.output), size = context.n() * width;
  const T* out = context.value(op.output);
  T* slope = context.work.scratch;
  if (op.function == Function::softmax) {
    for (i64 j = 0; j < size; ++j) slope[j] = out[j] * (T(1) - out[j]);
  } else {
    std::fill_n(slope, size, T(1));
    kernels.activation_backward(slope, slope, context.value(op.inputs[0]), out, context.n(), width,
                                op.function, op.settings.data());
  }
  std::vector<T> steep(width);
  const i64 flat = kernels.count_flat(steep.data(), slope, context.n(), width, most);
  found.flat = static_cast<double>(flat) / static_cast<double>(size);
  found.dead = static_cast<double>(kernels.count_zeros(steep.data(), width)) / static_cast<double>(width);
  if (flat_units) std::transform(steep.begin(), steep.end(), flat_units, [](T any) { return any == 0; });
}

// After the forward pass: the numbers of sums and outputs. All others are NaN.
template <class T>
void probe_forward(LayerNumbers& found, double* histogram, bool* flat_units, const Context<T>& context,
                   const ProbedLayer& layer, const Bins& bins) {
  const Kernels<T>& kernels = context.kernels;
  constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
  const i64 size = context.n() * context.width(layer.output);
  const i64 num_sums = context.n() * context.width(layer.sums);
  const T *out = context.value(layer.output), *sums = context.value(layer.sums);
  found = {0, 0, 0, 0, 0, nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing, 0};
  kernels.spread(&found.mean, &found.std, out, size);
  found.zero = static_cast<double>(kernels.count_zeros(out, size)) / static_cast<double>(size);
  kernels.spread(&found.sum_mean, &found.sum_std, sums, num_sums);
  found.non_finite = not_finite(kernels, found.mean, out, size);
  probe_histogram(histogram, kernels, sums, num_sums, bins, std::isfinite(found.sum_mean));
  if (layer.activation >= 0)
    probe_flatness(found, flat_units, context, context.program.ops[layer.activation], layer.flat);
}

// After the backward pass from the mean loss of rows with this sum of weights.
template <class T>
void probe_backward(LayerNumbers& found, const Context<T>& context, const ProbedLayer& layer,
                    double weight_sum) {
  if (!context.work.d_value_written[layer.sums]) return;
  const Kernels<T>& kernels = context.kernels;
  const i64 size = context.n() * context.width(layer.sums);
  const T* d_sums = context.d_value(layer.sums);
  double squares = 0;
  i64 zeros = 0;
  kernels.size_up(&squares, &zeros, d_sums, size);
  found.gradient_rms = weight_sum * std::sqrt(squares / static_cast<double>(size));
  found.gradient_zero = static_cast<double>(zeros) / static_cast<double>(size);
  found.non_finite += not_finite(kernels, squares, d_sums, size);
}

// The sum of the squares of a layer's weights, and their largest magnitude.
template <class T>
struct WeightSize {
  double squares = 0;
  T largest = 0;
};

template <class T>
void probe_weights(LayerNumbers& found, const Context<T>& context, const ProbedLayer& layer,
                   const WeightSize<T>& size) {
  if (layer.weight < 0) return;
  const Parameter& weight = context.program.parameters[layer.weight];
  found.weight_norm = std::sqrt(size.squares);
  found.distinct = 0;
  for (i64 i = 0; i < weight.matrices(); ++i)
    found.distinct += static_cast<double>(
        count_distinct(context.parameters + weight.offset + i * weight.rows * weight.columns, weight.rows,
                       weight.columns, size.largest));
}

// After the backward pass.
template <class T>
void probe_weight_gradient(LayerNumbers& found, const Context<T>& context, const ProbedLayer& layer) {
  if (layer.weight < 0 || !context.program.parameters[layer.weight].trainable) return;
  const Parameter& weight = context.program.parameters[layer.weight];
  const double size = static_cast<double>(weight.size);
  double squares = 0;
  i64 zeros = 0;
  context.kernels.size_up(&squares, &zeros, context.gradient + weight.offset, weight.size);
  found.weight_gradient_norm = std::sqrt(squares);
  found.weight_gradient_rms = std::sqrt(squares / size);
  found.weight_gradient_zero = static_cast<double>(zeros) / size;
}

}  // namespace lamina
