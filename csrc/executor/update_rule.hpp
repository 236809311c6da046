// What an optimizer's formula needs at each step. Formulas: lamina/engine/plan.py, kernels/update.hpp.
#pragma once

#include <cmath>
#include <utility>
#include <vector>

#include "executor/nadam_momentum.hpp"
#include "executor/powers.hpp"
#include "kernels/kernels.hpp"

namespace lamina {

class UpdateRule {
 public:
  // coefficients as in lamina/engine/plan.py
  UpdateRule(Rule rule, std::vector<double> coefficients)
      : rule_(rule),
        coefficients_(std::move(coefficients)),
        beta1_powers_(is_adam() ? coefficients_[0] : 0.0),
        beta2_powers_(is_adam() ? coefficients_[1] : 0.0) {}

  Rule rule() const { return rule_; }

  // step counts from 1
  UpdateNumbers numbers(i64 step, double learning_rate, double weight_decay) {
    UpdateNumbers numbers{};
    numbers.keep = 1.0 - learning_rate * weight_decay;
    numbers.rate = learning_rate;
    switch (rule_) {
      case Rule::gradient_descent:
        break;
      case Rule::momentum:
      case Rule::nesterov:
        numbers.decay1 = coefficients_[0];
        break;
      case Rule::rmsprop:
        numbers.decay2 = coefficients_[0];
        numbers.fresh2 = 1.0 - coefficients_[0];
        numbers.eps = coefficients_[1];
        break;
      case Rule::adagrad:
        numbers.decay2 = numbers.fresh2 = 1.0;
        numbers.eps = coefficients_[0];
        break;
      case Rule::adam:
      case Rule::nadam:
        adam(numbers, step);
    }
    return numbers;
  }

 private:
  bool is_adam() const { return rule_ == Rule::adam || rule_ == Rule::nadam; }

  void adam(UpdateNumbers& numbers, i64 step) {
    const double beta1 = coefficients_[0], beta2 = coefficients_[1], rate = numbers.rate;
    const double power1 = beta1_powers_(step);
    numbers.decay1 = beta1;
    numbers.fresh1 = 1.0 - beta1;
    numbers.decay2 = beta2;
    numbers.fresh2 = 1.0 - beta2;
    numbers.root = 1.0 / std::sqrt(1.0 - beta2_powers_(step));
    numbers.eps = coefficients_[2];
    if (rule_ == Rule::adam) {
      numbers.from_moment = rate / (1.0 - power1);
      return;
    }
    const NadamMomentum mu = nadam_momentum(beta1, power1, coefficients_[3], step);
    numbers.from_moment = rate * mu.next / (1.0 - mu.product * mu.next);
    numbers.rate = rate * (1.0 - mu.current) / (1.0 - mu.product);
  }

  Rule rule_;
  std::vector<double> coefficients_;
  Powers beta1_powers_, beta2_powers_;
};

}  // namespace lamina
