// What the rules of this folder share. A rule is a struct of static members:
//
//   name          what it is called in a plan
//   slots         how many vectors it keeps beside the weights, 2 at most
//   divides       whether it divides by the last of them, which then may be infinite and leave the weights as
//                 they were
//   numbers       what depends on the step alone, worked out in double once a step
//   updated       the new weights; the slots become new in place. w and g are vectors of numbers, and this is
//                 compiled for every instruction set: always inline
//   largest_step  what bounds the step and the slots after a number of steps: executor/reach.hpp
//
// Coefficients are those of lamina/engine/formulas/update.py, in its order.
#pragma once

#include "kernels/kernels.hpp"
#include "kernels/simd.hpp"
#include "rules/powers.hpp"

namespace lamina {

// A step that a rule works out its numbers for.
struct RuleStep {
  i64 t;  // from 1
  const double* coefficients;
  Powers* powers;  // of the coefficients

  double power(int i) const { return powers[i](t); }  // coefficients[i]^t
};

// Magnitudes that bound what goes into each of a number of steps, and the slots: before them, then after.
struct Bounds {
  static constexpr double kSlack = 1 + 0x1p-9;  // more than 64 steps round off

  double steps;
  double gradient, rate, from_moment;
  double fresh1, squares, eps;  // squares = fresh2 * gradient^2
  double slot1, slot2;

  // A slot that grows by so much in every step; no running mean decays here.
  double grown(double slot, double by) const { return kSlack * (slot + steps * by); }
};

}  // namespace lamina
