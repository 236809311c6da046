// The register block at the heart of the built-in matrix product.
#pragma once

#include "kernels/gemm/vectors.hpp"
#include "kernels/kernels.hpp"

namespace lamina {
namespace {
namespace product {

// Sums that a block keeps in registers: those that AVX-512 and AArch64 (32 registers), AVX2 (16) and SSE (16,
// but products need one more) have left besides a row of B and a number of A.
#if defined(__aarch64__)
inline constexpr int kSums = 24;
#else
inline constexpr int kSums = LAMINA_VECTOR_BYTES == 64 ? 24 : LAMINA_VECTOR_BYTES == 32 ? 12 : 8;
#endif

inline constexpr int kLeast = 3;                   // rows of the flattest block
inline constexpr int kFlat = kSums / kLeast;       // its vectors
inline constexpr int kWide = kSums == 24 ? 4 : 2;  // vectors of a block with more rows
constexpr int rows_of_block(int vectors) {
  return vectors <= kWide ? (kSums / vectors < 12 ? kSums / vectors : 12) : kLeast;
}

// Where a product is written, and what it starts from: element (i, j) of C and of gate is at i * row + j *
// column, that of start at i * start_row + j * start_column.
template <class T>
struct Target {
  T* data;
  Size row, column;
  const T* start = nullptr;
  Size start_row = 0, start_column = 0;
  Finish finish = Finish::none;
  const T* gate = nullptr;

  // The part that starts at row i and column j.
  Target part(Size i, Size j) const {
    Target part = *this;
    part.data += i * row + j * column;
    if (start) part.start += i * start_row + j * start_column;
    if (gate) part.gate += i * row + j * column;
    return part;
  }

  // For one part of a sum over k: it starts from what the previous part left in C, and only the last
  // finishes.
  Target part_of_depth(bool first, bool last) const {
    Target part = *this;
    if (!first) part.start = data, part.start_row = row, part.start_column = column;
    if (!last) part.finish = Finish::none;
    return part;
  }

