// A threshold unit that learns by Rosenblatt's rule, one row per step. engine/reference/perceptron.py is
// easier to read.
//
// Sums are computed in the order of the features, as in scikit-learn, so that both make exactly the same
// mistakes. In such a sum every addition waits for the one before; so the sums of the next few rows are
// computed side by side, and those after a mistake are computed again.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "executor/sources.hpp"
#include "random/purposes.hpp"

namespace lamina {

struct PerceptronRule {
  double learning_rate = 1.0;
  double bias_rate = 1.0;  // factor of the bias's steps; 0: no bias
  double alpha = 0.0;      // strength of the penalty
  double l1_ratio = 0.0;   // the fraction of L1 in it
};

// The results of the epochs of a call.
struct PerceptronEpochs {
  std::vector<double> losses;  // means over the rows, penalty included
  std::vector<i64> mistakes;
  std::vector<i64> places;  // positions of the mistakes in the last epoch's order
  bool is_finite = true;    // whether the weights are
};

// The rows' stored values and their columns.
template <class T>
struct DenseRow {
  const T* values;
  i64 size;
  i64 column(i64 j) const { return j; }
};
template <class T, class Index>
struct SparseRow {
  const T* values;
  i64 size;
  const Index* columns;
  i64 column(i64 j) const { return static_cast<i64>(columns[j]); }
};

template <class T>
struct DenseRows {
  const T* values;
  i64 width;
  DenseRow<T> operator[](i64 i) const { return {values + i * width, width}; }
};
template <class T, class Index>
struct SparseRows {
  const T* values;
  const Index *columns, *offsets;
  SparseRow<T, Index> operator[](i64 i) const {
    return {values + offsets[i], static_cast<i64>(offsets[i + 1] - offsets[i]), columns + offsets[i]};
  }
};

inline constexpr i64 kLookAhead = 4;

// products[k] = w · x[order[k]] for k < count <= kLookAhead
template <class Rows, class T>
void look_ahead(double* products, const Rows& rows, const i64* order, i64 count, const T* w) {
  for (i64 k = 0; k < count; ++k) {
    const auto row = rows[order[k]];
    double sum = 0.0;
    for (i64 j = 0; j < row.size; ++j) sum += static_cast<double>(w[row.column(j)] * row.values[j]);
    products[k] = sum;
  }
}

template <class T>
void look_ahead(double* products, const DenseRows<T>& rows, const i64* order, i64 count, const T* w) {
  static_assert(kLookAhead == 4);
  // At the end of an epoch the last row is repeated.
  const T* x[kLookAhead];
  for (i64 k = 0; k < kLookAhead; ++k) x[k] = rows[order[std::min(k, count - 1)]].values;
  double a = 0.0, b = 0.0, c = 0.0, d = 0.0;
  for (i64 j = 0; j < rows.width; ++j) {
    a += static_cast<double>(w[j] * x[0][j]);
    b += static_cast<double>(w[j] * x[1][j]);
    c += static_cast<double>(w[j] * x[2][j]);
    d += static_cast<double>(w[j] * x[3][j]);
  }
  products[0] = a, products[1] = b, products[2] = c, products[3] = d;
}

template <class T>
class Perceptron {
 public:
  // targets (-1 or +1) and weights (>= 0) of the rows, (x.rows,), are borrowed. rows are the numbers of those
  // to learn from.
  Perceptron(const Source& x, const double* targets, const double* row_weights, std::vector<i64> rows,
             std::vector<T> weights, double bias, const PerceptronRule& rule)
      : x_(x),
        targets_(targets),
        row_weights_(row_weights),
        rows_(std::move(rows)),
        order_(rows_),
        w_(std::move(weights)),
        bias_(bias),
        rule_(rule),
        shrinkage_(
            static_cast<T>(std::max(0.0, 1.0 - (1.0 - rule.l1_ratio) * rule.learning_rate * rule.alpha))),
        due_a_step_(rule.l1_ratio * rule.learning_rate * rule.alpha) {
    if (due_a_step_ > 0.0) paid_.assign(w_.size(), T(0));
    for (const T w : w_) {
      squares_ += static_cast<double>(w) * static_cast<double>(w);
      absolutes_ += std::abs(static_cast<double>(w));
    }
  }

  // Runs epochs in the order of the rows, or with a seed each in its own random order, or in a given order.
  PerceptronEpochs learn(const i64* order, std::optional<std::uint64_t> seed, std::uint32_t first_epoch,
                         i64 epochs, void (*permute)(i64*, i64, RandomKey)) {
    PerceptronEpochs found;
    while (static_cast<i64>(found.losses.size()) < epochs && found.is_finite) {
      const auto epoch = first_epoch + static_cast<std::uint32_t>(found.losses.size());
      if (seed) shuffle({*seed, kShuffle, epoch, 0}, permute);
      const double loss = run(order ? order : order_.data());
      found.losses.push_back(loss / static_cast<double>(rows_.size()));
      found.mistakes.push_back(static_cast<i64>(places_.size()));
      found.is_finite =
          std::isfinite(bias_) && std::all_of(w_.begin(), w_.end(), [](T w) { return std::isfinite(w); });
      if (places_.empty() && rule_.alpha == 0.0) {  // nothing can change any more
        found.losses.resize(static_cast<std::size_t>(epochs), found.losses.back());
        found.mistakes.resize(static_cast<std::size_t>(epochs), 0);
      }
    }
    found.places = places_;
    return found;
  }

