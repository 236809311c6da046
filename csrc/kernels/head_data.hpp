// The data that every head reads, and how heads take them in blocks.
#pragma once

#include "kernels/kernels.hpp"

namespace lamina {
namespace {

template <class T>
struct HeadData {
  const T *logits, *target, *scale;
  i64 width, target_width;  // width = target_width * levels
  const double* levels;     // quantile levels, or null
};

inline constexpr i64 kHeadBlock = 256;  // elements that a head computes at a time

// scale[j] = the scale of the row of element first + j.
template <class T>
LAMINA_INLINE void spread_scale(T* scale, const HeadData<T>& data, i64 first, i64 count) {
  if (data.width == 1) {
    for (i64 j = 0; j < count; ++j) scale[j] = data.scale[first + j];
    return;
  }
  i64 row = first / data.width, until = (row + 1) * data.width - first;
  for (i64 j = 0; j < count; ++row, until += data.width) {
    const T of_row = data.scale[row];
    for (const i64 stop = until < count ? until : count; j < stop; ++j) scale[j] = of_row;
  }
}

}  // namespace
}  // namespace lamina
