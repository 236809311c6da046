// Combines several buffers into one: add, subtract, average, multiply, concat.
#pragma once

#include <algorithm>
#include <cstring>

#include "executor/context.hpp"

namespace lamina {

template <class T>
void add_forward(const Context<T>& context, const Op& op) {
  const i64 size = context.n() * context.width(op.output);
  T* out = context.value(op.output);
  std::copy_n(context.value(op.inputs[0]), size, out);
  for (std::size_t i = 1; i < op.inputs.size(); ++i)
    context.kernels.add_to(out, context.value(op.inputs[i]), size);
}

// out = x1 + x2 + ...:  d_xi = d_out
template <class T>
void add_backward(const Context<T>& context, const Op& op) {
  const i64 size = context.n() * context.width(op.output);
  for (const int x : op.inputs)
    context.contribute(x, [&](T* d_x) { std::copy_n(context.d_value(op.output), size, d_x); });
}

template <class T>
void subtract_forward(const Context<T>& context, const Op& op) {
  const i64 size = context.n() * context.width(op.output);
  T* out = context.value(op.output);
  const T* a = context.value(op.inputs[0]);
  const T* b = context.value(op.inputs[1]);
  for (i64 i = 0; i < size; ++i) out[i] = a[i] - b[i];
}

// out = a - b:  d_a = d_out, d_b = -d_out
template <class T>
void subtract_backward(const Context<T>& context, const Op& op) {
  const i64 size = context.n() * context.width(op.output);
  const T* d_out = context.d_value(op.output);
  context.contribute(op.inputs[0], [&](T* d_a) { std::copy_n(d_out, size, d_a); });
  context.contribute(op.inputs[1], [&](T* d_b) {
    for (i64 i = 0; i < size; ++i) d_b[i] = -d_out[i];
  });
}

template <class T>
void average_forward(const Context<T>& context, const Op& op) {
  add_forward(context, op);
  const i64 size = context.n() * context.width(op.output);
  const T count = static_cast<T>(op.inputs.size());
  T* out = context.value(op.output);
  for (i64 i = 0; i < size; ++i) out[i] /= count;
}

// out = (x1 + x2 + ...) / k:  d_xi = d_out / k
template <class T>
void average_backward(const Context<T>& context, const Op& op) {
  const i64 size = context.n() * context.width(op.output);
  const T count = static_cast<T>(op.inputs.size());
  const T* d_out = context.d_value(op.output);
  for (const int x : op.inputs) {
    context.contribute(x, [&](T* d_x) {
      for (i64 i = 0; i < size; ++i) d_x[i] = d_out[i] / count;
    });
  }
}

// out (n,) = column j of the first input, x, combined with column j of each other input.
template <class T, class Combine>
void combine_columns(const Context<T>& context, const Op& op, i64 j, T* out, const T* x, Combine combine) {
  const i64 width = context.width(op.output);
  std::copy_n(x, context.n(), out);
  for (std::size_t k = 1; k < op.inputs.size(); ++k) {
    const T* other = context.value(op.inputs[k]) + j;
    for (i64 i = 0; i < context.n(); ++i) out[i] = combine(out[i], other[i * width]);
  }
}

template <class T>
void add_column(const Context<T>& context, const Op& op, i64 j, T* out, const T* x, T*) {
  combine_columns(context, op, j, out, x, [](T a, T b) { return a + b; });
}

template <class T>
void subtract_column(const Context<T>& context, const Op& op, i64 j, T* out, const T* x, T*) {
  combine_columns(context, op, j, out, x, [](T a, T b) { return a - b; });
}

template <class T>
void average_column(const Context<T>& context, const Op& op, i64 j, T* out, const T* x, T* scratch) {
  add_column(context, op, j, out, x, scratch);
  const T count = static_cast<T>(op.inputs.size());
  for (i64 i = 0; i < context.n(); ++i) out[i] /= count;
}

template <class T>
void multiply_column(const Context<T>& context, const Op& op, i64 j, T* out, const T* x, T*) {
  combine_columns(context, op, j, out, x, [](T a, T b) { return a * b; });
}

template <class T>
void multiply_forward(const Context<T>& context, const Op& op) {
  const i64 size = context.n() * context.width(op.output);
  T* out = context.value(op.output);
  std::copy_n(context.value(op.inputs[0]), size, out);
  for (std::size_t i = 1; i < op.inputs.size(); ++i)
    context.kernels.multiply_into(out, out, context.value(op.inputs[i]), size);
}

// out = x1 * x2 * ...:  d_xi = d_out * the product of the others
template <class T>
void multiply_backward(const Context<T>& context, const Op& op) {
  const i64 size = context.n() * context.width(op.output);
  for (std::size_t i = 0; i < op.inputs.size(); ++i) {
    context.contribute(op.inputs[i], [&](T* d_x) {
      std::copy_n(context.d_value(op.output), size, d_x);
      for (std::size_t j = 0; j < op.inputs.size(); ++j)
        if (j != i) context.kernels.multiply_into(d_x, d_x, context.value(op.inputs[j]), size);
    });
  }
}

// to (n, width) = columns of from, both row-major with their own row lengths.
template <class T>
void copy_columns(T* to, i64 to_stride, const T* from, i64 from_stride, i64 n, i64 width) {
  for (i64 i = 0; i < n; ++i) std::copy_n(from + i * from_stride, width, to + i * to_stride);
}

template <class T>
void concat_forward(const Context<T>& context, const Op& op) {
  const i64 total = context.width(op.output);
  T* out = context.value(op.output);
  for (const int x : op.inputs) {
    copy_columns(out, total, context.value(x), context.width(x), context.n(), context.width(x));
    out += context.width(x);
  }
}

// out = [x1 | x2 | ...]:  d_xi = its columns of d_out
template <class T>
void concat_backward(const Context<T>& context, const Op& op) {
  const i64 total = context.width(op.output);
  const T* d_out = context.d_value(op.output);
  for (const int x : op.inputs) {
    context.contribute(
        x, [&](T* d_x) { copy_columns(d_x, context.width(x), d_out, total, context.n(), context.width(x)); });
    d_out += context.width(x);
  }
}

}  // namespace lamina
