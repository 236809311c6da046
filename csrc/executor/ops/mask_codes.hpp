// Masks of codes: in training a code is replaced by that of unknown categories where dropout would drop it.
#pragma once

#include <algorithm>

#include "executor/ops/dropout.hpp"

namespace lamina {

// op.settings: the rate, then for each column the code that replaces others, or -1.
template <class T>
void mask_codes_forward(const Context<T>& context, const Op& op) {
  dropout_forward(context, op);
  if (!context.training) return;
  const i64 width = context.width(op.output);
  const double* codes = op.settings.data() + 1;
  const std::uint8_t* keep = context.kept(op).mask;
  const T* x = context.value(op.inputs[0]);
  T* out = context.value(op.output);
  for (i64 i = 0; i < context.n(); ++i)
    for (i64 j = 0; j < width; ++j) {
      const i64 at = i * width + j;
      out[at] = keep[at] || codes[j] < 0 ? x[at] : static_cast<T>(codes[j]);
    }
}

template <class T>
void mask_codes_backward(const Context<T>& context, const Op& op) {
  const i64 width = context.width(op.output);
  const double* codes = op.settings.data() + 1;
  const std::uint8_t* keep = context.kept(op).mask;
  const T* d_out = context.d_value(op.output);
  context.contribute(op.inputs[0], [&](T* d_x) {
    for (i64 i = 0; i < context.n(); ++i)
      for (i64 j = 0; j < width; ++j) {
        const i64 at = i * width + j;
        d_x[at] = !context.training || keep[at] || codes[j] < 0 ? d_out[at] : T(0);
      }
  });
}

}  // namespace lamina
