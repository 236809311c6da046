// Inverted dropout (Srivastava et al. 2014): kept units are scaled by 1 / (1 - rate).
//
// Which units are kept is a function of the key and the element's index alone (lamina/engine/randomness.py):
// element e is kept when word e mod 4 of Philox block e div 4 is at least floor(rate * 2^32).
#pragma once

#include <algorithm>

#include "kernels/kernels.hpp"
#include "kernels/philox_lanes.hpp"
#include "kernels/simd.hpp"

namespace lamina {
namespace {

template <class T>
LAMINA_INLINE T kept_scale(double rate) {
  return rate < 1.0 ? static_cast<T>(1.0 / (1.0 - rate)) : T(0);
}

LAMINA_INLINE std::uint32_t keep_threshold(double rate) {
  const double threshold = rate * 4294967296.0;
  return threshold < 4294967295.0 ? static_cast<std::uint32_t>(threshold) : 0xFFFFFFFFu;
}

// x is the part of a larger array that starts at first_element.
template <class T>
void dropout_forward(T* __restrict out, std::uint8_t* __restrict mask, const T* __restrict x,
                     i64 first_element, i64 size, double rate, RandomKey key) {
  const T scale = kept_scale<T>(rate);
  const std::uint32_t threshold = keep_threshold(rate);
  alignas(64) std::uint32_t words[kWords];  // one per element
  const auto keep_or_drop = [=](const std::uint32_t* word, i64 first, i64 count)
                                __attribute__((always_inline)) {
                                  LAMINA_SIMD
                                  for (i64 j = 0; j < count; ++j) {
                                    const bool keep = word[j] >= threshold;
                                    mask[first + j] = keep ? 1 : 0;
                                    out[first + j] = keep ? x[first + j] * scale : T(0);
                                  }
                                };
  i64 first = 0, skipped = first_element % kWords;
  while (first < size) {
    draw_words(words, static_cast<std::uint32_t>((first_element + first - skipped) / 4), key);
    const i64 count = std::min(size - first, kWords - skipped);
    count == kWords ? keep_or_drop(words, first, kWords) : keep_or_drop(words + skipped, first, count);
    first += count;
    skipped = 0;
  }
}

template <class T>
void dropout_backward(T* d_x, const T* d_out, const std::uint8_t* __restrict mask, i64 size, double rate) {
  const T scale = kept_scale<T>(rate);
  LAMINA_SIMD
  for (i64 i = 0; i < size; ++i) d_x[i] = mask[i] ? d_out[i] * scale : T(0);
}

}  // namespace
}  // namespace lamina
