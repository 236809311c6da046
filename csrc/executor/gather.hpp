// Gathers a batch from the caller's arrays into the arena.
#pragma once

#include <algorithm>
#include <type_traits>

#include "executor/context.hpp"
#include "executor/sparse.hpp"

namespace lamina {

// out (n, width) = the rows of a dense source. `order` (n,) is scratch space for their numbers if the rows
// are consecutive.
template <class T>
void gather_dense(const Kernels<T>& kernels, T* out, const Source& source, const Rows& rows, i64* order) {
  const i64* wanted = rows.order;
  if (!wanted) {
    for (i64 i = 0; i < rows.size; ++i) order[i] = rows.first + i;
    wanted = order;
  }
  if (source.is_double) {
    kernels.gather_f64(out, static_cast<const double*>(source.values), source.row_stride,
                       source.column_stride, wanted, rows.size, source.width);
  } else {
    kernels.gather_f32(out, static_cast<const float*>(source.values), source.row_stride, source.column_stride,
                       wanted, rows.size, source.width);
  }
}

template <class T>
void gather(const Kernels<T>& kernels, T* out, const Source& source, const Rows& rows, i64* order) {
  source.sparse() ? densify(out, source, rows) : gather_dense(kernels, out, source, rows, order);
}

// The rows in the caller's array if their layout is that of a buffer; else null.
template <class T>
const T* in_place(const Source& source, const Rows& rows) {
  const bool same_type = source.is_double == std::is_same_v<T, double>;
  const bool packed = source.column_stride == 1 && source.row_stride == source.width;
  if (rows.order || source.sparse() || !same_type || !packed) return nullptr;
  return static_cast<const T*>(source.values) + rows.first * source.width;
}

// Fills the input buffers, or the sparse batches that replace them. Rows that can be read in place are not
// copied: nothing writes to an input's buffer.
template <class T>
void gather_inputs(const Context<T>& context, const std::vector<Source>& inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const int buffer = context.program.inputs[i];
    if (context.sparse_input[buffer]) {
      context.work.sparse[buffer].gather(inputs[i], context.rows);
      continue;
    }
    const T* place = in_place<T>(inputs[i], context.rows);
    context.work.value[buffer] = place ? const_cast<T*>(place) : context.work.room[i];
    if (!place) gather(context.kernels, context.value(buffer), inputs[i], context.rows, context.work.order);
  }
}

// Each of the n rows `members` times, in place.
template <class T>
void repeat_rows(T* x, i64 n, i64 width, i64 members) {
  if (members == 1) return;
  for (i64 i = n; i-- > 0;)
    for (i64 j = members; j-- > 0;) std::copy_n(x + i * width, width, x + (i * members + j) * width);
}

template <class T>
void gather_targets(const Context<T>& context, const std::vector<Source>& targets) {
  for (std::size_t h = 0; h < targets.size(); ++h) {
    gather(context.kernels, context.work.target[h], targets[h], context.rows, context.work.order);
    repeat_rows(context.work.target[h], context.n(), targets[h].width, context.program.members);
  }
}

inline double sum_weights(const double* sample_weight, const Rows& rows) {
  if (!sample_weight) return static_cast<double>(rows.size);
  double sum = 0;
  for (i64 i = 0; i < rows.size; ++i) sum += sample_weight[rows[i]];
  return sum;
}

// scale (n * members,) = factor * sample weight / members
template <class T>
void scale_rows(const Context<T>& context, T* scale, const double* sample_weight, double factor) {
  const i64 members = context.program.members;
  const double share = factor / static_cast<double>(members);
  for (i64 i = 0; i < context.rows.size; ++i)
    std::fill_n(scale + i * members, members,
                static_cast<T>(sample_weight ? share * sample_weight[context.rows[i]] : share));
}

}  // namespace lamina
