// The activations as rows of a table: value f(x) and slope f'(x), for which out = f(x) is available too.
//
// Where x times a vanishing factor would be infinity times zero, x is first clipped to where the factor is
// already zero, so that infinities give the limits. At kinks the slope is that of torch: relu'(0) = 0.
#pragma once

#include "kernels/vector_math.hpp"

namespace lamina {
namespace {

template <class T>
struct Identity {
  LAMINA_INLINE T value(T x) const { return x; }
  LAMINA_INLINE T slope(T, T) const { return 1; }
};

template <class T>
struct Step {
  LAMINA_INLINE T value(T x) const { return x >= 0 ? T(1) : (x < 0 ? T(0) : x); }
  LAMINA_INLINE T slope(T, T) const { return 0; }
};

template <class T>
struct Sigmoid {
  LAMINA_INLINE T value(T x) const { return sigmoid(x); }
  LAMINA_INLINE T slope(T, T out) const { return out * (T(1) - out); }
};

template <class T>
struct Tanh {
  LAMINA_INLINE T value(T x) const { return hyperbolic_tangent(x); }
  LAMINA_INLINE T slope(T, T out) const { return T(1) - out * out; }
};

template <class T>
struct Relu {
  LAMINA_INLINE T value(T x) const { return at_least(x, T(0)); }
  LAMINA_INLINE T slope(T, T out) const { return out <= 0 ? T(0) : T(1); }
};

template <class T>
struct LeakyRelu {
  T leak;
  LAMINA_INLINE T value(T x) const { return x > 0 ? x : leak * x; }
  LAMINA_INLINE T slope(T x, T) const { return x > 0 ? T(1) : leak; }
};

// scale * (x if x > 0 else alpha (e^x - 1)); selu is elu with two constants.
template <class T>
struct Elu {
  T alpha, scale;
  LAMINA_INLINE T value(T x) const { return scale * (x > 0 ? x : alpha * exponential_minus_one(x)); }
  LAMINA_INLINE T slope(T x, T) const { return scale * (x > 0 ? T(1) : alpha * exponential(x)); }
};

// x Phi(x), Phi the normal distribution function; Phi(-40) is 0.
template <class T>
struct Gelu {
  static constexpr T sqrt_half = T(0.7071067811865476),
                     density = T(0.3989422804014327);  // density = 1 / sqrt(2 pi)
  LAMINA_INLINE T value(T x) const {
    return at_least(x, T(-40)) * (T(0.5) + T(0.5) * error_function(x * sqrt_half).erf);
  }
  LAMINA_INLINE T slope(T x, T) const {
    const ErrorFunction<T> e = error_function(x * sqrt_half);
    return T(0.5) + T(0.5) * e.erf + clamp(x, T(-40), T(40)) * density * e.gaussian;
  }
};

// x (1 + tanh u) / 2 = x sigmoid(2u), u = sqrt(2 / pi) (x + 0.044715 x^3)
template <class T>
struct GeluTanh {
  static constexpr T twice_root = T(1.5957691216057308), cubic = T(0.044715);  // 2 sqrt(2 / pi)
  LAMINA_INLINE T value(T x) const {
    const T b = clamp(x, T(-40), T(40));
    return at_least(x, T(-40)) * sigmoid(twice_root * (b + cubic * b * b * b));
  }
  LAMINA_INLINE T slope(T x, T) const {
    const T b = clamp(x, T(-40), T(40));
    const T s = sigmoid(twice_root * (b + cubic * b * b * b));
    return s + b * s * (T(1) - s) * twice_root * (T(1) + T(3) * cubic * b * b);
  }
};

// x sigmoid(x)
template <class T>
struct Silu {
  static constexpr T bound = -FloatTraits<T>::exp_low;
  LAMINA_INLINE T value(T x) const { return at_least(x, -bound) * sigmoid(x); }
  LAMINA_INLINE T slope(T x, T) const {
    const T b = clamp(x, -bound, bound), s = sigmoid(b);
    return s * (T(1) + b * (T(1) - s));
  }
};

// x tanh(log(1 + e^x)) = x n / (n + 2), n = e^2x + 2 e^x. From x = 40 on the factor is 1.
template <class T>
struct Mish {
  LAMINA_INLINE T value(T x) const {
    const T e = exponential(at_most(x, high)), n = e * (e + T(2));
    return at_least(x, FloatTraits<T>::exp_low) * (n / (n + T(2)));
  }
  LAMINA_INLINE T slope(T x, T) const {
    const T b = clamp(x, FloatTraits<T>::exp_low, high), e = exponential(b), n = e * (e + T(2));
    const T r = T(1) / (n + T(2));
    return n * r + T(4) * b * (e * r) * ((T(1) + e) * r);
  }
  static constexpr T high = 40;
};

// log(1 + e^x) = max(x, 0) + log(1 + e^-|x|)
template <class T>
struct Softplus {
  LAMINA_INLINE T value(T x) const { return at_least(x, T(0)) + log_one_plus(exponential(-absolute(x))); }
  LAMINA_INLINE T slope(T x, T) const { return sigmoid(x); }
};

// x / (1 + |x|)
template <class T>
struct Softsign {
  LAMINA_INLINE T value(T x) const {
    const T b = clamp(x, -FloatTraits<T>::largest, FloatTraits<T>::largest);
    return b / (T(1) + absolute(b));
  }
  LAMINA_INLINE T slope(T x, T) const {
    const T r = T(1) / (T(1) + absolute(x));
    return r * r;
  }
};

template <class T>
struct HardSigmoid {
  LAMINA_INLINE T value(T x) const { return clamp(x + T(3), T(0), T(6)) / T(6); }
  LAMINA_INLINE T slope(T x, T) const { return x > T(-3) && x < T(3) ? T(1) / T(6) : T(0); }
};

// Clipped identity: hard_tanh on [-1, 1], relu6 on [0, 6].
template <class T>
struct Clipped {
  T low, high;
  LAMINA_INLINE T value(T x) const { return clamp(x, low, high); }
  LAMINA_INLINE T slope(T, T out) const { return out <= low || out >= high ? T(0) : T(1); }
};

// x clamp(x + 3, 0, 6) / 6
template <class T>
struct HardSwish {
  LAMINA_INLINE T value(T x) const { return at_least(x, T(-3)) * clamp(x + T(3), T(0), T(6)) / T(6); }
  LAMINA_INLINE T slope(T x, T) const { return x <= T(-3) ? T(0) : (x < T(3) ? x / T(3) + T(0.5) : T(1)); }
};

template <class T>
struct Exponential {
  LAMINA_INLINE T value(T x) const { return exponential(x); }
  LAMINA_INLINE T slope(T, T out) const { return out; }
};

}  // namespace
}  // namespace lamina
