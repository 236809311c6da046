// Products by emulated tiles, with the kernel's own code around them.
#include <cstddef>
#include <utility>
#include <vector>

#include "emulated.hpp"
#include "kernels/gemm/tiles.hpp"

namespace {

// An operand, packed at an address that is a multiple of 64, as the kernel asks for.
struct Operand {
  explicit Operand(const lamina::Lines& lines)
      : room(lamina::kTiles.packed_size(lines.count, lines.depth) + 64),
        packed{room.data() + (64 - reinterpret_cast<std::uintptr_t>(room.data()) % 64), lines.along,
               lines.count, lines.depth} {
    lamina::kTiles.pack(const_cast<std::byte*>(packed.data), lines, 0, lines.count);
  }
  std::vector<std::byte> room;
  lamina::PackedLines packed;
};

}  // namespace

// c (m, n) = finish(start + op(a) op(b)), with rows ldc apart, from its four quarters. finish: a number of
// lamina::Finish.
extern "C" void multiply(float* c, long ldc, const float* a, const float* b, long m, long n, long k,
                         bool transpose_a, bool transpose_b, const float* start, long start_row, int finish,
                         const float* gate) {
  using namespace lamina;
  const Operand left({Side::left, a, transpose_a ? m : k, !transpose_a, m, k});
  const Operand right({Side::right, b, transpose_b ? k : n, transpose_b, n, k});
  const ProductEnds<float> ends{start, start_row, static_cast<Finish>(finish), gate};
  const long row = m / 2 / kTiles.row_grain * kTiles.row_grain;
  const long column = n / 2 / kTiles.column_grain * kTiles.column_grain;
  for (const auto& [first_row, end_row] : {std::pair{0L, row}, std::pair{row, m}})
    for (const auto& [first_column, end_column] : {std::pair{0L, column}, std::pair{column, n}})
      kTiles.multiply(left.packed, right.packed, {first_row, end_row, first_column, end_column}, ends, c,
                      ldc);
}
