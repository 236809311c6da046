// The executor for float32 and float64. Python has checked sizes and types; the GIL is released during
// computation.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/unique_ptr.h>
#include <nanobind/stl/vector.h>

#include <memory>
#include <optional>
#include <string>
#include <tuple>

#include "bind/bind.hpp"
#include "bind/choose_tools.hpp"
#include "bind/gil.hpp"
#include "executor/executor.hpp"

namespace lamina {
namespace {

using FailureTuple = std::tuple<i64, std::string, std::string>;

std::optional<FailureTuple> as_tuple(const std::optional<Failure>& failure) {
  if (!failure) return std::nullopt;
  return FailureTuple{failure->step, failure->layer, failure->quantity};
}

template <class T>
struct Binding {
  using Vector = nb::ndarray<T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
  using ConstVector = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
  using Matrix = nb::ndarray<T, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
  using ConstMatrix = nb::ndarray<const T, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
  using Numbers = nb::ndarray<double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
  using Table = nb::ndarray<double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
  using Tables = nb::ndarray<double, nb::ndim<3>, nb::c_contig, nb::device::cpu>;
  using Rates = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
  // (sums, output, activation, weight) of a layer, and the slope at which its activation is flat.
  using LayerTuple = std::tuple<int, int, int, int, double>;
  using Flags = nb::ndarray<bool, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
  // Of a Watch: rows, layers, edges; probes, own, updates; tables and losses of the probes; those of the own
  // steps, sizes, flat; changes.
  using WatchTuple = std::tuple<const BoundBatches*, std::vector<LayerTuple>, Doubles, Ints, Ints, Ints,
                                Tables, Table, Tables, Table, Table, Flags, Table>;

  static std::unique_ptr<Executor<T>> make(nb::handle program, Vector parameters, Vector state,
                                           std::optional<Blas> blas, const std::string& instruction_set,
                                           const std::string& product, int num_threads, int most_threads) {
    Tools<T> tools = choose_tools<T>(blas, instruction_set, product, num_threads);
    tools.most_threads = most_threads;
    return std::make_unique<Executor<T>>(read_program(program), tools, parameters.data(), state.data());
  }

  static void configure(Executor<T>& executor, nb::handle plan, Matrix slots) {
    executor.configure(read_plan(plan), slots.data(), static_cast<int>(slots.shape(0)));
  }

  static std::vector<ProbedLayer> probed(const std::vector<LayerTuple>& layers) {
    std::vector<ProbedLayer> found;
    for (const auto& [sums, output, activation, weight, flat] : layers)
      found.push_back({sums, output, activation, weight, flat});
    return found;
  }

  static std::vector<Watch> watched(const std::vector<WatchTuple>& watches) {
    std::vector<Watch> found;
    const auto steps = [](const Ints& numbers) {
      return WatchedSteps{numbers.data(), static_cast<i64>(numbers.size())};
    };
    for (const auto& [rows, layers, edges, probes, own, updates, tables, losses, own_tables, own_losses,
                      own_sizes, own_flat, changes] : watches)
      found.push_back({rows->batches,
                       probed(layers),
                       {edges.data(), static_cast<i64>(edges.size())},
                       steps(probes),
                       steps(own),
                       steps(updates),
                       tables.data(),
                       losses.data(),
                       own_tables.data(),
                       own_losses.data(),
                       own_sizes.data(),
                       own_flat.data(),
                       static_cast<i64>(own_flat.shape(1)),
                       changes.data()});
    return found;
  }

  static StepValues step_values(const Doubles& learning_rates, const std::optional<Doubles>& weight_decays,
                                const std::optional<Rates>& dropout_rates) {
    return {learning_rates.data(), weight_decays ? weight_decays->data() : nullptr,
            dropout_rates ? dropout_rates->data() : nullptr,
            dropout_rates ? static_cast<i64>(dropout_rates->shape(1)) : 0};
  }

