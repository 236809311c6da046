// The table of ops: for most of them, all that the rest of the engine knows.
#pragma once

#include "executor/context.hpp"
#include "executor/ops/activation.hpp"
#include "executor/ops/combine.hpp"
#include "executor/ops/dense.hpp"
#include "executor/ops/dropout.hpp"
#include "executor/ops/embedding.hpp"
#include "executor/ops/grouped_dense.hpp"
#include "executor/ops/mask_codes.hpp"
#include "executor/ops/normalization.hpp"
#include "executor/ops/parametric_activation.hpp"
#include "executor/ops/periodic.hpp"
#include "executor/ops/piecewise_linear.hpp"
#include "executor/ops/prelu.hpp"
#include "executor/ops/repeat.hpp"
#include "executor/ops/scale.hpp"
#include "kernels/tables.hpp"

namespace lamina {

template <class T>
struct OpRow {
  const char* name;  // in a program
  void (*forward)(const Context<T>& context, const Op& op);
  void (*backward)(const Context<T>& context, const Op& op);
  KeptSizes (*keeps)(i64 n, i64 width, bool training) = nullptr;
  // out (n,) = column j of the output, x (n,) = column j of the first input, room (n,) = scratch space; null
  // if a column of the output depends on more than that column of the inputs and of the parameters.
  void (*column)(const Context<T>& context, const Op& op, i64 j, T* out, const T* x, T* room) = nullptr;
};

template <class T>
inline constexpr OpRow<T> kOps[] = {
    {"dense", dense_forward, dense_backward},
    {"activation", activation_forward, activation_backward, nullptr, activation_column},
    {"dropout", dropout_forward, dropout_backward, dropout_keeps, dropout_column},
    {"concat", concat_forward, concat_backward},
    {"grouped_dense", grouped_dense_forward, grouped_dense_backward},
    {"scale", scale_forward, scale_backward, nullptr, scale_column},
    {"mask_codes", mask_codes_forward, mask_codes_backward, dropout_keeps},
    {"embedding", embedding_forward, embedding_backward},
    {"repeat", repeat_forward, repeat_backward},
    {"prelu", prelu_forward, prelu_backward, nullptr, prelu_column},
    {"parametric_activation", parametric_activation_forward, parametric_activation_backward,
     parametric_activation_keeps, parametric_activation_column},
    {"periodic", periodic_forward, periodic_backward},
    {"cosine", cosine_forward, cosine_backward},
    {"piecewise_linear", piecewise_linear_forward, piecewise_linear_backward},
    {"batch_norm", batch_norm_forward, batch_norm_backward, batch_norm_keeps, batch_norm_column},
    {"layer_norm", layer_norm_forward, layer_norm_backward, layer_norm_keeps},
    {"add", add_forward, add_backward, nullptr, add_column},
    {"subtract", subtract_forward, subtract_backward, nullptr, subtract_column},
    {"average", average_forward, average_backward, nullptr, average_column},
    {"multiply", multiply_forward, multiply_backward, nullptr, multiply_column},
};

template <class T>
const OpRow<T>& row_of(const Op& op) {
  return kOps<T>[static_cast<int>(op.kind)];
}

static_assert(is_row(kOps<float>, OpKind::dense, "dense"));
static_assert(is_row(kOps<float>, OpKind::activation, "activation"));
static_assert(is_row(kOps<float>, OpKind::dropout, "dropout"));
static_assert(is_row(kOps<float>, OpKind::concat, "concat"));
static_assert(is_row(kOps<float>, OpKind::grouped_dense, "grouped_dense"));
static_assert(is_row(kOps<float>, OpKind::scale, "scale"));
static_assert(is_row(kOps<float>, OpKind::mask_codes, "mask_codes"));

}  // namespace lamina
