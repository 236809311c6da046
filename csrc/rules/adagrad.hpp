// Adagrad (Duchi, Hazan & Singer 2011): RMSprop with a sum in place of the mean of squares. Coefficients:
// (eps,).
#pragma once

#include "rules/rmsprop.hpp"

namespace lamina {

struct Adagrad : RMSprop {
  static constexpr const char* name = "adagrad";

  static void numbers(UpdateNumbers& numbers, const RuleStep& step) {
    numbers.decay2 = numbers.fresh2 = 1.0;
    numbers.eps = step.coefficients[0];
  }
};

}  // namespace lamina