  static std::tuple<i64, i64, std::optional<FailureTuple>> train(
      Executor<T>& executor, const BoundBatches& data, Ints order, i64 batch_size, i64 first_step,
      Doubles learning_rates, std::optional<Doubles> weight_decays, std::optional<Rates> dropout_rates,
      Numbers losses, std::optional<Numbers> norms, std::optional<Table> head_losses,
      const std::vector<WatchTuple>& watches) {
    const StepValues values = step_values(learning_rates, weight_decays, dropout_rates);
    const StepRecords records{losses.data(), norms ? norms->data() : nullptr,
                              head_losses ? head_losses->data() : nullptr};
    std::vector<Watch> watching = watched(watches);
    TrainingSummary summary;
    {
      const ReleasedGil released;
      summary = executor.train(data.batches, order.data(), static_cast<i64>(order.size()), batch_size,
                               first_step, values, records, watching);
    }
    return {summary.steps, summary.num_clipped, as_tuple(summary.failure)};
  }

  static std::tuple<i64, i64, std::optional<FailureTuple>, double, i64> train_epochs(
      Executor<T>& executor, const BoundBatches& data, std::uint32_t first_epoch, i64 num_epochs,
      bool shuffle, i64 batch_size, i64 first_step, Doubles learning_rates,
      std::optional<Doubles> weight_decays, std::optional<Rates> dropout_rates, Numbers losses,
      std::optional<Table> head_losses, double best_loss, Vector best_parameters, Vector best_state,
      Vector parameters_before, Vector state_before, const std::vector<WatchTuple>& watches) {
    const StepValues values = step_values(learning_rates, weight_decays, dropout_rates);
    const StepRecords records{losses.data(), nullptr, head_losses ? head_losses->data() : nullptr};
    Best<T> best{best_loss, best_parameters.data(), best_state.data(), parameters_before.data(),
                 state_before.data()};
    std::vector<Watch> watching = watched(watches);
    TrainingSummary summary;
    {
      const ReleasedGil released;
      summary = executor.train_epochs(data.batches, {first_epoch, num_epochs, shuffle}, batch_size,
                                      first_step, values, records, best, watching);
    }
    return {summary.steps, summary.num_clipped, as_tuple(summary.failure), best.loss, best.num_better};
  }

  static std::vector<T*> pointers(const std::vector<Matrix>& arrays) {
    std::vector<T*> all;
    for (const Matrix& array : arrays) all.push_back(array.data());
    return all;
  }

  static void predict(Executor<T>& executor, const BoundBatches& data, const std::vector<std::string>& links,
                      bool mixed, const std::vector<Matrix>& outputs) {
    const std::vector<Function> functions = read_functions(links);
    const std::vector<T*> to = pointers(outputs);
    const ReleasedGil released;
    executor.predict(data.batches, functions, mixed, to);
  }

  static void evaluate(Executor<T>& executor, const BoundBatches& data, Numbers losses) {
    const ReleasedGil released;
    executor.evaluate(data.batches, losses.data());
  }

  static int threads_for(const Executor<T>& executor, const BoundBatches& data, i64 rows) {
    return executor.threads_for(data.batches, rows);
  }

  static Rows all(const Ints& order) { return {order.data(), 0, static_cast<i64>(order.size())}; }

  static double gradient(Executor<T>& executor, const BoundBatches& data, Ints order, i64 first_row,
                         std::optional<double> whole, i64 step, std::optional<Doubles> dropout_rates,
                         Vector gradient, Numbers losses, std::optional<Numbers> head_losses) {
    const GradientRecords<T> records{gradient.data(), losses.data(),
                                     head_losses ? head_losses->data() : nullptr};
    const ReleasedGil released;
    const Part part{all(order), first_row, whole, dropout_rates ? dropout_rates->data() : nullptr};
    return executor.gradient(data.batches, part, step, records);
  }

  static void forward(Executor<T>& executor, const BoundBatches& data, Ints order, i64 first_row, i64 step,
                      std::optional<Doubles> dropout_rates, const std::vector<Matrix>& outputs) {
    const std::vector<T*> to = pointers(outputs);
    const Part part{all(order), first_row, std::nullopt, dropout_rates ? dropout_rates->data() : nullptr};
    const ReleasedGil released;
    executor.forward(data.batches, part, step, to);
  }

  static std::vector<const T*> const_pointers(const std::vector<ConstMatrix>& arrays) {
    std::vector<const T*> pointers;
    for (const ConstMatrix& array : arrays) pointers.push_back(array.data());
    return pointers;
  }

