// Batches of compressed sparse rows: gathered once, then multiplied by row (x W) and by column (x^T d_out).
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "executor/pool.hpp"
#include "executor/sources.hpp"

namespace lamina {

// Calls use(offsets, columns, values) with the source's arrays.
template <class Use>
void with_arrays(const Source& source, Use use) {
  const auto with_index = [&]<class Index>(const Index* offsets) {
    const auto* columns = static_cast<const Index*>(source.columns);
    source.is_double ? use(offsets, columns, static_cast<const double*>(source.values))
                     : use(offsets, columns, static_cast<const float*>(source.values));
  };
  source.wide_index ? with_index(static_cast<const std::int64_t*>(source.offsets))
                    : with_index(static_cast<const std::int32_t*>(source.offsets));
}

// out (n, width) = the batch, with zeros filled in.
template <class T>
void densify(T* out, const Source& source, const Rows& rows) {
  std::fill_n(out, rows.size * source.width, T(0));
  with_arrays(source, [&](const auto* offsets, const auto* columns, const auto* values) {
    for (i64 i = 0; i < rows.size; ++i)
      for (i64 p = offsets[rows[i]]; p < offsets[rows[i] + 1]; ++p)
        out[i * source.width + columns[p]] += static_cast<T>(values[p]);
  });
}

// Compressed sparse rows: row i has values[p] at columns[p], p from offsets[i] to offsets[i + 1].
template <class T>
class Compressed {
 public:
  void gather(const Source& source, const Rows& rows) {
    with_arrays(source, [&](const auto* offsets, const auto* columns, const auto* values) {
      i64 size = 0;
      for (i64 i = 0; i < rows.size; ++i) size += offsets[rows[i] + 1] - offsets[rows[i]];
      begin(rows.size, size);
      for (i64 i = 0, at = 0; i < rows_; ++i) {
        if (i + kAhead < rows_)
          fetch(columns, values, offsets[rows[i + kAhead]], offsets[rows[i + kAhead] + 1]);
        const i64 first = offsets[rows[i]], count = offsets[rows[i] + 1] - first;
        std::copy_n(columns + first, count, columns_.data() + at);
        std::copy_n(values + first, count, values_.data() + at);
        offsets_[i + 1] = at += count;
      }
    });
  }

  // Becomes the transpose of x, which has `columns` columns; the values of each stay in the order of x's
  // rows.
  void turn(const Compressed& x, i64 columns) {
    begin(columns, x.offsets_[x.rows_]);
    std::fill_n(offsets_.begin(), columns + 2, i64{0});
    i64* count = offsets_.data() + 2;
    for (i64 p = 0; p < x.offsets_[x.rows_]; ++p) ++count[x.columns_[p]];
    for (i64 c = 1; c < columns; ++c) count[c] += count[c - 1];
    i64* next = offsets_.data() + 1;
    for (i64 i = 0; i < x.rows_; ++i)
      for (i64 p = x.offsets_[i]; p < x.offsets_[i + 1]; ++p) {
        const i64 at = next[x.columns_[p]]++;
        columns_[at] = i;
        values_[at] = x.values_[p];
      }
  }

  // out (rows, width) = ends(this b), b (columns, width)
  void multiply(const Kernels<T>& kernels, Pool* pool, T* out, const T* b, i64 width,
                const ProductEnds<T>& ends) const {
    const i64 tiles = std::clamp<i64>(offsets_[rows_] * width / kTileWork, 1, 16);
    const i64 step = (rows_ + tiles - 1) / tiles;
    over_tiles(pool, tiles, [&](i64 tile) {
      const i64 first = tile * step, count = std::min(step, rows_ - first);
      ProductEnds<T> here = ends;
      if (here.start) here.start += first * here.start_row;
      if (count > 0)
        kernels.sparse_product(out + first * width, offsets_.data() + first, columns_.data(), values_.data(),
                               count, b, width, &here);
    });
  }

 private:
  static constexpr i64 kTileWork = i64{1} << 18;  // multiply-adds: about 20 us
  static constexpr i64 kAhead = 4;                // rows fetched ahead of their use: the order is random

  // Values first to end, and their columns.
  static void fetch(const auto* columns, const auto* values, i64 first, i64 end) {
    for (i64 p = first; p < end; p += 16) {
      __builtin_prefetch(columns + p);
      __builtin_prefetch(values + p);
    }
  }

  // Makes room; allocates only for the largest batch so far.
  void begin(i64 rows, i64 size) {
    rows_ = rows;
    if (static_cast<i64>(offsets_.size()) < rows + 2) offsets_.resize(rows + 2);
    offsets_[0] = 0;
    if (static_cast<i64>(columns_.size()) >= size) return;
    columns_.resize(size);
    values_.resize(size);
  }

  i64 rows_ = 0;
  std::vector<i64> offsets_, columns_;
  std::vector<T> values_;
};

// A sparse batch, for the products of the forward and the backward pass.
template <class T>
class SparseBatch {
 public:
  void gather(const Source& source, const Rows& rows) {
    by_row_.gather(source, rows);
    turned_ = false;
  }

  const Compressed<T>& rows() const { return by_row_; }

  // The batch by column (there are `features`); the first call after `gather` sorts it.
  const Compressed<T>& columns(i64 features) {
    if (!turned_) by_column_.turn(by_row_, features);
    turned_ = true;
    return by_column_;
  }

 private:
  Compressed<T> by_row_, by_column_;
  bool turned_ = false;
};

}  // namespace lamina
