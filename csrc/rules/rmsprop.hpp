// RMSprop (Tieleman & Hinton 2012): s = decay2 s + fresh2 g^2; w -= rate g / (sqrt(s) + eps).
// Coefficients: (rho, eps).
#pragma once

#include "rules/rule.hpp"

namespace lamina {

struct RMSprop {
  static constexpr const char* name = "rmsprop";
  static constexpr int slots = 1;
  static constexpr bool divides = true;

  static void numbers(UpdateNumbers& numbers, const RuleStep& step) {
    numbers.decay2 = step.coefficients[0];
    numbers.fresh2 = 1.0 - step.coefficients[0];
    numbers.eps = step.coefficients[1];
  }

  static double unit_step(double learning_rate, const UpdateNumbers&, const RuleStep&) {
    return learning_rate;
  }

  template <class V>
  LAMINA_INLINE static V divisor(V s, const auto& a) {
    return a.square_root(s) + a.eps;
  }

  template <class V>
  LAMINA_INLINE static V updated(V w, V g, V& s, V&, const auto& a) {
    s = a.decay2 * s + a.fresh2 * g * g;
    return a.keep * w - a.rate * g / divisor(s, a);
  }

  static double largest_step(Bounds& b) {
    b.slot1 = b.grown(b.slot1, b.squares);
    return b.rate * b.gradient / b.eps;
  }
};

}  // namespace lamina