  static void backward(Executor<T>& executor, const std::vector<ConstMatrix>& d_outputs, i64 step,
                       Vector gradient) {
    const std::vector<const T*> from = const_pointers(d_outputs);
    const ReleasedGil released;
    executor.backward(from, step, gradient.data());
  }

  static std::tuple<double, double, bool, std::optional<FailureTuple>> update(
      Executor<T>& executor, ConstVector gradient, Doubles losses, double total_weight, i64 step,
      double learning_rate, double weight_decay) {
    StepOutcome outcome;
    {
      const ReleasedGil released;
      outcome =
          executor.update(gradient.data(), losses.data(), total_weight, step, learning_rate, weight_decay);
    }
    return {outcome.loss, outcome.norm, outcome.clipped, as_tuple(outcome.failure)};
  }

  static double loss_and_gradient(Executor<T>& executor, const BoundBatches& data, Ints order, bool training,
                                  i64 step, Vector gradient, std::optional<Numbers> head_losses) {
    const GradientRecords<T> records{gradient.data(), nullptr, head_losses ? head_losses->data() : nullptr};
    const ReleasedGil released;
    return executor.loss_and_gradient(data.batches, all(order), training, step, records);
  }

  static std::vector<bool> observe(Executor<T>& executor, const BoundBatches& data, Ints order, bool training,
                                   i64 step, std::optional<Doubles> dropout_rates,
                                   const std::vector<ConstMatrix>& d_outputs,
                                   const std::vector<Matrix>& values, const std::vector<Matrix>& d_values,
                                   Vector gradient, Numbers losses, std::optional<Numbers> head_losses) {
    const Pass pass{training, false, step, dropout_rates ? dropout_rates->data() : nullptr, true};
    const std::vector<const T*> from = const_pointers(d_outputs);
    const Probes<T> probes{pointers(values),
                           pointers(d_values),
                           {gradient.data(), losses.data(), head_losses ? head_losses->data() : nullptr}};
    std::vector<char> reached;
    {
      const ReleasedGil released;
      reached = executor.observe(data.batches, all(order), pass, from, probes);
    }
    return {reached.begin(), reached.end()};
  }

  static void probe(Executor<T>& executor, const BoundBatches& data, const std::vector<LayerTuple>& layers,
                    Doubles edges, Table table, Numbers losses) {
    const std::vector<ProbedLayer> of = probed(layers);
    const Bins bins{edges.data(), static_cast<i64>(edges.size())};
    const ReleasedGil released;
    executor.probe(data.batches, of, bins, table.data(), losses.data());
  }

  static void change(Executor<T>& executor, const std::vector<LayerTuple>& layers, ConstVector before,
                     Numbers norms) {
    const std::vector<ProbedLayer> of = probed(layers);
    const ReleasedGil released;
    executor.change(of, before.data(), norms.data());
  }

  // objective(k, [outputs of batch k, ...]) -> float, called with the GIL held. The arrays are views that are
  // valid until it returns.
  static Objective<T> wrap(const nb::callable& objective, const std::vector<i64>& widths) {
    return [&objective, widths](i64 k, i64 rows, const std::vector<const T*>& outputs) {
      using View = nb::ndarray<nb::numpy, const T, nb::ndim<2>>;
      const HeldGil held;
      nb::list arrays;
      for (std::size_t i = 0; i < outputs.size(); ++i) {
        const auto n = static_cast<std::size_t>(rows), width = static_cast<std::size_t>(widths[i]);
        arrays.append(nb::cast(View(outputs[i], {n, width}, nb::handle()), nb::rv_policy::reference));
      }
      return nb::cast<double>(objective(k, arrays));
    };
  }

