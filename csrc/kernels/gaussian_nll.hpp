// Gaussian negative log-likelihood (Nix & Weigend 1994): L = sum_j (log v_j + (z_j - t_j)^2 / v_j) / 2 +
// constant, v_j = e^(s_j) + eps.
//
// Of the 2 k logits of a row, the first k are the means z, the others s the logarithms of the variances.
#pragma once

#include "kernels/head_data.hpp"
#include "kernels/vector_math.hpp"

namespace lamina {
namespace {

template <class T>
struct GaussianTerms {
  T loss, d_mean, d_log_variance;
};

template <class T>
struct GaussianNLL {
  T log_eps, constant;
  LAMINA_INLINE GaussianTerms<T> operator()(T z, T s, T t) const {
    const T above = s - log_eps, e = exponential(-absolute(above));
    const T log_variance = at_least(s, log_eps) + log_one_plus(e);  // cannot overflow
    const T share = (above > 0 ? T(1) : e) / (T(1) + e);            // e^s / v
    const T precision = exponential(T(-0.5) * log_variance);
    const T error = (z - t) * precision;  // in deviations: the square of the whole difference might overflow
    return {T(0.5) * (log_variance + error * error) + constant, error * precision,
            T(0.5) * (share - share * error * error)};
  }
};

// The targets [first, first + count) of all rows, with their logits, which become gradients, and scales;
// padded to whole vectors with a scale of 0.
template <class T>
struct GaussianBlock {
  T mean[kHeadBlock], log_variance[kHeadBlock], target[kHeadBlock], scale[kHeadBlock];
};

// Calls visit(j, mean, log_variance) for the targets [first, first + count), with the places of their logits
// among those of all rows.
template <class Visit>
LAMINA_INLINE void visit_pairs(i64 first, i64 count, i64 num_targets, Visit visit) {
  i64 column = first % num_targets, row = first / num_targets * 2 * num_targets;
  for (i64 j = 0; j < count; ++j) {
    visit(j, row + column, row + num_targets + column);
    if (++column == num_targets) {
      column = 0;
      row += 2 * num_targets;
    }
  }
}

template <class T>
LAMINA_INLINE void load_block(GaussianBlock<T>& block, const HeadData<T>& data, i64 first, i64 count,
                              i64 padded) {
  visit_pairs(first, count, data.target_width, [&](i64 j, i64 mean, i64 log_variance) {
    block.mean[j] = data.logits[mean];
    block.log_variance[j] = data.logits[log_variance];
  });
  HeadData<T> by_target = data;
  by_target.width = data.target_width;
  spread_scale(block.scale, by_target, first, count);
  for (i64 j = 0; j < count; ++j) block.target[j] = data.target[first + j];
  for (i64 j = count; j < padded; ++j) {
    block.mean[j] = block.log_variance[j] = block.target[j] = block.scale[j] = 0;
  }
}

// sum_i scale_i L_i, and the gradient if d_logits (n, width) is not null; settings: eps, constant.
template <class T>
double gaussian_nll(T* d_logits, const HeadData<T>& data, i64 n, const double* settings) {
  const GaussianNLL<T> loss{static_cast<T>(logarithm(settings[0])), static_cast<T>(settings[1])};
  GaussianBlock<T> block;
  double total = 0;
  const i64 size = n * data.target_width;
  for (i64 first = 0; first < size; first += kHeadBlock) {
    const i64 count = size - first < kHeadBlock ? size - first : kHeadBlock;
    const i64 padded = (count + kLanes<T> - 1) / kLanes<T> * kLanes<T>;
    load_block(block, data, first, count, padded);
    T sum = 0;
    LAMINA_SIMD_SUM(sum)
    for (i64 j = 0; j < padded; ++j) {
      const GaussianTerms<T> at = loss(block.mean[j], block.log_variance[j], block.target[j]);
      sum += block.scale[j] * at.loss;
      block.mean[j] = block.scale[j] * at.d_mean;
      block.log_variance[j] = block.scale[j] * at.d_log_variance;
    }
    total += static_cast<double>(sum);
    if (!d_logits) continue;
    visit_pairs(first, count, data.target_width, [&](i64 j, i64 mean, i64 log_variance) {
      d_logits[mean] = block.mean[j];
      d_logits[log_variance] = block.log_variance[j];
    });
  }
  return total;
}

}  // namespace
}  // namespace lamina
