// Upper bounds of the weights and their slots, updated from step to step.
//
// To check every new weight takes 1 to 3 % of a step of a small network. These bounds cost a few comparisons,
// and are usually far below overflow. If they are not, the update checks the weights
// (Kernels::update_watched).
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "executor/update.hpp"
#include "rules/rules.hpp"

namespace lamina {

template <class T>
class Reach {
 public:
  Reach() = default;  // nothing is known, and nothing allowed
  // The largest magnitudes in the weights and their slots.
  Reach(double w, double slot1, double slot2) : w_(w), slot1_(slot1), slot2_(slot2), known_(true) {}

  bool known() const { return known_; }

  // Whether a step with gradients of at most `gradient` is among those that `extend` allowed.
  bool allows(const UpdateNumbers& numbers, double gradient) {
    return gradient <= gradient_ && std::abs(numbers.rate) <= rate_ &&
           std::abs(numbers.from_moment) <= from_moment_ && std::abs(numbers.keep) <= keep_ &&
           numbers.root <= root_ && steps_-- > 0;
  }

  // Allows this many steps (at most 64), as long as their gradients and numbers are at most `headroom` times
  // these, if everything that they compute is certainly finite, including rounding. Formulas: rules/.
  bool extend(Rule rule, const UpdateNumbers& numbers, double gradient, i64 steps, double headroom) {
    // Gradients differ by orders of magnitude from row to row: the bound is the largest so far, if possible.
    gradient_ = headroom > 1 ? std::max(gradient_, headroom * gradient) : gradient;
    rate_ = headroom * std::abs(numbers.rate);
    from_moment_ = headroom * std::abs(numbers.from_moment);
    keep_ = std::max(1.0, std::abs(numbers.keep));
    root_ = numbers.root;
    steps_ = 0;
    if (numbers.decay1 > 1 || numbers.decay2 > 1) return false;
    Reach after = *this;
    if (!after.advance(rule, numbers, static_cast<double>(steps))) return false;
    *this = after;
    steps_ = steps;
    return true;
  }

 private:
  // Computes the bounds after the steps; returns whether they are still useful.
  bool advance(Rule rule, const UpdateNumbers& numbers, double steps) {
    const double eps = static_cast<double>(static_cast<T>(numbers.eps));
    const double squares = numbers.fresh2 * gradient_ * gradient_;
    Bounds bounds{steps, gradient_, rate_, from_moment_, numbers.fresh1, squares, eps, slot1_, slot2_};
    double step = 0, divisor = 0;
    Rules::with(rule, [&]<class R>() {
      step = R::largest_step(bounds);
      if (R::divides) divisor = R::slots == 2 ? bounds.slot2 : bounds.slot1;
    });
    slot1_ = bounds.slot1;
    slot2_ = bounds.slot2;
    w_ = Bounds::kSlack * std::pow(keep_, steps) * (w_ + steps * step);
    // A sum of all intermediate values, none of them negative, so that NaN and infinity show.
    const double highest = keep_ + rate_ + from_moment_ + gradient_ + rate_ * gradient_ + step * eps + step +
                           slot1_ + slot2_ + (1 + divisor) * (1 + root_) + w_;
    return highest < static_cast<double>(std::numeric_limits<T>::max()) / 4;
  }

  double w_ = 0, slot1_ = 0, slot2_ = 0;
  double gradient_ = 0, rate_ = 0, from_moment_ = 0, keep_ = 0, root_ = 0;
  i64 steps_ = 0;
  bool known_ = false;
};

// The reach of the current weights and slots.
template <class T>
Reach<T> measure_reach(const Kernels<T>& kernels, const Weights<T>& weights) {
  const auto largest = [&](const T* from) {
    return from ? static_cast<double>(kernels.largest(from, weights.num_parameters)) : 0.0;
  };
  return {largest(weights.parameters), largest(weights.slot(0, 0)), largest(weights.slot(1, 0))};
}

}  // namespace lamina
