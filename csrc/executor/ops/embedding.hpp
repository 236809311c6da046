// Embedding: each code becomes the row of its column's table; columns without a table stay as they are.
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include "executor/context.hpp"

namespace lamina {

// The code that a number is, or -1.
template <class T>
i64 code_of(T x, i64 cardinality) {
  if (!(x >= T(0) && x < static_cast<T>(i64{1} << 62))) return -1;
  const i64 code = static_cast<i64>(x);
  return code < cardinality && static_cast<T>(code) == x ? code : -1;
}

// Rows of a large table lie anywhere in memory: it pays to ask for them before they are needed.
inline constexpr i64 kRowsAhead = 8;

// A column of the input: where it stands in the output, and its table: a parameter of the op, or -1.
struct EmbeddedColumn {
  i64 at, width, cardinality;
  int table;
};

template <class T>
std::vector<EmbeddedColumn> embedded_columns(const Context<T>& context, const Op& op) {
  std::vector<EmbeddedColumn> columns;
  i64 at = 0;
  int tables = 0;
  for (const double is_embedded : op.settings) {
    if (is_embedded != 0) {
      const Parameter& table = context.program.parameters[op.parameters[tables]];
      columns.push_back({at, table.columns, table.rows, tables++});
    } else {
      columns.push_back({at, 1, 0, -1});
    }
    at += columns.back().width;
  }
  return columns;
}

// NaN where a number is no code.
template <class T>
void embedding_forward(const Context<T>& context, const Op& op) {
  const std::vector<EmbeddedColumn> columns = embedded_columns(context, op);
  const i64 width = context.width(op.inputs[0]), out_width = context.width(op.output);
  const T* x = context.value(op.inputs[0]);
  T* out = context.value(op.output);
  context.over_rows(out_width, [&](i64 first, i64 count) {
    for (i64 j = 0; j < width; ++j) {
      const EmbeddedColumn& column = columns[j];
      const T* table = column.table < 0 ? nullptr : context.parameter(op, column.table);
      for (i64 i = first; i < first + count; ++i) {
        T* to = out + i * out_width + column.at;
        if (!table) {
          *to = x[i * width + j];
          continue;
        }
        if (i + kRowsAhead < first + count)
          if (const i64 ahead = code_of(x[(i + kRowsAhead) * width + j], column.cardinality); ahead >= 0)
            __builtin_prefetch(table + ahead * column.width);
        const i64 code = code_of(x[i * width + j], column.cardinality);
        if (code < 0) {
          std::fill_n(to, column.width, std::numeric_limits<T>::quiet_NaN());
        } else {
          std::copy_n(table + code * column.width, column.width, to);
        }
      }
    }
  });
}

// d_table[code] = the sum of d_out over the rows with this code; the tables are independent of each other.
template <class T>
void embedding_backward(const Context<T>& context, const Op& op) {
  const std::vector<EmbeddedColumn> columns = embedded_columns(context, op);
  const i64 width = context.width(op.inputs[0]), out_width = context.width(op.output), n = context.n();
  const T *x = context.value(op.inputs[0]), *d_out = context.d_value(op.output);
  std::vector<T*> d_tables;
  for (std::size_t t = 0; t < op.parameters.size(); ++t) d_tables.push_back(context.gradient_to_add(op, t));
  over_tiles(context.pool, width, [&](i64 j) {
    const EmbeddedColumn& column = columns[j];
    if (column.table < 0 || !d_tables[column.table]) return;
    const int p = op.parameters[column.table];
    TouchedRows* touched = context.program.parameters[p].learns_by_row() ? &(*context.touched)[p] : nullptr;
    for (i64 i = 0; i < n; ++i) {
      if (i + kRowsAhead < n)
        if (const i64 ahead = code_of(x[(i + kRowsAhead) * width + j], column.cardinality); ahead >= 0)
          __builtin_prefetch(d_tables[column.table] + ahead * column.width, 1);
      const i64 code = code_of(x[i * width + j], column.cardinality);
      if (code < 0) continue;
      if (touched) touched->touch(code);
      const T* from = d_out + i * out_width + column.at;
      T* to = d_tables[column.table] + code * column.width;
      for (i64 k = 0; k < column.width; ++k) to[k] += from[k];
    }
  });
  context.contribute(op.inputs[0], [&](T* d_x) {
    for (i64 i = 0; i < n; ++i)
      for (i64 j = 0; j < width; ++j)
        d_x[i * width + j] = columns[j].table < 0 ? d_out[i * out_width + columns[j].at] : T(0);
  });
}

}  // namespace lamina
