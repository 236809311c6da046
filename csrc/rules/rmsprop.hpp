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

  template <class V>
  LAMINA_INLINE static V updated(V w, V g, V& s, V&, const auto& a) {
    s = a.decay2 * s + a.fresh2 * g * g;
    return a.keep * w - a.rate * g / (a.square_root(s) + a.eps);
  }

  static double largest_step(Bounds& b) {
    b.slot1 = b.grown(b.slot1, b.squares);
    return b.rate * b.gradient / b.eps;
  }
};

}  // namespace lamina
