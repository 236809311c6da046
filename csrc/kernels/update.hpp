// Update rules, a vector of weights at a time. Formulas: lamina/engine/plan.py.
//
// What depends on the step alone is worked out before, in double: executor/update_rule.hpp. Decoupled weight
// decay, w *= keep, comes first (Loshchilov & Hutter 2019).
#pragma once

#include "kernels/gemm/vectors.hpp"
#include "kernels/kernels.hpp"
#include "kernels/simd.hpp"

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
};

// How many slots a rule keeps of each weight.
constexpr int num_slots(Rule rule) {
  return rule == Rule::gradient_descent ? 0 : rule == Rule::adam || rule == Rule::nadam ? 2 : 1;
}

// The new weights; the slots become new in place. V is a vector of numbers.
//   gradient_descent  w -= rate g
//   momentum          v = decay1 v + g; w -= rate v
//   nesterov          v = decay1 v + g; w -= rate (g + decay1 v)
//   rmsprop, adagrad  s = decay2 s + fresh2 g^2; w -= rate g / (sqrt s + eps); adagrad: both weights are 1
//   adam              m = decay1 m + fresh1 g; s = decay2 s + fresh2 g^2;
//                     w -= from_moment m / (sqrt(s) root + eps); nadam: (from_moment m + rate g) instead
template <Rule rule, class T, class V>
LAMINA_INLINE V updated(V w, V g, V& slot1, V& slot2, const Rounded<T>& a) {
  if constexpr (rule == Rule::gradient_descent) return a.keep * w - a.rate * g;
  if constexpr (rule == Rule::momentum || rule == Rule::nesterov) {
    slot1 = a.decay1 * slot1 + g;
    return a.keep * w - a.rate * (rule == Rule::momentum ? slot1 : g + a.decay1 * slot1);
  }
  if constexpr (rule == Rule::rmsprop || rule == Rule::adagrad) {
    slot1 = a.decay2 * slot1 + a.fresh2 * g * g;
    return a.keep * w - a.rate * g / (product::square_root<T>(slot1) + a.eps);
  }
  if constexpr (num_slots(rule) == 2) {
    slot1 = a.decay1 * slot1 + a.fresh1 * g;
    slot2 = a.decay2 * slot2 + a.fresh2 * g * g;
    const V step = rule == Rule::nadam ? a.from_moment * slot1 + a.rate * g : a.from_moment * slot1;
    return a.keep * w - step / (product::square_root<T>(slot2) * a.root + a.eps);
  }
}

// Whether the last slot is a running mean of squares: infinite, it leaves the weights as they were.
constexpr bool has_squares(Rule rule) {
  return rule == Rule::rmsprop || rule == Rule::adagrad || num_slots(rule) == 2;
}

// The weights [at, at + lanes), along with their slots. Returns what is not finite where one of them is not:
// the new weights, to which what is wrong with a slot comes through, but for an infinite mean of squares.
template <Rule rule, bool part, class T>
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
  if constexpr (num_slots(rule) > 0) of_slot1 = read(slot1);
  if constexpr (num_slots(rule) > 1) of_slot2 = read(slot2);
  const V new_w = updated<rule>(read(w), g, of_slot1, of_slot2, a);
  write(w, new_w);
  if constexpr (num_slots(rule) > 0) write(slot1, of_slot1);
  if constexpr (num_slots(rule) > 1) write(slot2, of_slot2);
  return has_squares(rule) ? new_w + (num_slots(rule) > 1 ? of_slot2 : of_slot1) : new_w;
}

// Sums that tell whether all that was taken is finite: once one is not, it stays so.
template <class T>
struct Watch {
  product::Vector<T> sums[2] = {};  // so that additions need not wait for one another

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

// For those who know that all will be finite.
template <class T>
struct NoWatch {
  LAMINA_INLINE void take(int, product::Vector<T>) {}
};

// The weights [first, first + size); gradient(i, lanes) is that of the i-th of them and the next ones.
template <Rule rule, class T>
LAMINA_INLINE void update_piece(auto& watch, T* w, T* slot1, T* slot2, i64 first, i64 size,
                                const Rounded<T>& a, auto gradient) {
  constexpr int W = product::Simd<T>::width;
  i64 i = 0;
  for (; i + 2 * W <= size; i += 2 * W) {
    watch.take(0, update_vector<rule, false>(w, gradient(i, W), slot1, slot2, first + i, W, a));
    watch.take(1, update_vector<rule, false>(w, gradient(i + W, W), slot1, slot2, first + i + W, W, a));
  }
  for (; i < size; i += W) {
    const int lanes = static_cast<int>(size - i < W ? size - i : W);
    watch.take(0, update_vector<rule, true>(w, gradient(i, lanes), slot1, slot2, first + i, lanes, a));
  }
}

// use.template operator()<rule>()
LAMINA_INLINE void with_rule(Rule rule, auto use) {
  switch (rule) {
    case Rule::gradient_descent:
      return use.template operator()<Rule::gradient_descent>();
    case Rule::momentum:
      return use.template operator()<Rule::momentum>();
    case Rule::nesterov:
      return use.template operator()<Rule::nesterov>();
    case Rule::rmsprop:
      return use.template operator()<Rule::rmsprop>();
    case Rule::adagrad:
      return use.template operator()<Rule::adagrad>();
    case Rule::adam:
      return use.template operator()<Rule::adam>();
    case Rule::nadam:
      return use.template operator()<Rule::nadam>();
  }
}

LAMINA_INLINE void update_all(auto& watch, auto* w, const auto* gradient, auto* slot1, auto* slot2, i64 size,
                              Rule rule, const auto& a) {
  with_rule(rule, [&]<Rule of_rule>() {
    update_piece<of_rule>(watch, w, slot1, slot2, 0, size, a,
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

// The gradient of w (rows, columns) is x^T d_out, x (rows,), d_out (columns,), and rounded as if it had been
// written down. Rows of whole vectors: a row that reads what the one before wrote in part has to wait.
template <class T>
void update_outer(T* w, T* slot1, T* slot2, const T* x, const T* d_out, i64 rows, i64 columns, Rule rule,
                  const UpdateNumbers* numbers) {
  const Rounded<T> a(*numbers);
  NoWatch<T> watch;
  with_rule(rule, [&]<Rule of_rule>() {
    for (i64 i = 0; i < rows; ++i)
      update_piece<of_rule>(watch, w, slot1, slot2, i * columns, columns, a, [&](i64 j, int lanes) {
        return product::rounded<T>(product::load_part(d_out + j, lanes) * x[i]);
      });
  });
}

}  // namespace
}  // namespace lamina
