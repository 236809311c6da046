// What happens to the flat gradient between the backward pass and the update: penalties, and clipping.
#pragma once

#include <cmath>
#include <vector>

#include "executor/pool.hpp"
#include "executor/program.hpp"

namespace lamina {

// Adds `factor` times the penalties' gradient; returns `factor` times their value.
template <class T>
double add_penalties(const Program& program, const Kernels<T>& kernels, T* gradient, const T* parameters,
                     double factor) {
  double sum = 0;
  for (const Parameter& p : program.parameters)
    if (p.l1 != 0 || p.l2 != 0)
      sum +=
          kernels.penalty(gradient + p.offset, parameters + p.offset, p.size, factor * p.l1, factor * p.l2);
  return sum;
}

// Parameters by layer, in order of appearance: numbers into Program::parameters.
inline std::vector<std::vector<int>> group_by_layer(const Program& program) {
  std::vector<std::vector<int>> groups;
  for (std::size_t i = 0; i < program.parameters.size(); ++i) {
    std::size_t g = 0;
    while (g < groups.size() && program.parameters[groups[g][0]].layer != program.parameters[i].layer) ++g;
    if (g == groups.size()) groups.emplace_back();
    groups[g].push_back(static_cast<int>(i));
  }
  return groups;
}

// The squares' sum of a piece at a time, added up in order: the same number for any number of threads.
template <class T>
double sum_squares(const Kernels<T>& kernels, Pool* pool, const T* x, i64 size,
                   std::vector<double>& partial) {
  over_pieces(pool, size, 1, [&](i64 first, i64 count) {
    partial[first / kTileSize] = kernels.sum_squares(x + first, count);
  });
  double sum = 0;
  for (i64 first = 0; first < size; first += kTileSize) sum += partial[first / kTileSize];
  if (std::isfinite(sum)) return sum;
  sum = 0;  // a square overflowed single precision: again, in double
  for (i64 i = 0; i < size; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return sum;
}

template <class T>
bool all_finite(const Kernels<T>& kernels, Pool* pool, const T* x, i64 size, std::vector<double>& partial) {
  over_pieces(pool, size, 1, [&](i64 first, i64 count) {
    partial[first / kTileSize] = kernels.all_finite(x + first, count) ? 0 : 1;
  });
  for (i64 first = 0; first < size; first += kTileSize)
    if (partial[first / kTileSize] != 0) return false;
  return true;
}

// Bounds every layer's norm; true if any was too long.
template <class T>
bool clip_layers(const Program& program, const Kernels<T>& kernels, Pool* pool,
                 const std::vector<std::vector<int>>& layers, T* gradient, double bound,
                 std::vector<double>& partial) {
  bool changed = false;
  for (const auto& layer : layers) {
    double squares = 0;
    for (const int p : layer)
      squares += sum_squares(kernels, pool, gradient + program.parameters[p].offset,
                             program.parameters[p].size, partial);
    const double norm = std::sqrt(squares);
    if (norm <= bound) continue;
    for (const int p : layer)
      kernels.scale(gradient + program.parameters[p].offset, program.parameters[p].size, bound / norm);
    changed = true;
  }
  return changed;
}

}  // namespace lamina