  std::vector<T> weights() const {
    std::vector<T> weights = w_;
    for (T& w : weights) w *= static_cast<T>(scale_);
    return weights;
  }
  double bias() const { return bias_; }

 private:
  void shuffle(RandomKey key, void (*permute)(i64*, i64, RandomKey)) {
    permute(order_.data(), static_cast<i64>(order_.size()), key);
    for (i64& i : order_) i = rows_[static_cast<std::size_t>(i)];
  }

  // Runs one epoch; returns the sum of its rows' losses.
  double run(const i64* order) {
    places_.clear();
    const T* values = static_cast<const T*>(x_.values);
    if (!x_.sparse()) return run(DenseRows<T>{values, x_.width}, order);
    if (x_.wide_index) return run(compressed<std::int64_t>(values), order);
    return run(compressed<std::int32_t>(values), order);
  }

  template <class Index>
  SparseRows<T, Index> compressed(const T* values) const {
    return {values, static_cast<const Index*>(x_.columns), static_cast<const Index*>(x_.offsets)};
  }

  template <class Rows>
  double run(const Rows& rows, const i64* order) {
    const i64 n = static_cast<i64>(rows_.size());
    double loss = 0.0;
    for (i64 place = 0; place < n;) {
      const i64 count = std::min(due_a_step_ > 0.0 ? 1 : kLookAhead, n - place);
      double products[kLookAhead];
      look_ahead(products, rows, order + place, count, w_.data());
      bool stays = true;
      for (i64 k = 0; k < count && stays; ++k, ++place)
        stays = take(rows[order[place]], order[place], products[k], place, loss);
    }
    return loss;
  }

  // Takes a step; returns whether the stored weights are unchanged.
  template <class Row>
  bool take(const Row& row, i64 i, double product, i64 place, double& loss) {
    const double z = static_cast<double>(static_cast<T>(product * scale_)) + bias_;
    const double margin = z * targets_[i];
    const bool is_wrong = margin <= 0.0;
    if (is_wrong) loss -= margin;
    if (rule_.alpha > 0.0) loss += penalty();
    const double step = is_wrong ? rule_.learning_rate * targets_[i] * row_weights_[i] : 0.0;
    bool stays = rule_.alpha == 0.0 || shrink();
    if (step != 0.0) {
      add(row, static_cast<T>(step));
      bias_ += step * rule_.bias_rate;
      places_.push_back(place);
      stays = false;
    }
    if (due_a_step_ > 0.0) {
      due_ += due_a_step_;
      pay(row);
    }
    return stays;
  }

  double penalty() const {
    const double norm = static_cast<double>(static_cast<T>(std::sqrt(squares_)));
    return rule_.alpha * ((1.0 - rule_.l1_ratio) * 0.5 * norm * norm +
                          rule_.l1_ratio * static_cast<double>(static_cast<T>(absolutes_)));
  }

  // Applies the L2 penalty of a step, only to the scale until that is small; returns whether the stored
  // weights are unchanged.
  bool shrink() {
    scale_ *= static_cast<double>(shrinkage_);
    squares_ *= static_cast<double>(shrinkage_ * shrinkage_);
    absolutes_ *= static_cast<double>(shrinkage_);
    if (scale_ >= (sizeof(T) == sizeof(double) ? 1e-9 : 1e-6)) return true;
    w_ = weights();
    scale_ = 1.0;
    return false;
  }

  // Norms are over the row's stored features, as in scikit-learn; for dense rows, over all.
  template <class Row>
  void add(const Row& row, T step) {
    const T scale = static_cast<T>(scale_);
    const auto stored_step = static_cast<double>(step / scale);
    double squares = 0.0, absolutes = 0.0;
    T* const w = w_.data();
    for (i64 j = 0; j < row.size; ++j) {
      T& weight = w[row.column(j)];
      weight = static_cast<T>(static_cast<double>(weight) + static_cast<double>(row.values[j]) * stored_step);
      if (rule_.alpha > 0.0) {
        squares += static_cast<double>(weight * weight);
        absolutes += std::abs(static_cast<double>(weight));
      }
    }
    squares_ = squares * static_cast<double>(scale * scale);
    absolutes_ = absolutes * static_cast<double>(scale);
  }

  // Applies the accumulated L1 penalty without crossing zero (Tsuruoka, Tsujii & Ananiadou 2009).
  template <class Row>
  void pay(const Row& row) {
    for (i64 j = 0; j < row.size; ++j) {
      T& weight = w_[static_cast<std::size_t>(row.column(j))];
      T& paid = paid_[static_cast<std::size_t>(row.column(j))];
      const auto before = static_cast<double>(weight);
      if (before > 0.0)
        weight = static_cast<T>(std::max(0.0, before - (due_ + static_cast<double>(paid)) / scale_));
      if (before < 0.0)
        weight = static_cast<T>(std::min(0.0, before + (due_ - static_cast<double>(paid)) / scale_));
      paid = static_cast<T>(static_cast<double>(paid) + scale_ * (static_cast<double>(weight) - before));
    }
  }

  Source x_;
  const double *targets_, *row_weights_;
  std::vector<i64> rows_, order_, places_;
  std::vector<T> w_, paid_;  // the weights are scale_ * w_; paid_: L1 penalty already applied to each
  double bias_;
  PerceptronRule rule_;
  T shrinkage_;
  double due_a_step_, due_ = 0.0, scale_ = 1.0;
  double squares_ = 0.0, absolutes_ = 0.0;  // sums over the weights
};

}  // namespace lamina
