// Momentum (Polyak 1964): v = decay1 v + g; w -= rate v. Coefficients: (momentum,).
#pragma once

#include "rules/rule.hpp"

namespace lamina {

struct Momentum {
  static constexpr const char* name = "momentum";
  static constexpr int slots = 1;
  static constexpr bool divides = false;

  static void numbers(UpdateNumbers& numbers, const RuleStep& step) { numbers.decay1 = step.coefficients[0]; }

  static double unit_step(double learning_rate, const UpdateNumbers&, const RuleStep& step) {
    return learning_rate * step.sum_of_powers(0);
  }

  template <class V>
  LAMINA_INLINE static V updated(V w, V g, V& v, V&, const auto& a) {
    v = a.decay1 * v + g;
    return a.keep * w - a.rate * v;
  }

  static double largest_step(Bounds& b) {
    b.slot1 = b.grown(b.slot1, b.gradient);
    return b.rate * (b.slot1 + b.gradient);
  }
};

}  // namespace lamina
