// Shared by the binding files.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include "blas/blas.hpp"
#include "executor/program.hpp"
#include "executor/sources.hpp"

namespace nb = nanobind;

namespace lamina {

using Ints = nb::ndarray<const i64, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Doubles = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// One of the caller's arrays, kept alive.
struct BoundSource {
  Source source;
  nb::object values, columns, offsets;
};

// The caller's arrays for one call, kept alive.
struct BoundBatches {
  Batches batches;
  nb::object owners;
};

// The matrix products of a BLAS library; null if there is none.
struct Blas {
  FortranGemm<float> f32 = nullptr;
  FortranGemm<double> f64 = nullptr;
};

Program read_program(nb::handle program);
TrainingPlan read_plan(nb::handle plan);
std::vector<Function> read_functions(const std::vector<std::string>& names);

void bind_sources(nb::module_& m);
void bind_tools(nb::module_& m);
void bind_executors(nb::module_& m);
void bind_perceptron(nb::module_& m);

}  // namespace lamina
