// The momentum schedule of Nadam (Dozat 2016), as in torch: mu_t = beta1 (1 - 0.96^(t psi) / 2).
#pragma once

#include <cmath>

#include "kernels/kernels.hpp"

namespace lamina {

struct NadamMomentum {
  double current, next;  // mu_t, mu_(t+1)
  double product;        // mu_1 mu_2 ... mu_t
};

// sum_(i=1..t) log(1 - q^i / 2), without a loop over the steps: log(1 - a) = -sum_m a^m / m, and the inner
// sums over i are geometric, sum_i q^(i m) = q^m (1 - q^(t m)) / (1 - q^m). The terms fall like 2^-m. log_q =
// log q <= 0.
inline double log_decay_product(double log_q, double t) {
  const double q = std::exp(log_q), q_t = std::exp(log_q * t);
  const double rest = -std::expm1(log_q),
               rest_t = -std::expm1(log_q * t);  // 1 - q, 1 - q^t without cancellation
  double power = 1, power_t = 1, gap = 0, gap_t = 0, half = 1, sum = 0;
  for (int m = 1; m <= 60; ++m) {
    gap += power * rest;  // 1 - q^m = (1 - q^(m-1)) + q^(m-1) (1 - q)
    gap_t += power_t * rest_t;
    power *= q;
    power_t *= q_t;
    half *= 0.5;
    sum -= half / m * power * (gap > 0 ? gap_t / gap : t);
  }
  return sum;
}

// power = beta1^t; step = t, from 1.
inline NadamMomentum nadam_momentum(double beta1, double power, double psi, i64 step) {
  const double t = static_cast<double>(step), log_q = psi * std::log(0.96);
  const auto momentum = [=](double at) { return beta1 * (1.0 - 0.5 * std::exp(log_q * at)); };
  return {momentum(t), momentum(t + 1), power * std::exp(log_decay_product(log_q, t))};
}

}  // namespace lamina
