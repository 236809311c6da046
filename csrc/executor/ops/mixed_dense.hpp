// The three products of a dense op in mixed precision; of a grouped one for each of its groups.
#pragma once

#include <algorithm>
#include <type_traits>

#include "executor/context.hpp"
#include "executor/mixed_product.hpp"

namespace lamina {

// x (n, in) and out (n, width), or their gradients, as columns of matrices whose rows are `row` apart.
template <class T>
struct Columns {
  T* data;
  i64 row;
};

// The products with matrix number `matrix` of an op's weights, W (in, width).
struct MixedDense {
  const Context<float>& context;
  Pool* pool;
  std::size_t parameter;
  i64 matrix, n, in, width;

  MixedDense(const Context<float>& context, const Op& op, Pool* pool, i64 matrix)
      : context(context),
        pool(pool),
        parameter(static_cast<std::size_t>(op.parameters[0])),
        matrix(matrix),
        n(context.n()),
        in(context.program.parameters[parameter].rows),
        width(context.program.parameters[parameter].columns) {}

  // Makes room for the products of a pass forward, or backward, with all matrices at a time.
  void prepare(bool backward) const {
    const i64 matrices = context.program.parameters[parameter].matrices();
    const auto size = kernels().packed_size;
    MixedOperands& operands = context.work.mixed;
    if (backward) {
      operands.prepare(matrices, std::max(size(in, n), size(n, width)), size(width, n));
      operands.prepare_weight(parameter, true, matrices, size(in, width));
    } else {
      operands.prepare(matrices, size(n, in), 0);
      operands.prepare_weight(parameter, false, matrices, size(width, in));
    }
  }

  // out = finish(start + x W)
  void forward(Columns<const float> x, const ProductEnds<float>& ends, Columns<float> out) const {
    multiply({Side::left, x.data, x.row, true, n, in}, weight(false), ends, out);
  }

  // d_W = start + x^T d_out
  void weight_gradient(Columns<const float> x, Columns<const float> d_out, const ProductEnds<float>& ends,
                       float* d_weight) const {
    const Lines right{Side::right, d_out.data, d_out.row, false, width, n};
    multiply({Side::left, x.data, x.row, false, in, n},
             pack_lines(kernels(), pool, context.work.mixed.right(matrix), right), ends, {d_weight, width});
  }

  // d_x = finish(start + d_out W^T)
  void input_gradient(Columns<const float> d_out, const ProductEnds<float>& ends, Columns<float> d_x) const {
    multiply({Side::left, d_out.data, d_out.row, true, n, width}, weight(true), ends, d_x);
  }

 private:
  const MixedKernels& kernels() const { return *context.product.tools.mixed; }

  void multiply(const Lines& left, const PackedLines& right, const ProductEnds<float>& ends,
                Columns<float> c) const {
    const PackedLines packed = pack_lines(kernels(), pool, context.work.mixed.left(matrix), left);
    multiply_packed(kernels(), pool, packed, right, ends, c.data, c.row);
  }

  // The columns of W, or with `along` those of W^T.
  PackedLines weight(bool along) const {
    const float* data =
        context.parameters + context.program.parameters[parameter].offset + matrix * in * width;
    return context.work.mixed.weight(
        kernels(), pool, parameter, matrix,
        {Side::right, data, width, along, along ? in : width, along ? width : in});
  }
};

// use(products), for an op that multiplies in mixed precision; returns whether it does.
template <class T, class Use>
bool with_mixed(const Context<T>& context, const Op& op, Pool* pool, i64 matrix, Use use) {
  if constexpr (std::is_same_v<T, float>) {
    if (!context.is_mixed(op)) return false;
    use(MixedDense(context, op, pool, matrix));
    return true;
  }
  return false;
}

// Before the products of a pass.
template <class T>
void prepare_mixed(const Context<T>& context, const Op& op, bool backward) {
  with_mixed(context, op, nullptr, 0, [&](const auto& products) { products.prepare(backward); });
}

}  // namespace lamina
