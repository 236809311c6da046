// The order of the examples in an epoch: Fisher-Yates driven by Philox, as in lamina/engine/randomness.py.
#pragma once

#include "kernels/kernels.hpp"
#include "kernels/philox_lanes.hpp"
#include "random/philox.hpp"

namespace lamina {
namespace {

// At least the first `count` of kWords words: a single block, as for four rows, is fastest on its own.
[[maybe_unused]] inline void draw_some(std::uint32_t* words, std::uint32_t first, i64 count, RandomKey key) {
  if (count > 4) return draw_words(words, first, key);
  const PhiloxBlock block = philox(key.seed, first, key.step, key.op, key.purpose);
  __builtin_memcpy(words, block.word, sizeof(block.word));
}

// Fills order (n,) with a permutation of 0 .. n-1. For i = n-1 down to 1: swap i with (word_i * (i + 1))
// >> 32.
[[maybe_unused]] inline void permute(i64* order, i64 n, RandomKey key) {
  for (i64 i = 0; i < n; ++i) order[i] = i;
  alignas(64) std::uint32_t words[kWords];
  for (i64 end = n; end > 1;) {
    const i64 first = (end - 1) / kWords * kWords;
    draw_some(words, static_cast<std::uint32_t>(first / 4), end - first, key);
    for (i64 i = end - 1; i >= first; --i) {
      const auto j = static_cast<i64>((words[i - first] * static_cast<std::uint64_t>(i + 1)) >> 32);
      const i64 at_i = order[i];
      order[i] = order[j];
      order[j] = at_i;
    }
    end = first;
  }
}

}  // namespace
}  // namespace lamina
