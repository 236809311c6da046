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

// Half the Poisson deviance, with z the log of the rate: e^z - t z + t log t - t, with 0 log 0 = 0.
template <class T>
struct Poisson {
  LAMINA_INLINE LossAndSlope<T> operator()(T z, T t, T) const {
    const T rate = exponential(z);
    const T known = t == 0 ? T(0) : t * (logarithm(t) - T(1) - z);
    return {rate > FloatTraits<T>::largest ? rate : rate + known, rate - t};
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

// max(0, 1 - t z), t = -1 or 1
template <class T>
struct Hinge {
  LAMINA_INLINE LossAndSlope<T> operator()(T z, T t, T) const {
    const T missing = T(1) - t * z;
    return {at_least(missing, T(0)), missing < 0 ? T(0) : -t};
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
