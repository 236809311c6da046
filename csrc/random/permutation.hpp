// The order of the examples in an epoch: Fisher-Yates driven by Philox, as in lamina/engine/randomness.py.
#pragma once

#include <cstdint>
#include <utility>

#include "random/philox.hpp"

namespace lamina {

inline constexpr std::uint32_t kShuffle = 1, kDropout = 2;  // purposes: the fourth word of the counter

// order (n,) becomes a permutation of 0 .. n-1. For i = n-1 down to 1: swap i with (word_i * (i + 1)) >> 32.
inline void permute(std::int64_t* order, std::int64_t n, std::uint64_t seed, std::uint32_t epoch) {
  for (std::int64_t i = 0; i < n; ++i) order[i] = i;
  PhiloxBlock block{};
  for (std::int64_t i = n - 1; i > 0; --i) {
    if (i % 4 == 3 || i == n - 1) block = philox(seed, static_cast<std::uint32_t>(i / 4), epoch, 0, kShuffle);
    const auto j = static_cast<std::int64_t>((block.word[i % 4] * static_cast<std::uint64_t>(i + 1)) >> 32);
    std::swap(order[i], order[j]);
  }
}

}  // namespace lamina
