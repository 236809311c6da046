// The tables of one instruction set; each file of this folder, with its own compiler flags, includes this
// once.
#include "kernels/activation.hpp"
#include "kernels/batch_norm.hpp"
#include "kernels/blend.hpp"
#include "kernels/clipping.hpp"
#include "kernels/dropout.hpp"
#include "kernels/gather.hpp"
#include "kernels/gemm.hpp"
#include "kernels/heads.hpp"
#include "kernels/kernels.hpp"
#include "kernels/layer_norm.hpp"
#include "kernels/narrow_backward.hpp"
#include "kernels/penalty.hpp"
#include "kernels/periodic.hpp"
#include "kernels/permutation.hpp"
#include "kernels/piecewise_linear.hpp"
#include "kernels/prelu.hpp"
#include "kernels/probe.hpp"
#include "kernels/rounded_product.hpp"
#include "kernels/rows.hpp"
#include "kernels/scale.hpp"
#include "kernels/shrinkage.hpp"
#include "kernels/sparse_product.hpp"
#include "kernels/update.hpp"

namespace lamina {
namespace {

template <class T>
constexpr Kernels<T> kTable = {
    .function_name = function_name,
    .head_name = head_name,
    .rule_name = rule_name,
    .gemm = gemm<T>,
    .narrow_backward = narrow_backward<T>,
    .sparse_product = sparse_product<T>,
    .sum_rows = sum_rows<T>,
    .add_to = add_to<T>,
    .multiply_into = multiply_into<T>,
    .activation_forward = activation_forward<T>,
    .activation_backward = activation_backward<T>,
    .prelu_forward = prelu_forward<T>,
    .prelu_backward = prelu_backward<T>,
    .blend_forward = blend_forward<T>,
    .blend_gradient = blend_gradient<T>,
    .blend_backward = blend_backward<T>,
    .scale_forward = scale_forward<T>,
    .scale_backward = scale_backward<T>,
    .periodic_forward = periodic_forward<T>,
    .periodic_backward = periodic_backward<T>,
    .cosine_forward = cosine_forward<T>,
    .cosine_backward = cosine_backward<T>,
    .piecewise_linear_forward = piecewise_linear_forward<T>,
    .piecewise_linear_backward = piecewise_linear_backward<T>,
    .dropout_forward = dropout_forward<T>,
    .dropout_backward = dropout_backward<T>,
    .batch_norm_forward = batch_norm_forward<T>,
    .batch_norm_inference = batch_norm_inference<T>,
    .batch_norm_backward = batch_norm_backward<T>,
    .layer_norm_forward = layer_norm_forward<T>,
    .layer_norm_backward = layer_norm_backward<T>,
    .head = head<T>,
    .update = update<T>,
    .update_watched = update_watched<T>,
    .update_outer = update_outer<T>,
    .shrink = shrink<T>,
    .penalty = penalty<T>,
    .clip_value = clip_value<T>,
    .sum_squares = sum_squares<T>,
    .scale = scale<T>,
    .all_finite = all_finite<T>,
    .largest = largest<T>,
    .max_norm = max_norm<T>,
    .spread = spread<T>,
    .count_zeros = count_zeros<T>,
    .count_non_finite = count_non_finite<T>,
    .count_below = count_below<T>,
    .count_flat = count_flat<T>,
    .sum_square_changes = sum_square_changes<T>,
    .size_up = size_up<T>,
    .keep = keep<T>,
    .gather_f32 = gather<T, float>,
    .gather_f64 = gather<T, double>,
    .permute = permute,
};

}  // namespace
}  // namespace lamina
