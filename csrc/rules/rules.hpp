// The table of the update rules.
#pragma once

#include "rules/adagrad.hpp"
#include "rules/adam.hpp"
#include "rules/gradient_descent.hpp"
#include "rules/momentum.hpp"
#include "rules/nadam.hpp"
#include "rules/nesterov.hpp"
#include "rules/rmsprop.hpp"

namespace lamina {

template <class... Each>
struct RuleTable {
  // Calls use.template operator()<R>() for the rule in that row.
  template <class Use>
  LAMINA_INLINE static void with(Rule row, Use use) {
    int i = 0;
    static_cast<void>(((i++ == static_cast<int>(row) && (use.template operator()<Each>(), true)) || ...));
  }

  // Null past the last row.
  LAMINA_INLINE static constexpr const char* name(int row) {
    constexpr const char* names[] = {Each::name..., nullptr};
    return names[row < static_cast<int>(sizeof...(Each)) ? row : sizeof...(Each)];
  }
};

using Rules = RuleTable<GradientDescent, Momentum, Nesterov, RMSprop, Adagrad, Adam, Nadam>;

}  // namespace lamina
