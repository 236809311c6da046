// Shared by the rules in this folder. A rule is a struct of static members:
//
//   name          its name in a plan
//   slots         how many vectors it keeps besides the weights, 2 at most
//   divides       whether it divides by the last of them, which may then be infinite without changing the
//                 weights
//   divisor       what it divides by, of the last of them; a number, or a vector of numbers
//   numbers       what depends on the step alone, computed in double once per step
//   unit_step     the step after gradients of 1 in all steps so far, before that division:
//                 lamina/engine/formulas/shrinkage.py
//   updated       returns the new weights and updates the slots in place. w and g are vectors of numbers, and
//                 this is compiled for every instruction set: always inline
//   largest_step  bounds on the step and on the slots after a number of steps: executor/reach.hpp
//
// Coefficients are those of lamina/engine/formulas/update.py, in its order.
#pragma once

#include "kernels/kernels.hpp"
#include "kernels/simd.hpp"
#include "rules/powers.hpp"

namespace lamina {

// The step for which a rule computes its numbers.
struct RuleStep {
  i64 t;  // from 1
  const double* coefficients;
  Powers* powers;  // of the coefficients

  double power(int i) const { return powers[i](t); }  // coefficients[i]^t

  // 1 + c + ... + c^(t-1) with c = coefficients[i] < 1
  double sum_of_powers(int i) const { return (1.0 - power(i)) / (1.0 - coefficients[i]); }
};

// Bounds on the magnitudes that enter each of a number of steps, and on the slots, first before and then
// after the steps.
struct Bounds {
  static constexpr double kSlack = 1 + 0x1p-9;  // exceeds the rounding errors of 64 steps

  double steps;
  double gradient, rate, from_moment;
  double fresh1, squares, eps;  // squares = fresh2 * gradient^2
  double slot1, slot2;

  // A slot that grows by this much in every step; the decay of running means is ignored.
  double grown(double slot, double by) const { return kSlack * (slot + steps * by); }
};

}  // namespace lamina
