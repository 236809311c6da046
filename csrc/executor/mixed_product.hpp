// Matrix products in mixed precision: packs the operands, and splits the product into tiles for the threads.
#pragma once

#include <algorithm>
#include <vector>

#include "executor/aligned_vector.hpp"
#include "executor/pool.hpp"
#include "kernels/mixed.hpp"

namespace lamina {

// f(first, end) over the lines that have to be packed, from a multiple of the grain to the next or the end.
template <class F>
void over_lines(Pool* pool, i64 count, i64 depth, F f) {
  constexpr i64 kAtOnce = 8 * kLineGrain;
  over_pieces(pool, (count + kAtOnce - 1) / kAtOnce, kAtOnce * std::max<i64>(depth, 1),
              [&](i64 first, i64 size) { f(first * kAtOnce, std::min(count, (first + size) * kAtOnce)); });
}

inline PackedLines pack_lines(const MixedKernels& kernels, Pool* pool, std::byte* room, const Lines& lines) {
  over_lines(pool, lines.count, lines.depth,
             [&](i64 first, i64 end) { kernels.pack(room, lines, first, end); });
  return {room, lines.along, lines.count, lines.depth};
}

// c (m, n) = finish(start + op(a) op(b)), with rows ldc apart. The tiles depend on the sizes alone.
inline void multiply_packed(const MixedKernels& kernels, Pool* pool, const PackedLines& a,
                            const PackedLines& b, const ProductEnds<float>& ends, float* c, i64 ldc) {
  constexpr i64 kTileWork = i64{1} << 23;  // multiply-adds
  const i64 m = a.count, n = b.count, tiles = std::clamp<i64>(m * n * a.depth / kTileWork, 1, 16);
  const bool by_rows = m > n;
  const i64 cut = by_rows ? m : n, grain = by_rows ? kernels.row_grain : kernels.column_grain;
  const i64 step = ((cut + tiles - 1) / tiles + grain - 1) / grain * grain;
  if (m == 0 || n == 0) return;
  over_tiles(pool, (cut + step - 1) / step, [&](i64 tile) {
    const i64 first = tile * step, end = std::min(cut, first + step);
    const ProductPart part = by_rows ? ProductPart{first, end, 0, n} : ProductPart{0, m, first, end};
    kernels.multiply(a, b, part, ends, c, ldc);
  });
}

// The packed operands of a batch: those of one product, which the next one overwrites, and the weights, which
// are packed once a step.
class MixedOperands {
 public:
  // Before a pass with other weights.
  void forget_weights() {
    for (Packed& weight : weights_) std::fill(weight.done.begin(), weight.done.end(), 0);
  }

  // Makes room for `products` products at a time, with operands of up to so many bytes.
  void prepare(i64 products, i64 left, i64 right) {
    left_size_ = rounded_up(left);
    right_size_ = rounded_up(right);
    grow(left_, products * left_size_);
    grow(right_, products * right_size_);
  }
  std::byte* left(i64 product) { return left_.data() + product * left_size_; }
  std::byte* right(i64 product) { return right_.data() + product * right_size_; }

  // Makes room for the matrices of a parameter, once for each way to read them; `size`: bytes of one.
  void prepare_weight(std::size_t parameter, bool along, i64 matrices, i64 size) {
    const std::size_t at = 2 * parameter + along;
    if (weights_.size() <= at) weights_.resize(at + 1);
    Packed& weight = weights_[at];
    weight.size = rounded_up(size);
    grow(weight.bytes, matrices * weight.size);
    weight.done.resize(matrices, 0);
  }

  // One of these matrices, packed at its first use in a step.
  PackedLines weight(const MixedKernels& kernels, Pool* pool, std::size_t parameter, i64 matrix,
                     const Lines& lines) {
    Packed& weight = weights_[2 * parameter + lines.along];
    std::byte* room = weight.bytes.data() + matrix * weight.size;
    if (!weight.done[matrix]) pack_lines(kernels, pool, room, lines);
    weight.done[matrix] = 1;
    return {room, lines.along, lines.count, lines.depth};
  }

 private:
  struct Packed {
    AlignedVector<std::byte> bytes;
    i64 size = 0;
    std::vector<char> done;  // by matrix
  };

  static i64 rounded_up(i64 bytes) { return (bytes + 63) / 64 * 64; }
  static void grow(AlignedVector<std::byte>& bytes, i64 size) {
    if (static_cast<i64>(bytes.size()) < size) bytes.resize(size);
  }

  AlignedVector<std::byte> left_, right_;
  i64 left_size_ = 0, right_size_ = 0;
  std::vector<Packed> weights_;  // by parameter, twice
};

}  // namespace lamina
