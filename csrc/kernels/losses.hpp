// The elementwise losses as rows of a table: loss L(z, t) and its derivative in the logit z, for a target t.
//
// At kinks the derivative is 0, except for hinge and perceptron, whose weights would otherwise never move
// from 0. Infinite logits give the limit of the loss if there is one; NaN stays NaN.
#pragma once

#include "kernels/vector_math.hpp"

namespace lamina {
namespace {

template <class T>
struct LossAndSlope {
  T loss, slope;
};

// 1/2 (t - z)^2
template <class T>
struct SquaredError {
  LAMINA_INLINE LossAndSlope<T> operator()(T z, T t, T) const { return {T(0.5) * (z - t) * (z - t), z - t}; }
};

// |t - z|
template <class T>
struct AbsoluteError {
  LAMINA_INLINE LossAndSlope<T> operator()(T z, T t, T) const {
    const T d = z - t;
    return {absolute(d), d > 0 ? T(1) : (d < 0 ? T(-1) : T(0))};
  }
};

// (z - t)^2 / 2 up to |z - t| = delta, then linear (Huber 1964).
template <class T>
struct Huber {
  T delta;
  LAMINA_INLINE LossAndSlope<T> operator()(T z, T t, T) const {
    const T d = z - t, a = absolute(d);
    const T near = at_most(a, delta);  // times a - near / 2 it is d^2 / 2 or the line; d^2 cannot overflow
    return {near * (a - T(0.5) * near), clamp(d, -delta, delta)};
  }
};

// log cosh(z - t): from cosh d - 1 = (1 - e^-|d|)^2 / (2 e^-|d|) where that is small, else |d| - log 2 +
// log(1 + e^(-2 |d|)).
template <class T>
struct LogCosh {
  LAMINA_INLINE LossAndSlope<T> operator()(T z, T t, T) const {
    const T d = z - t, a = absolute(d);
    const T m = exponential_minus_one(-a), e = T(1) + m;  // m keeps its digits where e is near 1
    const bool near = a <= T(1);
    const T rest = log_one_plus(near ? m * m / (T(2) * e) : e * e);
    const T slope = -m * (T(1) + e) / (T(1) + e * e);  // tanh |d|
    return {near ? rest : a - T(0.6931471805599453) + rest, copy_sign(slope, d)};
  }
};

// Half the Poisson deviance, with z the log of the rate: e^z - t z + t log t - t, with 0 log 0 = 0.
template <class T>
struct Poisson {
  LAMINA_INLINE LossAndSlope<T> operator()(T z, T t, T) const {
    const T rate = exponential(z);
    const T known = t == 0 ? T(0) : t * (logarithm(t) - T(1) - z);
    return {rate > FloatTraits<T>::largest ? rate : rate + known, rate - t};
  }
};

// Half the gamma deviance, with z the log of the mean: u + e^-u - 1, u = z - log t.
template <class T>
struct Gamma {
  LAMINA_INLINE LossAndSlope<T> operator()(T z, T t, T) const {
    const T over = z - logarithm(t), ratio = exponential(-over);
    return {ratio > FloatTraits<T>::largest ? ratio : over + ratio - T(1), T(1) - ratio};
  }
};

// Half the Tweedie deviance (Jorgensen 1987), with z the log of the mean: e^(b z) / b - t e^(a z) / a + t^b /
// (a b), a = 1 - power < 0 < b = 2 - power.
template <class T>
struct Tweedie {
  T a, b;
  LAMINA_INLINE LossAndSlope<T> operator()(T z, T t, T) const {
    const T of_mean = exponential(b * z);
    const T of_target = t == 0 ? T(0) : t * exponential(a * z);  // not zero times infinity
    const T known = t == 0 ? T(0) : exponential(b * logarithm(t));
    return {of_mean / b + (known / (a * b) - of_target / a), of_mean - of_target};
  }
};

// Pinball loss (Koenker & Bassett 1978) of the quantile `level`.
template <class T>
struct Quantile {
  LAMINA_INLINE LossAndSlope<T> operator()(T z, T t, T level) const {
    const T d = t - z;
    return {d >= 0 ? level * d : (level - T(1)) * d, d > 0 ? -level : (d < 0 ? T(1) - level : T(0))};
  }
};

// Binary cross-entropy of sigmoid(z) with t' = t (1 - s) + s / 2, s the label smoothing: max(z, 0) - z t' +
// log(1 + e^-|z|).
template <class T>
struct SigmoidCrossEntropy {
  T smoothing;
  LAMINA_INLINE LossAndSlope<T> operator()(T z, T t, T) const {
    const T target = t * (T(1) - smoothing) + T(0.5) * smoothing;
    const bool positive = z > 0;
    const T a = absolute(z),
            wrong = positive ? T(1) - target : target;    // the share of the target on the other side
    const T e = exponential(-a), other = e / (T(1) + e);  // sigmoid(-|z|)
    const T linear = wrong == 0 ? T(0) : a * wrong;       // not infinity times zero
    return {linear + log_one_plus(e), positive ? wrong - other : other - wrong};
  }
};

// 0 times infinity is 0.
template <class T>
LAMINA_INLINE T share_of(T share, T x) {
  return share == 0 ? T(0) : share * x;
}

// yes t q^gamma (-log p) + no (1 - t) p^gamma (-log q), p = sigmoid(z), q = 1 - p (Lin et al. 2017, equations
// 4 and 5).
template <class T>
struct Focal {
  T gamma, yes, no;
  LAMINA_INLINE LossAndSlope<T> operator()(T z, T t, T) const {
    const T a = absolute(z), e = exponential(-a), rest = log_one_plus(e);
    const bool positive = z > 0;
    const T larger = T(1) / (T(1) + e), smaller = e / (T(1) + e);
    const T p = positive ? larger : smaller, q = positive ? smaller : larger;
    const T of_p = (positive ? T(0) : a) + rest, of_q = (positive ? a : T(0)) + rest;  // -log p, -log q
    const T power_p = gamma == 0 ? T(1) : exponential(-gamma * of_p);
    const T power_q = gamma == 0 ? T(1) : exponential(-gamma * of_q);
    const T as_yes = yes * t, as_no = no * (T(1) - t);
    const T rise = power_p * (gamma * share_of(q, of_q) + p),
            fall = power_q * (gamma * share_of(p, of_p) + q);
    return {share_of(as_yes, power_q * of_p) + share_of(as_no, power_p * of_q), as_no * rise - as_yes * fall};
  }
};

// max(0, 1 - t z), t = -1 or 1
template <class T>
struct Hinge {
  LAMINA_INLINE LossAndSlope<T> operator()(T z, T t, T) const {
    const T missing = T(1) - t * z;
    return {at_least(missing, T(0)), missing < 0 ? T(0) : -t};
  }
};

// max(0, 1 - t z)^2, t = -1 or 1
template <class T>
struct SquaredHinge {
  LAMINA_INLINE LossAndSlope<T> operator()(T z, T t, T) const {
    const T missing = at_least(T(1) - t * z, T(0));
    return {missing * missing, T(-2) * t * missing};
  }
};

// max(0, -t z), t = -1 or 1 (Rosenblatt 1958)
template <class T>
struct Perceptron {
  LAMINA_INLINE LossAndSlope<T> operator()(T z, T t, T) const {
    const T missing = -t * z;
    return {at_least(missing, T(0)), missing < 0 ? T(0) : -t};
  }
};

}  // namespace
}  // namespace lamina
