// The instructions on tiles in plain C++, as Intel's manual gives them (Software Developer's Manual, volume
// 2: LDTILECFG, TDPBF16PS, TILELOADD, TILERELEASE, TILESTORED, TILEZERO), with its faults as abort().
// Included first, it stands in for the compiler's.
#pragma once

#include <immintrin.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>

namespace emulated {

struct Tile {
  alignas(64) unsigned char bytes[16][64];
};

struct Configuration {
  std::uint8_t palette, start_row, reserved[14];
  std::uint16_t row_bytes[16];
  std::uint8_t rows[16];
};
static_assert(sizeof(Configuration) == 64);

// What tiles may be loaded from; all else is as if it were not mapped.
struct Memory {
  const std::byte *begin, *end;
};

inline thread_local Memory readable[2];
inline thread_local Tile tiles[8];
inline thread_local Configuration configuration{};

inline void fault_unless(bool right) {
  if (!right) std::abort();
}

inline void load_configuration(const void* from) {
  std::memcpy(&configuration, from, 64);
  fault_unless(configuration.palette == 1 && configuration.start_row == 0);
  for (const std::uint8_t byte : configuration.reserved) fault_unless(byte == 0);
  for (int t = 0; t < 16; ++t)
    fault_unless(t < 8 ? configuration.row_bytes[t] <= 64 && configuration.rows[t] <= 16 &&
                             (configuration.row_bytes[t] == 0) == (configuration.rows[t] == 0)
                       : configuration.row_bytes[t] == 0 && configuration.rows[t] == 0);
  std::memset(tiles, 0, sizeof(tiles));
}

inline void release() {
  std::memset(&configuration, 0, 64);
  std::memset(tiles, 0, sizeof(tiles));
}

inline void check(int t) { fault_unless(configuration.palette == 1 && configuration.rows[t] > 0); }

inline void zero(int t) {
  check(t);
  std::memset(&tiles[t], 0, sizeof(Tile));
}

inline void load(int t, const void* base, long stride) {
  zero(t);
  for (int r = 0; r < configuration.rows[t]; ++r) {
    const std::byte *from = static_cast<const std::byte*>(base) + r * stride,
                    *end = from + configuration.row_bytes[t];
    fault_unless((from >= readable[0].begin && end <= readable[0].end) ||
                 (from >= readable[1].begin && end <= readable[1].end));
    std::memcpy(tiles[t].bytes[r], from, configuration.row_bytes[t]);
  }
}

inline void store(int t, void* base, long stride) {
  check(t);
  for (int r = 0; r < configuration.rows[t]; ++r)
    std::memcpy(static_cast<char*>(base) + r * stride, tiles[t].bytes[r], configuration.row_bytes[t]);
}

// Denormal numbers are 0, as operands and as results.
inline float flushed(float x) { return std::fpclassify(x) == FP_SUBNORMAL ? std::copysign(0.0f, x) : x; }

inline float from_bfloat16(const unsigned char* at) {
  std::uint16_t half;
  std::memcpy(&half, at, 2);
  const std::uint32_t bits = static_cast<std::uint32_t>(half) << 16;
  float x;
  std::memcpy(&x, &bits, 4);
  return flushed(x);
}

// One row of sums: the even and the odd numbers of all pairs are added up apart, then to each other, then to
// the sum.
inline void add_products(int c, int a, int b) {
  check(c), check(a), check(b);
  fault_unless(c != a && c != b && a != b);
  fault_unless(configuration.row_bytes[a] / 4 == configuration.rows[b]);
  fault_unless(configuration.rows[a] == configuration.rows[c] &&
               configuration.row_bytes[b] == configuration.row_bytes[c]);
  for (int m = 0; m < configuration.rows[c]; ++m) {
    for (int n = 0; n < configuration.row_bytes[c] / 4; ++n) {
      float part[2] = {0.0f, 0.0f}, sum;
      for (int k = 0; k < configuration.row_bytes[a] / 4; ++k)
        for (int h = 0; h < 2; ++h)
          part[h] = flushed(std::fma(from_bfloat16(tiles[a].bytes[m] + 4 * k + 2 * h),
                                     from_bfloat16(tiles[b].bytes[k] + 4 * n + 2 * h), part[h]));
      std::memcpy(&sum, tiles[c].bytes[m] + 4 * n, 4);
      sum = flushed(flushed(sum) + flushed(part[0] + part[1]));
      std::memcpy(tiles[c].bytes[m] + 4 * n, &sum, 4);
    }
  }
}

}  // namespace emulated

#undef _tile_loadconfig
#undef _tile_release
#undef _tile_zero
#undef _tile_loadd
#undef _tile_stored
#undef _tile_dpbf16ps
#define _tile_loadconfig(from) emulated::load_configuration(from)
#define _tile_release() emulated::release()
#define _tile_zero(t) emulated::zero(t)
#define _tile_loadd(t, base, stride) emulated::load(t, base, stride)
#define _tile_stored(t, base, stride) emulated::store(t, base, stride)
#define _tile_dpbf16ps(c, a, b) emulated::add_products(c, a, b)
