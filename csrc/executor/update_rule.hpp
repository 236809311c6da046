// What an optimizer's formula needs at each step. Formulas: rules/.
#pragma once

#include <utility>
#include <vector>

#include "rules/rules.hpp"

namespace lamina {

class UpdateRule {
 public:
  // coefficients as in lamina/engine/formulas/update.py
  UpdateRule(Rule rule, std::vector<double> coefficients)
      : rule_(rule),
        coefficients_(std::move(coefficients)),
        powers_(coefficients_.begin(), coefficients_.end()) {}

  Rule rule() const { return rule_; }

  // step counts from 1
  UpdateNumbers numbers(i64 step, double learning_rate, double weight_decay) {
    UpdateNumbers numbers{};
    numbers.keep = 1.0 - learning_rate * weight_decay;
    numbers.rate = learning_rate;
    Rules::with(rule_, [&]<class R>() { R::numbers(numbers, at(step)); });
    return numbers;
  }

  // numbers: those of the step
  double unit_step(i64 step, double learning_rate, const UpdateNumbers& numbers) {
    double result = 0;
    Rules::with(rule_, [&]<class R>() { result = R::unit_step(learning_rate, numbers, at(step)); });
    return result;
  }

 private:
  RuleStep at(i64 step) { return {step, coefficients_.data(), powers_.data()}; }

  Rule rule_;
  std::vector<double> coefficients_;
  std::vector<Powers> powers_;
};

}  // namespace lamina
