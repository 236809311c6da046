// Adam (Kingma & Ba 2015, algorithm 1): m = decay1 m + fresh1 g; s = decay2 s + fresh2 g^2;
// w -= from_moment m / (sqrt(s) root + eps). Coefficients: (beta1, beta2, eps).
#pragma once

#include <cmath>

#include "rules/rule.hpp"

namespace lamina {

struct Adam {
  static constexpr const char* name = "adam";
  static constexpr int slots = 2;
  static constexpr bool divides = true;

  static void numbers(UpdateNumbers& numbers, const RuleStep& step) {
    const double beta1 = step.coefficients[0], beta2 = step.coefficients[1];
    numbers.decay1 = beta1;
    numbers.fresh1 = 1.0 - beta1;
    numbers.decay2 = beta2;
    numbers.fresh2 = 1.0 - beta2;
    numbers.root = 1.0 / std::sqrt(1.0 - step.power(1));
    numbers.eps = step.coefficients[2];
    numbers.from_moment = numbers.rate / (1.0 - step.power(0));
  }

  static double unit_step(double learning_rate, const UpdateNumbers&, const RuleStep&) {
    return learning_rate;
  }

  template <class V>
  LAMINA_INLINE static V divisor(V s, const auto& a) {
    return a.square_root(s) * a.root + a.eps;
  }

  template <class V>
  LAMINA_INLINE static V updated(V w, V g, V& m, V& s, const auto& a) {
    m = a.decay1 * m + a.fresh1 * g;
    s = a.decay2 * s + a.fresh2 * g * g;
    return a.keep * w - a.from_moment * m / divisor(s, a);
  }

  static double largest_step(Bounds& b) {
    b.slot1 = b.grown(b.slot1, b.fresh1 * b.gradient);
    b.slot2 = b.grown(b.slot2, b.squares);
    return (b.from_moment * b.slot1 + b.rate * b.gradient) / b.eps;
  }
};

}  // namespace lamina
