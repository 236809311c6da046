// Nesterov's momentum (1983), in the form of Sutskever et al. 2013: v = decay1 v + g; w -= rate (g + decay1
// v). Coefficients: (momentum,).
#pragma once

#include "rules/momentum.hpp"

namespace lamina {

struct Nesterov : Momentum {
  static constexpr const char* name = "nesterov";

  static double unit_step(double learning_rate, const UpdateNumbers& numbers, const RuleStep& step) {
    return learning_rate * (1.0 + numbers.decay1 * step.sum_of_powers(0));
  }

  template <class V>
  LAMINA_INLINE static V updated(V w, V g, V& v, V&, const auto& a) {
    v = a.decay1 * v + g;
    return a.keep * w - a.rate * (g + a.decay1 * v);
  }
};

}  // namespace lamina
