// Hinge for one class out of several: L = max(0, 1 + max_(k != c) z_k - z_c), c the class (Crammer & Singer
// 2001).
//
// The slope is -1 at the class and 1 at its largest rival, the first of equals, where 1 + z_rival - z_c >= 0,
// so that also weights that start at the kink move. An index that is no class of the row stands for a logit
// of 0.
#pragma once

#include "kernels/head_data.hpp"
#include "kernels/vector_math.hpp"

namespace lamina {
namespace {

// The column of the largest logit but that of the class; a NaN counts as larger than any number.
template <class T>
i64 largest_rival(const T* z, i64 width, i64 of_class) {
  i64 rival = -1;
  for (i64 k = 0; k < width; ++k) {
    if (k == of_class) continue;
    if (rival < 0 || z[k] > z[rival] || (z[k] != z[k] && z[rival] == z[rival])) rival = k;
  }
  return rival;
}

// sum_i scale_i L_i, and the gradient if d_logits (n, width) is not null.
template <class T>
double categorical_hinge(T* d_logits, const HeadData<T>& data, i64 n, const double*) {
  const i64 width = data.width;
  double total = 0;
  for (i64 i = 0; i < n; ++i) {
    const T* z = data.logits + i * width;
    const T target = data.target[i * data.target_width];
    const bool is_class = target >= T(0) && target < static_cast<T>(width);
    const i64 of_class = is_class ? static_cast<i64>(target) : -1, rival = largest_rival(z, width, of_class);
    const T own = is_class ? z[of_class] : T(0);
    const T missing = T(1) + ((rival < 0 ? -FloatTraits<T>::infinity : z[rival]) - own);
    total += static_cast<double>(data.scale[i] * at_least(missing, T(0)));
    if (!d_logits) continue;
    T* d_row = d_logits + i * width;
    for (i64 k = 0; k < width; ++k) d_row[k] = T(0);
    if (missing < T(0)) continue;
    if (rival >= 0) d_row[rival] = data.scale[i];
    if (is_class) d_row[of_class] = -data.scale[i];
  }
  return total;
}

}  // namespace
}  // namespace lamina
