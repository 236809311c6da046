// The proximal step of L1 after an update (Parikh & Boyd 2014, section 6.5.2; with a divisor for every weight
// Yun, Lozano & Yang 2021): the shrinkage formulas of lamina/engine/formulas are easier to read.
#pragma once

#include "kernels/update.hpp"

namespace lamina {
namespace {

// A comparison with NaN is false: an infinite strength, divided by an infinite divisor, leaves 0.
template <class R, class T>
void shrink_all(T* __restrict w, const T* __restrict slot, i64 size, T step, const Rounded<T>& a) {
  LAMINA_SIMD
  for (i64 i = 0; i < size; ++i) {
    T threshold = step;
    if constexpr (R::divides) threshold = step / R::divisor(slot[i], a);
    w[i] = absolute(w[i]) > threshold ? w[i] - copy_sign(threshold, w[i]) : T(0);
  }
}

template <class T>
void shrink(T* w, const T* slot, i64 size, Rule rule, const UpdateNumbers* numbers, double step) {
  const Rounded<T> a(*numbers);
  Rules::with(rule, [&]<class R>() { shrink_all<R>(w, slot, size, static_cast<T>(step), a); });
}

}  // namespace
}  // namespace lamina
