// Applies a function to every element, one vector at a time.
//
// The remainder that does not fill a vector goes through a padded copy and the same loop: that is as fast as
// a full vector, and an element's value does not depend on its position.
#pragma once

#include "kernels/kernels.hpp"
#include "kernels/simd.hpp"

namespace lamina {
namespace {

// pad (kLanes,) = x[0..count), zero beyond.
template <class T>
LAMINA_INLINE void load_rest(T* pad, const T* x, i64 count) {
  for (int j = 0; j < kLanes<T>; ++j) pad[j] = j < count ? x[j] : T(0);
}

// out = f(x). out may be x.
template <class T, class F>
void map(T* out, const T* x, i64 size, F f) {
  i64 i = 0;
  for (; i + kLanes<T> <= size; i += kLanes<T>) {
    LAMINA_SIMD
    for (int j = 0; j < kLanes<T>; ++j) out[i + j] = f(x[i + j]);
  }
  if (i == size) return;
  T pad[kLanes<T>];
  load_rest(pad, x + i, size - i);
  LAMINA_SIMD
  for (int j = 0; j < kLanes<T>; ++j) pad[j] = f(pad[j]);
  for (int j = 0; i + j < size; ++j) out[i + j] = pad[j];
}

// out = f(x, y, z). out may be any of them; an argument that f does not use is not read.
template <class T, class F>
void map3(T* out, const T* x, const T* y, const T* z, i64 size, F f) {
  i64 i = 0;
  for (; i + kLanes<T> <= size; i += kLanes<T>) {
    LAMINA_SIMD
    for (int j = 0; j < kLanes<T>; ++j) out[i + j] = f(x[i + j], y[i + j], z[i + j]);
  }
  if (i == size) return;
  T a[kLanes<T>], b[kLanes<T>], c[kLanes<T>];
  load_rest(a, x + i, size - i);
  load_rest(b, y + i, size - i);
  load_rest(c, z + i, size - i);
  LAMINA_SIMD
  for (int j = 0; j < kLanes<T>; ++j) a[j] = f(a[j], b[j], c[j]);
  for (int j = 0; i + j < size; ++j) out[i + j] = a[j];
}

}  // namespace
}  // namespace lamina