  Target turned() const { return {data, column, row, start, start_column, start_row, finish, gate}; }
};

// One panel of columns of a product: up to NV vectors, the last of which has `lanes` lanes. Element (i, p) of
// op(A) is a[i * a_row + p * a_step]; rows of op(B) are b_step apart.
template <class T>
struct Panel {
  const T* a;
  Size a_row, a_step;
  const T* b;
  Size b_step, k;
  int lanes;
  Target<T> c;
};

// For a number or a vector; the same as Relu in activation_functions.hpp.
template <class T, class V>
LAMINA_INLINE V finished(V value, Finish finish, V gate) {
  const V zero = {};
  if (finish == Finish::relu) return value < zero ? zero : value;
  if (finish == Finish::relu_slope) return value * (gate <= zero ? zero : zero + T(1));
  return value;
}

// Vector v of a row of a panel, whose last vector is full or partial.
template <class T, int NV, bool part>
LAMINA_INLINE Vector<T> read(const T* row, int v, int lanes) {
  row += v * Simd<T>::width;
  return part && v + 1 == NV ? load_part(row, lanes) : load(row);
}

// A separate loop for each case: a choice inside the loop would cost a jump per vector.
template <class T, int NV, bool part, int MR>
LAMINA_INLINE void finish_block(Vector<T> (&sum)[MR][NV], const Panel<T>& s, Size i) {
  if (s.c.finish == Finish::relu) {
#pragma GCC unroll 12
    for (int r = 0; r < MR; ++r)
#pragma GCC unroll 8
      for (int v = 0; v < NV; ++v) sum[r][v] = finished<T>(sum[r][v], Finish::relu, Vector<T>{});
    return;
  }
#pragma GCC unroll 12
  for (int r = 0; r < MR; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < NV; ++v)
      sum[r][v] = finished<T>(sum[r][v], Finish::relu_slope,
                              read<T, NV, part>(s.c.gate + (i + r) * s.c.row, v, s.lanes));
}

// The start values of MR rows of C from row i.
template <class T, int NV, bool part, int MR>
LAMINA_INLINE void start_block(Vector<T> (&sum)[MR][NV], const Panel<T>& s, Size i) {
#pragma GCC unroll 12
  for (int r = 0; r < MR; ++r)
#pragma GCC unroll 8
    for (int v = 0; v < NV; ++v)
      sum[r][v] =
          s.c.start ? read<T, NV, part>(s.c.start + (i + r) * s.c.start_row, v, s.lanes) : Vector<T>{};
}

template <class T, int NV, bool part, int MR>
LAMINA_INLINE void store_block(const Vector<T> (&sum)[MR][NV], const Panel<T>& s, Size i) {
  constexpr int W = Simd<T>::width;
#pragma GCC unroll 12
  for (int r = 0; r < MR; ++r) {
    T* to = s.c.data + (i + r) * s.c.row;
#pragma GCC unroll 8
    for (int v = 0; v < NV; ++v) {
      if (part && v + 1 == NV) {
        store_part(to + v * W, sum[r][v], s.lanes);
      } else {
        store(to + v * W, sum[r][v]);
      }
    }
  }
}

// MR rows of C from row i.
template <class T, int NV, bool part, int MR>
LAMINA_INLINE void multiply_block(const Panel<T>& s, Size i) {
  Vector<T> sum[MR][NV];
  start_block<T, NV, part, MR>(sum, s, i);
  const T* a = s.a + i * s.a_row;
  const T* b = s.b;
  for (Size p = 0; p < s.k; ++p) {
    Vector<T> row[NV];
#pragma GCC unroll 8
    for (int v = 0; v < NV; ++v) row[v] = read<T, NV, part>(b, v, s.lanes);
#pragma GCC unroll 12
    for (int r = 0; r < MR; ++r) {
      const T x = a[r * s.a_row];
#pragma GCC unroll 8
      for (int v = 0; v < NV; ++v) sum[r][v] += row[v] * x;
    }
    a += s.a_step;
    b += s.b_step;
  }
  if (s.c.finish != Finish::none) finish_block<T, NV, part, MR>(sum, s, i);
  store_block<T, NV, part, MR>(sum, s, i);
}

template <class T, int NV, bool part, int MR>
[[gnu::noinline]] void multiply_blocks(const Panel<T>& panel, Size first, Size end) {
  const Panel<T> s = panel;  // a local copy, so that the compiler knows that stores to C do not change it
  for (Size i = first; i < end; i += MR) multiply_block<T, NV, part, MR>(s, i);
}

// Rows [first, end) in blocks of `rows`, a number (1 .. MR) known at run time.
template <class T, int NV, bool part, int MR>
LAMINA_INLINE void multiply_rows(Size rows, const Panel<T>& panel, Size first, Size end) {
  if constexpr (MR > 1) {
    if (rows < MR) return multiply_rows<T, NV, part, MR - 1>(rows, panel, first, end);
  }
  multiply_blocks<T, NV, part, MR>(panel, first, end);
}

// All m rows, in blocks as even as possible: 10 rows are 5 + 5, not 6 + 4.
template <class T, int NV, bool part>
void multiply_all_rows(Size m, const Panel<T>& panel) {
  constexpr int MR = rows_of_block(NV);
  const Size blocks = (m + MR - 1) / MR, fewer = share(m, blocks), split = (m - fewer * blocks) * (fewer + 1);
  if (split > 0) multiply_rows<T, NV, part, MR>(fewer + 1, panel, 0, split);
  multiply_rows<T, NV, part, MR>(fewer, panel, split, m);
}

template <class T, int NV>
void multiply_panel(Size m, const Panel<T>& panel) {
  if constexpr (!kMasksAreFree) {
    if (panel.lanes == Simd<T>::width) return multiply_all_rows<T, NV, false>(m, panel);
  }
  multiply_all_rows<T, NV, true>(m, panel);
}

}  // namespace product
}  // namespace
}  // namespace lamina
