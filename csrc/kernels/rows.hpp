// What is done row by row or element by element without any function: biases, sums, combinations.
#pragma once

#include "kernels/gemm.hpp"
#include "kernels/kernels.hpp"
#include "kernels/simd.hpp"

namespace lamina {
namespace {

template <class T>
void add_bias(T* __restrict out, const T* __restrict bias, i64 n, i64 width) {
  for (i64 i = 0; i < n; ++i, out += width) {
    LAMINA_SIMD
    for (i64 c = 0; c < width; ++c) out[c] += bias[c];
  }
}

// A row of ones times x.
template <class T>
void sum_rows(T* __restrict sum, const T* __restrict x, i64 n, i64 width) {
  using namespace product;
  const T one = 1;
  multiply_blocked<T>(1, width, n, {&one, 0, 0}, {x, width, false}, {sum, width, 1});
}

template <class T>
void add_to(T* __restrict out, const T* __restrict x, i64 size) {
  LAMINA_SIMD
  for (i64 i = 0; i < size; ++i) out[i] += x[i];
}

template <class T>
void add_scaled(T* __restrict out, const T* __restrict x, T factor, i64 size) {
  LAMINA_SIMD
  for (i64 i = 0; i < size; ++i) out[i] += factor * x[i];
}

template <class T>
void multiply_into(T* out, const T* x, const T* y, i64 size) {
  LAMINA_SIMD
  for (i64 i = 0; i < size; ++i) out[i] = x[i] * y[i];
}

}  // namespace
}  // namespace lamina
