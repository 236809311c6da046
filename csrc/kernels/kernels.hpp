// The kernels as the executor sees them: one table of function pointers per float type and instruction set.
//
// All matrices are row-major and dense, (n, width) unless said otherwise. Buffers come from the caller, out
// never aliases an input unless said so; no kernel allocates, throws, locks, or keeps state. Backward kernels
// write (not add) d_x. Each translation unit of csrc/kernels/isa/ fills the tables for one instruction set;
// the executor picks one at import.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lamina {

using i64 = std::int64_t;

// Rows of the tables of activations (kernels/activation.hpp), heads (kernels/heads.hpp) and update rules
// (rules/rules.hpp), which have their names. Only rows that other code must recognize are listed here.
enum class Function : int { identity, relu, softmax };
enum class HeadKind : int { external };
enum class Rule : int { gradient_descent };

// What is applied to the result of a product.
enum class Finish : int { none, relu, relu_slope };

// What a product starts from, and what is applied to its result.
template <class T>
struct ProductEnds {
  const T* start =
      nullptr;  // what is added, with rows start_row apart (0: one row for all, a bias); null: zero
  i64 start_row = 0;
  Finish finish = Finish::none;
  const T* gate = nullptr;  // relu_slope: relu's outputs, with the layout of the product
};

// The numbers of an update that depend on the step; rules/ shows which of them a rule reads.
struct UpdateNumbers {
  double keep;               // 1 - learning rate * weight decay
  double rate, from_moment;  // weights of the gradient and of its running mean in the step
  double decay1, fresh1;     // running mean = decay1 * itself + fresh1 * gradient
  double decay2, fresh2;     // running mean of squares = decay2 * itself + fresh2 * gradient^2
  double root, eps;          // the step is divided by sqrt(the mean of squares) * root + eps
};

// A draw is a function of these and of the element's index: lamina/engine/randomness.py.
struct RandomKey {
  std::uint64_t seed;
  std::uint32_t purpose, step, op;
};

template <class T>
struct Kernels {
  // The names of the rows of a table, in order; null past the last.
  const char* (*function_name)(int row);
  const char* (*head_name)(int row);
  const char* (*rule_name)(int row);

  // Products: c (m, n) = finish(start + op(a) op(b)); start may be c.
  void (*gemm)(bool transpose_a, bool transpose_b, i64 m, i64 n, i64 k, const T* a, i64 lda, const T* b,
               i64 ldb, const ProductEnds<T>* ends, T* c, i64 ldc);

  // Backward pass of out = x W with 1 to 4 outputs, for `columns` of the columns of x, whose rows are `row`
  // apart: d_x = d_out W^T, with `relu` past the relu whose output x is; d_weight (columns, outputs) = x^T
  // d_out, added if `onto`; sum (columns,) = column sums of d_x unless null. d_x may be x.
  void (*narrow_backward)(T* d_x, T* d_weight, T* sum, const T* x, const T* d_out, const T* weight, i64 n,
                          i64 row, i64 columns, i64 outputs, bool onto, bool relu);

  // Compressed sparse rows: out (m, n) = finish(start + a b), b (k, n); row i of a has values[p] at
  // columns[p], p from offsets[i] to offsets[i + 1]. finish is none or relu; start may be out.
  void (*sparse_product)(T* out, const std::int64_t* offsets, const std::int64_t* columns, const T* values,
                         i64 m, const T* b, i64 n, const ProductEnds<T>* ends);

  // Rows and elements: sum (width,) = column sums of x; out += x; out = x * y (out may alias either).
  void (*sum_rows)(T* sum, const T* x, i64 n, i64 width);
  void (*add_to)(T* out, const T* x, i64 size);
  void (*multiply_into)(T* out, const T* x, const T* y, i64 size);

  // Activation. settings: those of the function. x and out are those of the forward pass; out may alias x,
  // and d_x may alias d_out. d_slope (width,), or null, is added to.
  void (*activation_forward)(T* out, const T* x, i64 n, i64 width, Function function, const double* settings);
  void (*activation_backward)(T* d_x, const T* d_out, const T* x, const T* out, i64 n, i64 width,
                              Function function, const double* settings);
  void (*prelu_forward)(T* out, const T* x, const T* slope, i64 n, i64 width);
  void (*prelu_backward)(T* d_x, T* d_slope, const T* d_out, const T* x, const T* slope, i64 n, i64 width);

