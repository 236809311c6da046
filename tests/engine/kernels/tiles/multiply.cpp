// Products by emulated tiles, with the kernel's own code around them.
#include <cstddef>
#include <utility>
#include <vector>

#include "emulated.hpp"
#include "kernels/gemm/tiles.hpp"

namespace {

// An operand, packed in two parts at an address that is a multiple of 64, as the kernel asks for. The room is
// full of NaN before, so that padding that packing forgets shows in the sums.
class Operand {
 public:
  explicit Operand(const lamina::Lines& lines)
      : size_(lamina::kTiles.packed_size(lines.count, lines.depth)),
        room_(size_ + 2 * kAround, kNan),
        start_(room_.data() + kAround - reinterpret_cast<std::uintptr_t>(room_.data()) % 64) {
    const long half = lines.count / 2 / lamina::kLineGrain * lamina::kLineGrain;
    const std::size_t half_size = lamina::kTiles.packed_size(half, lines.depth);
    lamina::kTiles.pack(start_, lines, 0, half);
    check_untouched_around(half_size);
    lamina::kTiles.pack(start_, lines, half, lines.count);
    check_untouched_around(size_);
    packed = {start_, lines.along, lines.count, lines.depth};
  }
  emulated::Memory memory() const { return {start_, start_ + size_}; }

  lamina::PackedLines packed;

 private:
  static constexpr std::size_t kAround = 4096;  // bytes at either end
  static constexpr std::byte kNan{0xff};

  void check_untouched_around(std::size_t end) const {
    for (const std::byte& byte : room_)
      emulated::fault_unless((&byte >= start_ && &byte < start_ + end) || byte == kNan);
  }

  std::size_t size_;
  std::vector<std::byte> room_;
  std::byte* start_;
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
  emulated::readable[0] = left.memory();
  emulated::readable[1] = right.memory();
  const ProductEnds<float> ends{start, start_row, static_cast<Finish>(finish), gate};
  const long row = m / 2 / kTiles.row_grain * kTiles.row_grain;
  const long column = n / 2 / kTiles.column_grain * kTiles.column_grain;
  for (const auto& [first_row, end_row] : {std::pair{0L, row}, std::pair{row, m}})
    for (const auto& [first_column, end_column] : {std::pair{0L, column}, std::pair{column, n}})
      kTiles.multiply(left.packed, right.packed, {first_row, end_row, first_column, end_column}, ends, c,
                      ldc);
  emulated::fault_unless(emulated::configuration.palette == 0);  // it leaves no tiles behind
}
