// Tables with named rows.
#pragma once

#include "kernels/simd.hpp"

namespace lamina {
namespace {

// Null past the last row.
template <class Row, int count>
constexpr const char* name_of(const Row (&table)[count], int row) {
  return row < count ? table[row].name : nullptr;
}

// Whether the row with this name is at the position of the enumerator.
template <class Row, int count, class Place>
constexpr bool is_row(const Row (&table)[count], Place place, const char* name) {
  const char* found = name_of(table, static_cast<int>(place));
  while (found && *found && *found == *name) ++found, ++name;
  return found && *found == *name;
}

}  // namespace
}  // namespace lamina