  // A blend: out = (1 - share) x + share f, which out may be; d_share (width,) = column sums of d_out (f -
  // x); d_x += (1 - share) d_out.
  void (*blend_forward)(T* out, const T* x, const T* f, const T* share, i64 n, i64 width);
  void (*blend_gradient)(T* d_share, const T* d_out, const T* x, const T* f, i64 n, i64 width);
  void (*blend_backward)(T* d_x, const T* d_out, const T* share, i64 n, i64 width);

  // Scale: out = x * scale + shift, or relu of that; shift may be null. Backward pass for `columns` of the
  // columns, whose rows are `row` apart: d_scale and d_shift are added to; d_x is, with `relu`, past the relu
  // whose output x is. Each of the three may be null.
  void (*scale_forward)(T* out, const T* x, const T* scale, const T* shift, i64 n, i64 width, bool relu);
  void (*scale_backward)(T* d_x, T* d_scale, T* d_shift, const T* d_out, const T* x, const T* scale, i64 n,
                         i64 row, i64 columns, bool relu);

  // Periodic embeddings of x (n, width) with frequency (width, count): out (n, width, 2 count) has the sines
  // of each number, then the cosines; that of cosine, with phase (width, count), is (n, width, count).
  // Backward for `columns` of the columns of x, whose rows are `row` apart; d_frequency and d_phase are added
  // to. All d_ but d_out may be null.
  void (*periodic_forward)(T* out, const T* x, const T* frequency, i64 n, i64 width, i64 count);
  void (*periodic_backward)(T* d_x, T* d_frequency, const T* d_out, const T* x, const T* frequency,
                            const T* out, i64 n, i64 row, i64 columns, i64 count);
  void (*cosine_forward)(T* out, const T* x, const T* frequency, const T* phase, i64 n, i64 width, i64 count);
  void (*cosine_backward)(T* d_x, T* d_frequency, T* d_phase, const T* d_out, const T* x, const T* frequency,
                          const T* phase, i64 n, i64 row, i64 columns, i64 count);

  // Piecewise-linear encoding. settings: those of the op (lamina/engine/formulas/piecewise_linear.py).
  void (*piecewise_linear_forward)(T* out, const T* x, i64 n, i64 width, i64 num_bins,
                                   const double* settings);
  void (*piecewise_linear_backward)(T* d_x, const T* d_out, const T* out, i64 n, i64 width, i64 num_bins,
                                    const double* settings);

  // Dropout. mask (n * width,) bytes, 1 = kept.
  void (*dropout_forward)(T* out, std::uint8_t* mask, const T* x, i64 first_element, i64 size, double rate,
                          RandomKey key);
  void (*dropout_backward)(T* d_x, const T* d_out, const std::uint8_t* mask, i64 size, double rate);

  // Batch norm. gamma, beta, d_gamma, d_beta may be null; the latter two are added to. In training,
  // normalized (n, width) and inverse_deviation (width,) are kept for the backward pass, and running =
  // momentum
  // * running + (1 - momentum) * batch statistic (biased variance), unless running_mean is null.
  void (*batch_norm_forward)(T* out, T* normalized, T* inverse_deviation, T* running_mean,
                             T* running_variance, const T* x, const T* gamma, const T* beta, i64 n, i64 width,
                             double momentum, double eps);
  void (*batch_norm_inference)(T* out, const T* x, const T* gamma, const T* beta, const T* running_mean,
                               const T* running_variance, i64 n, i64 width, double eps);
  void (*batch_norm_backward)(T* d_x, T* d_gamma, T* d_beta, const T* d_out, const T* normalized,
                              const T* inverse_deviation, const T* gamma, i64 n, i64 width);

  // Layer norm: the same over each row; inverse_deviation (n,).
  void (*layer_norm_forward)(T* out, T* normalized, T* inverse_deviation, const T* x, const T* gamma,
                             const T* beta, i64 n, i64 width, double eps);
  void (*layer_norm_backward)(T* d_x, T* d_gamma, T* d_beta, const T* d_out, const T* normalized,
                              const T* inverse_deviation, const T* gamma, i64 n, i64 width);

