// Training by perturbed weights. The user's objective is called with the interpreter's lock held, everything
// else runs without it.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <string>
#include <tuple>

#include "bind/bind.hpp"
#include "executor/perturbation.hpp"

namespace lamina {
namespace {

using FailureTuple = std::tuple<i64, std::string, std::string>;
using Numbers = nb::ndarray<double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Table = nb::ndarray<double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

// objective(k, [outputs of batch k, ...]) -> float. The arrays are views that last until it returns.
template <class T>
Objective<T> wrap(const nb::callable& objective, const std::vector<i64>& widths) {
  return [&objective, widths](i64 k, i64 rows, const std::vector<const T*>& outputs) {
    using View = nb::ndarray<nb::numpy, const T, nb::ndim<2>>;
    const nb::gil_scoped_acquire acquire;
    nb::list arrays;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const auto n = static_cast<std::size_t>(rows), width = static_cast<std::size_t>(widths[i]);
      arrays.append(nb::cast(View(outputs[i], {n, width}, nb::handle()), nb::rv_policy::reference));
    }
    return nb::cast<double>(objective(k, arrays));
  };
}

template <class T>
std::tuple<i64, i64, i64, std::optional<FailureTuple>> perturb(
    Executor<T>& executor, const BoundBatches& data, Ints order, i64 batch_size, i64 first_step,
    Doubles learning_rates, bool all, i64 trials, double scale, bool antithetic, bool accept_ties,
    const std::optional<nb::callable>& objective, const std::vector<i64>& widths, Numbers losses,
    Numbers objectives, std::optional<Table> head_losses) {
  PerturbationSummary summary;
  {
    const PerturbationRule rule{all, trials, scale, antithetic, accept_ties};
    Objective<T> function;
    if (objective) function = wrap<T>(*objective, widths);
    const nb::gil_scoped_release release;
    summary = Perturber<T>(executor, rule, std::move(function))
                  .train(data.batches, order.data(), static_cast<i64>(order.size()), batch_size, first_step,
                         learning_rates.data(), losses.data(), objectives.data(),
                         head_losses ? head_losses->data() : nullptr);
  }
  std::optional<FailureTuple> failure;
  if (summary.failure)
    failure = FailureTuple{summary.failure->step, summary.failure->layer, summary.failure->quantity};
  return {summary.steps, summary.num_clipped, summary.num_kept, failure};
}

template <class T>
void bind_perturb(nb::module_& m) {
  using namespace nb::literals;
  m.def("perturb", &perturb<T>, "executor"_a, "data"_a, "order"_a, "batch_size"_a, "first_step"_a,
        "learning_rates"_a, "all"_a, "trials"_a, "scale"_a, "antithetic"_a, "accept_ties"_a,
        "objective"_a.none(), "widths"_a, "losses"_a, "objectives"_a, "head_losses"_a.none());
}

}  // namespace

void bind_perturbations(nb::module_& m) {
  bind_perturb<float>(m);
  bind_perturb<double>(m);
}

}  // namespace lamina
