// What happens to the flat gradient between the backward pass and the update: penalties and clipping.
#pragma once

#include <cmath>
#include <vector>

#include "executor/pool.hpp"
#include "executor/program.hpp"
#include "executor/touched_rows.hpp"

namespace lamina {

// A contiguous range of the flat vectors.
struct Range {
  i64 offset, size;
};

// The ranges of what is trained, with or without matrices that learn by row.
inline std::vector<Range> find_trained(const Program& program, bool with_by_row) {
  std::vector<Range> ranges;
  for (const Parameter& p : program.parameters) {
    if (!p.trainable || (p.by_row && !with_by_row)) continue;
    if (!ranges.empty() && ranges.back().offset + ranges.back().size == p.offset) {
      ranges.back().size += p.size;
    } else {
      ranges.push_back({p.offset, p.size});
    }
  }
  return ranges;
}

// The trained matrices that learn by row.
inline std::vector<int> find_by_row(const Program& program) {
  std::vector<int> found;
  for (std::size_t p = 0; p < program.parameters.size(); ++p)
    if (program.parameters[p].learns_by_row()) found.push_back(static_cast<int>(p));
  return found;
}

// A contiguous range of what is trained, with the same penalty.
struct Section {
  i64 offset, size;
  double l1, l2;

  bool penalized() const { return l1 != 0 || l2 != 0; }
};

// Without matrices that learn by row. left_out: by parameter, whether to skip it; or empty.
inline std::vector<Section> find_sections(const Program& program, const std::vector<char>& left_out) {
  std::vector<Section> sections;
  for (std::size_t i = 0; i < program.parameters.size(); ++i) {
    const Parameter& p = program.parameters[i];
    if (!p.trainable || p.by_row || (!left_out.empty() && left_out[i])) continue;
    Section* last = sections.empty() ? nullptr : &sections.back();
    if (last && last->l1 == p.l1 && last->l2 == p.l2 && last->offset + last->size == p.offset) {
      last->size += p.size;
    } else {
      sections.push_back({p.offset, p.size, p.l1, p.l2});
    }
  }
  return sections;
}

// The result of a pass over the gradient, or over a piece of it.
struct GradientTotals {
  double penalty = 0;
  double squares = 0;  // if requested, or computed along with the penalty
  double largest = 0;  // upper bound of the magnitudes; not finite if a number is not

  bool finite() const { return std::isfinite(largest); }

  void add(const GradientTotals& other) {
    penalty += other.penalty;
    squares += other.squares;
    largest = largest < other.largest || std::isnan(other.largest) ? other.largest : largest;
  }
};

// Storage for the totals of a vector's pieces, which are added up in order, so that the result does not
// depend on the number of threads.
using PieceTotals = std::vector<GradientTotals>;

template <class Take>
GradientTotals add_up(Pool* pool, i64 size, PieceTotals& pieces, Take take) {
  over_pieces(pool, size, 1, [&](i64 first, i64 count) { pieces[first / kTileSize] = take(first, count); });
  GradientTotals totals;
  for (i64 first = 0; first < size; first += kTileSize) totals.add(pieces[first / kTileSize]);
  return totals;
}

// Whether a gradient includes the slope of L1, l1 sign(w). That of a step does not: `shrink` follows the
// update.
enum class L1Slope : bool { left_out, included };

// One pass over a piece: adds `factor` times the penalty's gradient, and bounds the magnitudes. A sum of
// squares does that, unless it overflows.
template <class T>
GradientTotals finish_piece(const Kernels<T>& kernels, const Section& section, T* gradient,
                            const T* parameters, i64 count, double factor, L1Slope l1_slope,
                            bool with_squares) {
  GradientTotals totals;
  if (section.penalized()) {
    totals.penalty = kernels.penalty(&totals.squares, gradient, parameters, count, factor * section.l1,
                                     factor * section.l2, l1_slope == L1Slope::included);
  } else if (with_squares) {
    totals.squares = kernels.sum_squares(gradient, count);
  }
  const bool summed = section.penalized() || with_squares;
  totals.largest = summed && std::isfinite(totals.squares)
                       ? std::sqrt(totals.squares)
                       : static_cast<double>(kernels.largest(gradient, count));
  return totals;
}

// Adds the gradient of the penalties to that of the losses.
template <class T>
GradientTotals finish_gradient(const Kernels<T>& kernels, Pool* pool, const std::vector<Section>& sections,
                               T* gradient, const T* parameters, double factor, L1Slope l1_slope,
                               bool with_squares, PieceTotals& pieces) {
  GradientTotals totals;
  for (const Section& section : sections)
    totals.add(add_up(pool, section.size, pieces, [&](i64 first, i64 count) {
      const i64 at = section.offset + first;
      return finish_piece(kernels, section, gradient + at, parameters + at, count, factor, l1_slope,
                          with_squares);
    }));
  return totals;
}

// Trainable parameters by layer, in order of appearance: indices into Program::parameters.
inline std::vector<std::vector<int>> group_by_layer(const Program& program) {
  std::vector<std::vector<int>> groups;
  for (std::size_t i = 0; i < program.parameters.size(); ++i) {
    if (!program.parameters[i].trainable) continue;
    std::size_t g = 0;
    while (g < groups.size() && program.parameters[groups[g][0]].layer != program.parameters[i].layer) ++g;
    if (g == groups.size()) groups.emplace_back();
    groups[g].push_back(static_cast<int>(i));
  }
  return groups;
}

template <class T>
double sum_squares(const Kernels<T>& kernels, Pool* pool, const T* x, i64 size, PieceTotals& pieces) {
  return add_up(pool, size, pieces,
                [&](i64 first, i64 count) {
                  return GradientTotals{0, kernels.sum_squares(x + first, count), 0};
                })
      .squares;
}

// Bounds every layer's norm; true if any exceeded the bound. rows: those with a gradient, of matrices that
// learn by row.
template <class T>
bool clip_layers(const Program& program, const Kernels<T>& kernels, Pool* pool,
                 const std::vector<std::vector<int>>& layers, const std::vector<ChangedRows>& rows,
                 T* gradient, double bound, PieceTotals& pieces) {
  const auto over_parts = [&](int p, auto use) {
    const Parameter& parameter = program.parameters[p];
    if (!parameter.by_row) return use(gradient + parameter.offset, parameter.size);
    for (const ChangedRows& part : rows)
      if (part.parameter == p) use(gradient + part.offset, part.size);
  };
  bool changed = false;
  for (const auto& layer : layers) {
    double squares = 0;
    for (const int p : layer)
      over_parts(p, [&](T* part, i64 size) { squares += sum_squares(kernels, pool, part, size, pieces); });
    const double norm = std::sqrt(squares);
    if (norm <= bound) continue;
    for (const int p : layer)
      over_parts(p, [&](T* part, i64 size) { kernels.scale(part, size, bound / norm); });
    changed = true;
  }
  return changed;
}

}  // namespace lamina
