// Threshold units, each holding the caller's arrays that it learns from.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <utility>
#include <vector>

#include "bind/bind.hpp"
#include "bind/choose_tools.hpp"
#include "bind/gil.hpp"
#include "executor/perceptron.hpp"

namespace lamina {
namespace {

using namespace nb::literals;

template <class T>
struct BoundPerceptron {
  nb::object x;  // owns what the unit reads
  Doubles targets, row_weights;
  Perceptron<T> unit;
};

template <class V>
nb::ndarray<nb::numpy, V, nb::ndim<1>> as_array(std::vector<V>&& values) {
  auto* kept = new std::vector<V>(std::move(values));
  const nb::capsule owner(kept, [](void* p) noexcept { delete static_cast<std::vector<V>*>(p); });
  return {kept->data(), {kept->size()}, owner};
}

template <class V>
std::vector<V> as_vector(const nb::ndarray<const V, nb::ndim<1>, nb::c_contig, nb::device::cpu>& values) {
  return {values.data(), values.data() + values.size()};
}

// rows and weights are copied; Python has checked that the arrays fit each other, and that x is of type T and
// either dense in row order or compressed sparse rows.
template <class T>
void make_perceptron(BoundPerceptron<T>* self, nb::object x, const Doubles& targets,
                     const Doubles& row_weights, const Ints& rows,
                     const nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>& weights,
                     double bias, double learning_rate, double bias_rate, double alpha, double l1_ratio) {
  const Source& source = nb::cast<const BoundSource&>(x).source;
  const PerceptronRule rule{learning_rate, bias_rate, alpha, l1_ratio};
  Perceptron<T> unit(source, targets.data(), row_weights.data(), as_vector(rows), as_vector(weights), bias,
                     rule);
  new (self) BoundPerceptron<T>{std::move(x), targets, row_weights, std::move(unit)};
}

template <class T>
nb::tuple learn(BoundPerceptron<T>& self, const std::optional<Ints>& order, std::optional<std::uint64_t> seed,
                std::uint32_t first_epoch, i64 epochs) {
  PerceptronEpochs found;
  {
    const ReleasedGil released;
    const auto permute = instruction_sets().back().f32->permute;
    found = self.unit.learn(order ? order->data() : nullptr, seed, first_epoch, epochs, permute);
  }
  return nb::make_tuple(found.losses, found.mistakes, as_array(std::move(found.places)), found.is_finite);
}

template <class T>
void bind_unit(nb::module_& m, const char* name) {
  nb::class_<BoundPerceptron<T>>(m, name, "A threshold unit that learns by Rosenblatt's rule.")
      .def("__init__", &make_perceptron<T>, "x"_a, "targets"_a, "row_weights"_a, "rows"_a, "weights"_a,
           "bias"_a, "learning_rate"_a, "bias_rate"_a, "alpha"_a, "l1_ratio"_a)
      .def("learn", &learn<T>, "order"_a.none(), "seed"_a.none(), "first_epoch"_a, "epochs"_a,
           "Losses, mistakes, positions of the last epoch's mistakes, and whether the weights are finite.")
      .def("weights", [](const BoundPerceptron<T>& self) { return as_array(self.unit.weights()); })
      .def_prop_ro("bias", [](const BoundPerceptron<T>& self) { return self.unit.bias(); });
}

}  // namespace

void bind_perceptron(nb::module_& m) {
  bind_unit<float>(m, "PerceptronF32");
  bind_unit<double>(m, "PerceptronF64");
}

}  // namespace lamina
