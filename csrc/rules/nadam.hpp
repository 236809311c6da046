// Nadam (Dozat 2016): Adam with w -= (from_moment m + rate g) / (sqrt(s) root + eps). Coefficients: (beta1,
// beta2, eps, psi).
#pragma once

#include "rules/adam.hpp"
#include "rules/nadam_momentum.hpp"

namespace lamina {

struct Nadam : Adam {
  static constexpr const char* name = "nadam";

  static void numbers(UpdateNumbers& numbers, const RuleStep& step) {
    Adam::numbers(numbers, step);
    const double rate = numbers.rate;
    const NadamMomentum mu =
        nadam_momentum(step.coefficients[0], step.power(0), step.coefficients[3], step.t);
    numbers.from_moment = rate * mu.next / (1.0 - mu.product * mu.next);
    numbers.rate = rate * (1.0 - mu.current) / (1.0 - mu.product);
  }

  static double unit_step(double, const UpdateNumbers& numbers, const RuleStep& step) {
    return numbers.rate + numbers.from_moment * (1.0 - step.power(0));
  }

  template <class V>
  LAMINA_INLINE static V updated(V w, V g, V& m, V& s, const auto& a) {
    m = a.decay1 * m + a.fresh1 * g;
    s = a.decay2 * s + a.fresh2 * g * g;
    return a.keep * w - (a.from_moment * m + a.rate * g) / divisor(s, a);
  }
};

}  // namespace lamina
