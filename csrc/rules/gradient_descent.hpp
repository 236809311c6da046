// Gradient descent (Cauchy 1847): w -= rate g.
#pragma once

#include "rules/rule.hpp"

namespace lamina {

struct GradientDescent {
  static constexpr const char* name = "gradient_descent";
  static constexpr int slots = 0;
  static constexpr bool divides = false;

  static void numbers(UpdateNumbers&, const RuleStep&) {}

  static double unit_step(double learning_rate, const UpdateNumbers&, const RuleStep&) {
    return learning_rate;
  }

  template <class V>
  LAMINA_INLINE static V updated(V w, V g, V&, V&, const auto& a) {
    return a.keep * w - a.rate * g;
  }

  static double largest_step(Bounds& b) { return b.rate * b.gradient; }
};

}  // namespace lamina
