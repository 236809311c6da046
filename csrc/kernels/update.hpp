// Update rules, one pass over a contiguous piece of the flat vectors. Formulas: lamina/engine/plan.py.
//
// What depends on the step alone is worked out in double before the loop. Decoupled weight decay, w -= lr *
// decay * w, comes first (Loshchilov & Hutter 2019).
#pragma once

#include "kernels/kernels.hpp"
#include "kernels/nadam_momentum.hpp"
#include "kernels/simd.hpp"

namespace lamina {
namespace {

// w -= rate * gradient, after w *= keep.
template <class T>
void gradient_descent(T* __restrict w, const T* __restrict g, i64 size, T keep, T rate) {
  LAMINA_SIMD
  for (i64 i = 0; i < size; ++i) w[i] = keep * w[i] - rate * g[i];
}

// v = mu v + g; w -= rate v
template <class T>
void momentum(T* __restrict w, const T* __restrict g, T* __restrict v, i64 size, T keep, T rate, T mu) {
  LAMINA_SIMD
  for (i64 i = 0; i < size; ++i) {
    v[i] = mu * v[i] + g[i];
    w[i] = keep * w[i] - rate * v[i];
  }
}

// v = mu v + g; w -= rate (g + mu v)
template <class T>
void nesterov(T* __restrict w, const T* __restrict g, T* __restrict v, i64 size, T keep, T rate, T mu) {
  LAMINA_SIMD
  for (i64 i = 0; i < size; ++i) {
    v[i] = mu * v[i] + g[i];
    w[i] = keep * w[i] - rate * (g[i] + mu * v[i]);
  }
}

// s = rho s + fresh g^2; w -= rate g / (sqrt s + eps). rmsprop: fresh = 1 - rho; adagrad: rho = fresh = 1.
template <class T>
void scaled_by_square(T* __restrict w, const T* __restrict g, T* __restrict s, i64 size, T keep, T rate,
                      T rho, T fresh, T eps) {
  LAMINA_SIMD
  for (i64 i = 0; i < size; ++i) {
    s[i] = rho * s[i] + fresh * g[i] * g[i];
    w[i] = keep * w[i] - rate * g[i] / (square_root(s[i]) + eps);
  }
}

template <class T>
struct AdamNumbers {
  T beta1, fresh1, beta2, fresh2;  // fresh = 1 - beta
  T from_moment, from_gradient;  // weights of m and of g in the step, learning rate and corrections included
  T root, eps;                   // 1 / sqrt(1 - beta2^t)
};

// m = beta1 m + (1 - beta1) g; s = beta2 s + (1 - beta2) g^2; w -= (from_moment m + from_gradient g) /
// (sqrt(s) root + eps)
template <class T>
void adam(T* __restrict w, const T* __restrict g, T* __restrict m, T* __restrict s, i64 size, T keep,
          AdamNumbers<T> a) {
  LAMINA_SIMD
  for (i64 i = 0; i < size; ++i) {
    m[i] = a.beta1 * m[i] + a.fresh1 * g[i];
    s[i] = a.beta2 * s[i] + a.fresh2 * g[i] * g[i];
    w[i] =
        keep * w[i] - (a.from_moment * m[i] + a.from_gradient * g[i]) / (square_root(s[i]) * a.root + a.eps);
  }
}

// coefficients (beta1, beta2, eps[, psi]); step counts from 1.
template <class T>
AdamNumbers<T> adam_numbers(Rule rule, const double* coefficients, double rate, i64 step) {
  const double beta1 = coefficients[0], beta2 = coefficients[1];
  const double correction1 = 1.0 - __builtin_pow(beta1, static_cast<double>(step));
  const double correction2 = 1.0 - __builtin_pow(beta2, static_cast<double>(step));
  double from_moment = rate / correction1, from_gradient = 0;
  if (rule == Rule::nadam) {
    const NadamMomentum mu = nadam_momentum(beta1, coefficients[3], step);
    from_moment = rate * mu.next / (1.0 - mu.product * mu.next);
    from_gradient = rate * (1.0 - mu.current) / (1.0 - mu.product);
  }
  return {static_cast<T>(beta1),
          static_cast<T>(1.0 - beta1),
          static_cast<T>(beta2),
          static_cast<T>(1.0 - beta2),
          static_cast<T>(from_moment),
          static_cast<T>(from_gradient),
          static_cast<T>(1.0 / square_root(correction2)),
          static_cast<T>(coefficients[2])};
}

template <class T>
void update(T* w, const T* gradient, T* slot1, T* slot2, i64 size, Rule rule, const double* coefficients,
            double learning_rate, double weight_decay, i64 step) {
  const T rate = static_cast<T>(learning_rate), keep = static_cast<T>(1.0 - learning_rate * weight_decay);
  const auto number = [coefficients](int i) { return static_cast<T>(coefficients[i]); };
  switch (rule) {
    case Rule::gradient_descent:
      return gradient_descent(w, gradient, size, keep, rate);
    case Rule::momentum:
      return momentum(w, gradient, slot1, size, keep, rate, number(0));
    case Rule::nesterov:
      return nesterov(w, gradient, slot1, size, keep, rate, number(0));
    case Rule::rmsprop:
      return scaled_by_square(w, gradient, slot1, size, keep, rate, number(0),
                              static_cast<T>(1.0 - coefficients[0]), number(1));
    case Rule::adagrad:
      return scaled_by_square(w, gradient, slot1, size, keep, rate, T(1), T(1), number(0));
    case Rule::adam:
    case Rule::nadam:
      return adam(w, gradient, slot1, slot2, size, keep,
                  adam_numbers<T>(rule, coefficients, learning_rate, step));
  }
}

}  // namespace
}  // namespace lamina
