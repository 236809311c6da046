// The purposes of random words: the fourth word of the counter, as in lamina/engine/randomness.py.
#pragma once

#include <cstdint>

namespace lamina {

inline constexpr std::uint32_t kShuffle = 1, kDropout = 2, kPerturbOne = 3, kPerturbAll = 4;

}  // namespace lamina
