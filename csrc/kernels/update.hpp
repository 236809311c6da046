// Update rules, one vector of weights at a time. Formulas: rules/.
//
// What depends on the step alone is computed beforehand, in double: executor/update_rule.hpp. Decoupled
// weight decay, w *= keep, comes first (Loshchilov & Hutter 2019).
#pragma once

#include "kernels/gemm/vectors.hpp"
#include "kernels/kernels.hpp"
#include "kernels/simd.hpp"
#include "rules/rules.hpp"

namespace lamina {
namespace {

// UpdateNumbers, rounded to the type of the weights.
template <class T>
struct Rounded {
  T keep, rate, from_moment, decay1, fresh1, decay2, fresh2, root, eps;

  LAMINA_INLINE explicit Rounded(const UpdateNumbers& of)
      : keep(static_cast<T>(of.keep)),
        rate(static_cast<T>(of.rate)),
        from_moment(static_cast<T>(of.from_moment)),
        decay1(static_cast<T>(of.decay1)),
        fresh1(static_cast<T>(of.fresh1)),
        decay2(static_cast<T>(of.decay2)),
        fresh2(static_cast<T>(of.fresh2)),
        root(static_cast<T>(of.root)),
        eps(static_cast<T>(of.eps)) {}

  // Of a number, or of every lane.
  LAMINA_INLINE static T square_root(T x) { return lamina::square_root(x); }
  LAMINA_INLINE static product::Vector<T> square_root(product::Vector<T> x) {
    return product::square_root<T>(x);
  }
};

// Updates the weights [at, at + lanes) and their slots. The returned vector is not finite if one of them is
// not: it is the new weights, which a bad slot makes non-finite too, except for an infinite mean of squares,
// which is added.
template <class R, bool part, class T>
LAMINA_INLINE product::Vector<T> update_vector(T* w, product::Vector<T> g, T* slot1, T* slot2, i64 at,
                                               int lanes, const Rounded<T>& a) {
  using V = product::Vector<T>;
  const auto read = [&](const T* from) __attribute__((always_inline)) {
    return part ? product::load_part(from + at, lanes) : product::load(from + at);
  };
  const auto write = [&](T* to, V value) __attribute__((always_inline)) {
    part ? product::store_part(to + at, value, lanes) : product::store(to + at, value);
  };
  V of_slot1 = {}, of_slot2 = {};
  if constexpr (R::slots > 0) of_slot1 = read(slot1);
  if constexpr (R::slots > 1) of_slot2 = read(slot2);
  const V new_w = R::updated(read(w), g, of_slot1, of_slot2, a);
  write(w, new_w);
  if constexpr (R::slots > 0) write(slot1, of_slot1);
  if constexpr (R::slots > 1) write(slot2, of_slot2);
  return R::divides ? new_w + (R::slots > 1 ? of_slot2 : of_slot1) : new_w;
}

// Sums that tell whether all values so far are finite: a sum that is not finite stays so.
template <class T>
struct Watch {
  product::Vector<T> sums[2] = {};  // so that additions do not wait for each other

  LAMINA_INLINE void take(int which, product::Vector<T> values) { sums[which] += values; }

  LAMINA_INLINE T total() const {
    alignas(sizeof(sums[0])) T lanes[product::Simd<T>::width];
    product::store(lanes, sums[0] + sums[1]);
    T total = 0;
    LAMINA_SIMD_SUM(total)
    for (int j = 0; j < product::Simd<T>::width; ++j) total += lanes[j];
    return total;
  }
};

// For callers that know that everything will be finite.
template <class T>
struct NoWatch {
  LAMINA_INLINE void take(int, product::Vector<T>) {}
};

// Updates the weights [first, first + size); gradient(i, lanes) is the gradient of `lanes` of them from the
// i-th.
template <class R, class T>
LAMINA_INLINE void update_piece(auto& watch, T* w, T* slot1, T* slot2, i64 first, i64 size,
                                const Rounded<T>& a, auto gradient) {
  constexpr int W = product::Simd<T>::width;
  i64 i = 0;
  for (; i + 2 * W <= size; i += 2 * W) {
    watch.take(0, update_vector<R, false>(w, gradient(i, W), slot1, slot2, first + i, W, a));
    watch.take(1, update_vector<R, false>(w, gradient(i + W, W), slot1, slot2, first + i + W, W, a));
  }
  for (; i < size; i += W) {
    const int lanes = static_cast<int>(size - i < W ? size - i : W);
    watch.take(0, update_vector<R, true>(w, gradient(i, lanes), slot1, slot2, first + i, lanes, a));
  }
}

LAMINA_INLINE void update_all(auto& watch, auto* w, const auto* gradient, auto* slot1, auto* slot2, i64 size,
                              Rule rule, const auto& a) {
  Rules::with(rule, [&]<class R>() {
    update_piece<R>(watch, w, slot1, slot2, 0, size, a,
                    [&](i64 i, int lanes) { return product::load_part(gradient + i, lanes); });
  });
}

template <class T>
void update(T* w, const T* gradient, T* slot1, T* slot2, i64 size, Rule rule, const UpdateNumbers* numbers) {
  NoWatch<T> watch;
  update_all(watch, w, gradient, slot1, slot2, size, rule, Rounded<T>(*numbers));
}

template <class T>
T update_watched(T* w, const T* gradient, T* slot1, T* slot2, i64 size, Rule rule,
                 const UpdateNumbers* numbers) {
  Watch<T> watch;
  update_all(watch, w, gradient, slot1, slot2, size, rule, Rounded<T>(*numbers));
  return watch.total();
}

// The gradient of w (rows, columns) is x^T d_out, x (rows,), d_out (columns,), rounded as if it had been
// stored. Rows are whole vectors: a row that reads what the one before partly wrote would have to wait.
template <class T>
void update_outer(T* w, T* slot1, T* slot2, const T* x, const T* d_out, i64 rows, i64 columns, Rule rule,
                  const UpdateNumbers* numbers) {
  const Rounded<T> a(*numbers);
  NoWatch<T> watch;
  Rules::with(rule, [&]<class R>() {
    for (i64 i = 0; i < rows; ++i)
      update_piece<R>(watch, w, slot1, slot2, i * columns, columns, a, [&](i64 j, int lanes) {
        return product::rounded<T>(product::load_part(d_out + j, lanes) * x[i]);
      });
  });
}

const char* rule_name(int row) { return Rules::name(row); }

}  // namespace
}  // namespace lamina
