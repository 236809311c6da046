// The data that every head reads.
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

}  // namespace
}  // namespace lamina