  // Heads: return sum_i scale_i * L_i, scale (n,); where d_logits is not null, d_logits_i = scale_i *
  // dL_i/dlogits_i.
  double (*head)(T* d_logits, const T* logits, const T* target, const T* scale, i64 n, i64 width,
                 i64 target_width, HeadKind kind, const double* settings);

  // Update: one optimizer step over a contiguous piece of the flat vectors: w *= keep first, then the rule.
  // slot1, slot2 may be null. update_watched returns a sum that is not finite if a new weight or slot is not
  // (it may also overflow itself); the others do not check.
  void (*update)(T* w, const T* gradient, T* slot1, T* slot2, i64 size, Rule rule,
                 const UpdateNumbers* numbers);
  T (*update_watched)(T* w, const T* gradient, T* slot1, T* slot2, i64 size, Rule rule,
                      const UpdateNumbers* numbers);
  // The same for w (rows, columns) with the outer product of x (rows,) and d_out (columns,) as its gradient.
  void (*update_outer)(T* w, T* slot1, T* slot2, const T* x, const T* d_out, i64 rows, i64 columns, Rule rule,
                       const UpdateNumbers* numbers);

  // The proximal step of L1 after an update with the same numbers: weights move toward 0 by `step`, divided
  // as the rule's own steps are, and stop there. `slot` is the rule's last one, or null.
  void (*shrink)(T* w, const T* slot, i64 size, Rule rule, const UpdateNumbers* numbers, double step);

  // Penalties and clipping over a contiguous piece. penalty: gradient += l2 w, and += l1 sign(w) with
  // l1_slope; returns l1 sum|w| + l2/2 sum w^2, and in squares (1,) the sum of the gradient's squares.
  // clip_value: whether anything changed. sum_squares: in double. largest: the largest magnitude, NaN if
  // there is one. max_norm: every column's norm <= bound; scratch (columns,).
  double (*penalty)(double* squares, T* gradient, const T* w, i64 size, double l1, double l2, bool l1_slope);
  bool (*clip_value)(T* gradient, i64 size, double low, double high);
  double (*sum_squares)(const T* x, i64 size);
  void (*scale)(T* x, i64 size, double factor);
  bool (*all_finite)(const T* x, i64 size);
  T (*largest)(const T* x, i64 size);
  void (*max_norm)(T* weight, i64 rows, i64 columns, double bound, T* scratch);

  // Probes: mean and standard deviation; how many are 0, not finite, or below each edge; how many slopes (n,
  // width) are at most `most` in size, with steep (width,) = 0 for columns where all are, else 1; the sum of
  // (x - before)^2. size_up: the sum of squares, and how many are 0. keep: a copy, with the sum of squares
  // and the largest magnitude, NaN if there is one.
  void (*spread)(double* mean, double* deviation, const T* x, i64 size);
  i64 (*count_zeros)(const T* x, i64 size);
  i64 (*count_non_finite)(const T* x, i64 size);
  void (*count_below)(i64* below, const T* x, i64 size, const double* edges, i64 num_edges);
  i64 (*count_flat)(T* steep, const T* slope, i64 n, i64 width, double most);
  double (*sum_square_changes)(const T* x, const T* before, i64 size);
  void (*size_up)(double* squares, i64* zeros, const T* x, i64 size);
  void (*keep)(double* squares, T* most, T* to, const T* from, i64 size);

  // Gather: out (n, width) from the rows order[0..n) of a strided source (strides in elements) of float or
  // double.
  void (*gather_f32)(T* out, const float* source, i64 row_stride, i64 column_stride, const i64* order, i64 n,
                     i64 width);
  void (*gather_f64)(T* out, const double* source, i64 row_stride, i64 column_stride, const i64* order, i64 n,
                     i64 width);

  // Order: fills order (n,) with a permutation of 0 .. n-1.
  void (*permute)(i64* order, i64 n, RandomKey key);
};

// One per instruction set; a table is null where the build has no such variant (another architecture).
const Kernels<float>* kernels_f32_baseline();
const Kernels<double>* kernels_f64_baseline();
const Kernels<float>* kernels_f32_avx2();
const Kernels<double>* kernels_f64_avx2();
const Kernels<float>* kernels_f32_avx512();
const Kernels<double>* kernels_f64_avx512();

}  // namespace lamina