  static std::tuple<i64, i64, i64, std::optional<FailureTuple>> perturb(
      Executor<T>& executor, const BoundBatches& data, Ints order, i64 batch_size, i64 first_step,
      Doubles learning_rates, bool all, i64 trials, double scale, bool antithetic, bool accept_ties,
      const std::optional<nb::callable>& objective, const std::vector<i64>& widths, Numbers losses,
      Numbers objectives, std::optional<Table> head_losses) {
    PerturbationSummary summary;
    {
      const PerturbationRule rule{all, trials, scale, antithetic, accept_ties};
      const PerturbationRecords records{losses.data(), objectives.data(),
                                        head_losses ? head_losses->data() : nullptr};
      Objective<T> function;
      if (objective) function = wrap(*objective, widths);
      const ReleasedGil released;
      summary = executor.perturb(data.batches, order.data(), static_cast<i64>(order.size()), batch_size,
                                 first_step, learning_rates.data(), rule, function, records);
    }
    return {summary.steps, summary.num_clipped, summary.num_kept, as_tuple(summary.failure)};
  }
};

template <class T>
void bind_executor(nb::module_& m, const char* name) {
  using B = Binding<T>;
  using namespace nb::literals;
  nb::class_<Executor<T>>(m, name,
                          "Runs a program. The arrays given to it are not copied and must be kept alive.")
      .def(nb::new_(&B::make), "program"_a, "parameters"_a, "state"_a, "blas"_a.none(), "instruction_set"_a,
           "product"_a, "num_threads"_a, "most_threads"_a)
      .def("configure", &B::configure, "plan"_a, "slots"_a)
      .def("train", &B::train, "data"_a, "order"_a, "batch_size"_a, "first_step"_a, "learning_rates"_a,
           "weight_decays"_a.none(), "dropout_rates"_a.none(), "losses"_a, "norms"_a.none(),
           "head_losses"_a.none(), "watches"_a)
      .def("train_epochs", &B::train_epochs, "data"_a, "first_epoch"_a, "num_epochs"_a, "shuffle"_a,
           "batch_size"_a, "first_step"_a, "learning_rates"_a, "weight_decays"_a.none(),
           "dropout_rates"_a.none(), "losses"_a, "head_losses"_a.none(), "best_loss"_a, "best_parameters"_a,
           "best_state"_a, "parameters_before"_a, "state_before"_a, "watches"_a)
      .def("predict", &B::predict, "data"_a, "links"_a, "mixed"_a, "outputs"_a)
      .def("evaluate", &B::evaluate, "data"_a, "losses"_a)
      .def("gradient", &B::gradient, "data"_a, "order"_a, "first_row"_a, "whole"_a.none(), "step"_a,
           "dropout_rates"_a.none(), "gradient"_a, "losses"_a, "head_losses"_a.none())
      .def("forward", &B::forward, "data"_a, "order"_a, "first_row"_a, "step"_a, "dropout_rates"_a.none(),
           "outputs"_a)
      .def("backward", &B::backward, "d_outputs"_a, "step"_a, "gradient"_a)
      .def("update", &B::update, "gradient"_a, "losses"_a, "total_weight"_a, "step"_a, "learning_rate"_a,
           "weight_decay"_a)
      .def("abandon", &Executor<T>::abandon)
      .def("loss_and_gradient", &B::loss_and_gradient, "data"_a, "order"_a, "training"_a, "step"_a,
           "gradient"_a, "head_losses"_a.none())
      .def("observe", &B::observe, "data"_a, "order"_a, "training"_a, "step"_a, "dropout_rates"_a.none(),
           "d_outputs"_a, "values"_a, "d_values"_a, "gradient"_a, "losses"_a, "head_losses"_a.none())
      .def("probe", &B::probe, "data"_a, "layers"_a, "edges"_a, "table"_a, "losses"_a)
      .def("change", &B::change, "layers"_a, "before"_a, "norms"_a)
      .def("perturb", &B::perturb, "data"_a, "order"_a, "batch_size"_a, "first_step"_a, "learning_rates"_a,
           "all"_a, "trials"_a, "scale"_a, "antithetic"_a, "accept_ties"_a, "objective"_a.none(), "widths"_a,
           "losses"_a, "objectives"_a, "head_losses"_a.none())
      .def("threads_for", &B::threads_for, "data"_a, "rows"_a)
      .def("may_use_blas", &Executor<T>::may_use_blas, "rows"_a);
}

}  // namespace

void bind_executors(nb::module_& m) {
  bind_executor<float>(m, "ExecutorF32");
  bind_executor<double>(m, "ExecutorF64");
}

}  // namespace lamina
