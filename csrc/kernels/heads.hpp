// Loss heads: sum_i scale_i L(logits_i, target_i) and its gradient.
//
// Elementwise losses go through padded blocks on the stack: one loop for every width, with each row's scale
// (and, for quantiles, target and level) spread over its elements first.
#pragma once

#include "kernels/categorical_hinge.hpp"
#include "kernels/gaussian_nll.hpp"
#include "kernels/losses.hpp"
#include "kernels/map.hpp"
#include "kernels/softmax_cross_entropy.hpp"
#include "kernels/tables.hpp"

namespace lamina {
namespace {

// Elements [first, first + count) of the logits, and their targets, scales and levels; padded to whole
// vectors with a scale of 0, and targets of 1, for which every loss is finite.
template <class T>
struct HeadBlock {
  T logit[kHeadBlock], target[kHeadBlock], scale[kHeadBlock], level[kHeadBlock];
};

// Quantiles: target j and level i belong to column j * levels + i.
template <class T>
LAMINA_INLINE void spread_levels(HeadBlock<T>& block, const HeadData<T>& data, i64 first, i64 count) {
  const i64 num_levels = data.width / data.target_width;
  i64 level = first % num_levels;
  const T* target = data.target + first / num_levels;
  for (i64 j = 0; j < count; ++j) {
    block.target[j] = *target;
    block.level[j] = static_cast<T>(data.levels[level]);
    if (++level == num_levels) {
      level = 0;
      ++target;
    }
  }
}

template <class T>
LAMINA_INLINE void load_block(HeadBlock<T>& block, const HeadData<T>& data, i64 first, i64 count,
                              i64 padded) {
  for (i64 j = 0; j < count; ++j) block.logit[j] = data.logits[first + j];
  spread_scale(block.scale, data, first, count);
  if (data.levels) {
    spread_levels(block, data, first, count);
  } else {
    for (i64 j = 0; j < count; ++j) block.target[j] = data.target[first + j];
    for (i64 j = 0; j < count; ++j) block.level[j] = T(0);
  }
  for (i64 j = count; j < padded; ++j) {
    block.logit[j] = block.scale[j] = block.level[j] = 0;
    block.target[j] = 1;
  }
}

template <class T, class Loss>
double elementwise_head(T* d_logits, const HeadData<T>& data, i64 n, Loss loss) {
  HeadBlock<T> block;
  double total = 0;
  const i64 size = n * data.width;
  for (i64 first = 0; first < size; first += kHeadBlock) {
    const i64 count = size - first < kHeadBlock ? size - first : kHeadBlock;
    const i64 padded = (count + kLanes<T> - 1) / kLanes<T> * kLanes<T>;
    load_block(block, data, first, count, padded);
    T sum = 0;
    LAMINA_SIMD_SUM(sum)
    for (i64 j = 0; j < padded; ++j) {
      const LossAndSlope<T> at = loss(block.logit[j], block.target[j], block.level[j]);
      sum += block.scale[j] * at.loss;
      block.logit[j] = block.scale[j] * at.slope;
    }
    total += static_cast<double>(sum);
    if (d_logits) {
      for (i64 j = 0; j < count; ++j) d_logits[first + j] = block.logit[j];
    }
  }
  return total;
}

// A loss's name in a program, and its sum_i scale_i L_i; see Kernels.
template <class T>
struct HeadRow {
  const char* name;
  double (*run)(T* d_logits, const HeadData<T>& data, i64 n, const double* settings);
};

// A row of losses.hpp; `make` constructs the loss from the head's settings.
template <class T, class Make>
constexpr HeadRow<T> elementwise_row(const char* name, Make) {
  return {name, [](T* d_logits, const HeadData<T>& data, i64 n, const double* settings) {
            return elementwise_head(d_logits, data, n, Make{}(settings));
          }};
}

template <class T>
double quantile_head(T* d_logits, const HeadData<T>& data, i64 n, const double* levels) {
  HeadData<T> with_levels = data;
  with_levels.levels = levels;
  return elementwise_head(d_logits, with_levels, n, Quantile<T>{});
}

template <class T>
constexpr HeadRow<T> kHeads[] = {
    {"external", [](T*, const HeadData<T>&, i64, const double*) { return 0.0; }},  // computed by the caller
    elementwise_row<T>("squared_error", [](const double*) { return SquaredError<T>{}; }),
    elementwise_row<T>("absolute_error", [](const double*) { return AbsoluteError<T>{}; }),
    elementwise_row<T>("huber", [](const double* s) { return Huber<T>{static_cast<T>(s[0])}; }),
    elementwise_row<T>("log_cosh", [](const double*) { return LogCosh<T>{}; }),
    elementwise_row<T>("poisson", [](const double*) { return Poisson<T>{}; }),
    elementwise_row<T>("gamma", [](const double*) { return Gamma<T>{}; }),
    elementwise_row<T>(
        "tweedie",
        [](const double* s) { return Tweedie<T>{static_cast<T>(1 - s[0]), static_cast<T>(2 - s[0])}; }),
    {"gaussian_nll", gaussian_nll<T>},
    {"quantile", quantile_head<T>},
    {"softmax_cross_entropy", softmax_cross_entropy<T>},
    elementwise_row<T>("sigmoid_cross_entropy",
                       [](const double* s) { return SigmoidCrossEntropy<T>{static_cast<T>(s[0])}; }),
    elementwise_row<T>("focal",
                       [](const double* s) {
                         return Focal<T>{static_cast<T>(s[0]), static_cast<T>(s[1]), static_cast<T>(s[2])};
                       }),
    elementwise_row<T>("hinge", [](const double*) { return Hinge<T>{}; }),
    elementwise_row<T>("squared_hinge", [](const double*) { return SquaredHinge<T>{}; }),
    {"categorical_hinge", categorical_hinge<T>},
    elementwise_row<T>("perceptron", [](const double*) { return Perceptron<T>{}; }),
};
static_assert(is_row(kHeads<float>, HeadKind::external, "external"));

const char* head_name(int row) { return name_of(kHeads<float>, row); }

template <class T>
double head(T* d_logits, const T* logits, const T* target, const T* scale, i64 n, i64 width, i64 target_width,
            HeadKind kind, const double* settings) {
  const HeadData<T> data{logits, target, scale, width, target_width, nullptr};
  return kHeads<T>[static_cast<int>(kind)].run(d_logits, data, n, settings);
}

}  // namespace
}  // namespace lamina
