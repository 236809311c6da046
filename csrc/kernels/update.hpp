// Update rules, one pass over a contiguous piece of the flat vectors. Formulas: lamina/engine/plan.py.
//
// What depends on the step alone is worked out before, in double: executor/update_rule.hpp. Decoupled weight
// decay, w *= keep, comes first (Loshchilov & Hutter 2019).
#pragma once

#include "kernels/kernels.hpp"
#include "kernels/simd.hpp"

namespace lamina {
namespace {

// UpdateNumbers, rounded to the type of the weights.
template <class T>
struct Rounded {
  T keep, rate, from_moment, decay1, fresh1, decay2, fresh2, root, eps;

  LAMINA_INLINE explicit Rounded(const UpdateNumbers& of)
      : keep(static_cast<T>(of.keep)),
        rate(static_cast<T>(of.rate)),
        from_moment(static_cast<T>(of.from_moment)),
        decay1(static_cast<T>(of.decay1)),
        fresh1(static_cast<T>(of.fresh1)),
        decay2(static_cast<T>(of.decay2)),
        fresh2(static_cast<T>(of.fresh2)),
        root(static_cast<T>(of.root)),
        eps(static_cast<T>(of.eps)) {}
};

// w -= rate g
template <class T>
void gradient_descent(T* __restrict w, const T* __restrict g, i64 size, Rounded<T> a) {
  LAMINA_SIMD
  for (i64 i = 0; i < size; ++i) w[i] = a.keep * w[i] - a.rate * g[i];
}

// v = decay1 v + g; w -= rate v
template <class T>
void momentum(T* __restrict w, const T* __restrict g, T* __restrict v, i64 size, Rounded<T> a) {
  LAMINA_SIMD
  for (i64 i = 0; i < size; ++i) {
    v[i] = a.decay1 * v[i] + g[i];
    w[i] = a.keep * w[i] - a.rate * v[i];
  }
}

// v = decay1 v + g; w -= rate (g + decay1 v)
template <class T>
void nesterov(T* __restrict w, const T* __restrict g, T* __restrict v, i64 size, Rounded<T> a) {
  LAMINA_SIMD
  for (i64 i = 0; i < size; ++i) {
    v[i] = a.decay1 * v[i] + g[i];
    w[i] = a.keep * w[i] - a.rate * (g[i] + a.decay1 * v[i]);
  }
}

// s = decay2 s + fresh2 g^2; w -= rate g / (sqrt s + eps). rmsprop: fresh2 = 1 - decay2; adagrad: both are 1.
template <class T>
void scaled_by_square(T* __restrict w, const T* __restrict g, T* __restrict s, i64 size, Rounded<T> a) {
  LAMINA_SIMD
  for (i64 i = 0; i < size; ++i) {
    s[i] = a.decay2 * s[i] + a.fresh2 * g[i] * g[i];
    w[i] = a.keep * w[i] - a.rate * g[i] / (square_root(s[i]) + a.eps);
  }
}

// m = decay1 m + fresh1 g; s = decay2 s + fresh2 g^2; w -= from_moment m / (sqrt(s) root + eps); nadam:
// (from_moment m + rate g) instead.
template <bool nadam, class T>
void adam(T* __restrict w, const T* __restrict g, T* __restrict m, T* __restrict s, i64 size, Rounded<T> a) {
  LAMINA_SIMD
  for (i64 i = 0; i < size; ++i) {
    m[i] = a.decay1 * m[i] + a.fresh1 * g[i];
    s[i] = a.decay2 * s[i] + a.fresh2 * g[i] * g[i];
    const T step = nadam ? a.from_moment * m[i] + a.rate * g[i] : a.from_moment * m[i];
    w[i] = a.keep * w[i] - step / (square_root(s[i]) * a.root + a.eps);
  }
}

template <class T>
void update(T* w, const T* gradient, T* slot1, T* slot2, i64 size, Rule rule, const UpdateNumbers* numbers) {
  const Rounded<T> rounded(*numbers);
  switch (rule) {
    case Rule::gradient_descent:
      return gradient_descent(w, gradient, size, rounded);
    case Rule::momentum:
      return momentum(w, gradient, slot1, size, rounded);
    case Rule::nesterov:
      return nesterov(w, gradient, slot1, size, rounded);
    case Rule::rmsprop:
    case Rule::adagrad:
      return scaled_by_square(w, gradient, slot1, size, rounded);
    case Rule::adam:
      return adam<false>(w, gradient, slot1, slot2, size, rounded);
    case Rule::nadam:
      return adam<true>(w, gradient, slot1, slot2, size, rounded);
  }
}

}  // namespace
}  // namespace lamina
