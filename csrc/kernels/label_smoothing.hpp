// The smoothed target of softmax cross-entropy: t' = t (1 - s) + s / width (Szegedy et al. 2016).
#pragma once

#include "kernels/simd.hpp"

namespace lamina {
namespace {

template <class T>
struct Smoothing {
  T keep, floor;  // 1 - s, s / width
  LAMINA_INLINE T operator()(T t) const { return keep * t + floor; }
};

// t d, where 0 times infinity is 0: a class of probability 0 costs nothing.
template <class T>
LAMINA_INLINE T expected_term(T t, T d) {
  return t == T(0) ? T(0) : t * d;
}

}  // namespace
}  // namespace lamina
