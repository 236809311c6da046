// Philox4x32-10 (Salmon et al. 2011), the same stream as lamina/engine/randomness.py.
//
// Everything has internal linkage: the kernels include this file once per instruction set, and the linker
// must not merge the copies.
#pragma once

#include <cstdint>

namespace lamina {
namespace {

struct PhiloxBlock {
  std::uint32_t word[4];
};

// The four words of counter (c0, c1, c2, c3) under the key `seed`.
[[maybe_unused]] inline PhiloxBlock philox(std::uint64_t seed, std::uint32_t c0, std::uint32_t c1,
                                           std::uint32_t c2, std::uint32_t c3) {
  std::uint32_t key0 = static_cast<std::uint32_t>(seed), key1 = static_cast<std::uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = std::uint64_t{0xD2511F53u} * c0,
                        product1 = std::uint64_t{0xCD9E8D57u} * c2;
    const std::uint32_t high0 = static_cast<std::uint32_t>(product0 >> 32),
                        high1 = static_cast<std::uint32_t>(product1 >> 32);
    c0 = high1 ^ c1 ^ key0;
    c1 = static_cast<std::uint32_t>(product1);
    c2 = high0 ^ c3 ^ key1;
    c3 = static_cast<std::uint32_t>(product0);
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

}  // namespace
}  // namespace lamina
