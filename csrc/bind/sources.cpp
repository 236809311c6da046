// The caller's arrays: dense ones of any strides, and compressed sparse rows.
#include <nanobind/stl/vector.h>

#include "bind/bind.hpp"

namespace lamina {
namespace {

using Dense = nb::ndarray<nb::ro, nb::ndim<2>, nb::device::cpu>;
using Flat = nb::ndarray<nb::ro, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// Python has checked that it is float32 or float64 and that strides are whole elements.
BoundSource dense_source(const Dense& values) {
  Source source;
  source.rows = static_cast<i64>(values.shape(0));
  source.width = static_cast<i64>(values.shape(1));
  source.values = values.data();
  source.is_double = values.itemsize() == sizeof(double);
  source.row_stride = values.stride(0);
  source.column_stride = values.stride(1);
  return {source, nb::cast(values), nb::none(), nb::none()};
}

// offsets and columns have the same type, int32 or int64.
BoundSource sparse_source(const Flat& values, const Flat& columns, const Flat& offsets, i64 width) {
  Source source;
  source.rows = static_cast<i64>(offsets.shape(0)) - 1;
  source.width = width;
  source.values = values.data();
  source.is_double = values.itemsize() == sizeof(double);
  source.offsets = offsets.data();
  source.columns = columns.data();
  source.stored = static_cast<i64>(values.shape(0));
  source.wide_index = offsets.itemsize() == sizeof(std::int64_t);
  return {source, nb::cast(values), nb::cast(columns), nb::cast(offsets)};
}

BoundBatches make_batches(const nb::list& inputs, const nb::list& targets, nb::object sample_weight) {
  BoundBatches bound;
  for (const nb::handle each : inputs)
    bound.batches.inputs.push_back(nb::cast<const BoundSource&>(each).source);
  for (const nb::handle each : targets)
    bound.batches.targets.push_back(nb::cast<const BoundSource&>(each).source);
  if (!sample_weight.is_none()) bound.batches.sample_weight = nb::cast<Doubles>(sample_weight).data();
  bound.batches.rows = bound.batches.inputs.at(0).rows;
  bound.owners = nb::make_tuple(inputs, targets, sample_weight);
  return bound;
}

}  // namespace

void bind_sources(nb::module_& m) {
  nb::class_<BoundSource>(m, "Source", "One of the caller's arrays, from which rows are gathered.")
      .def_static("dense", &dense_source, nb::arg("values"))
      .def_static("sparse", &sparse_source, nb::arg("values"), nb::arg("columns"), nb::arg("offsets"),
                  nb::arg("width"));
  nb::class_<BoundBatches>(m, "Batches", "The arrays of one call.")
      .def_static("make", &make_batches, nb::arg("inputs"), nb::arg("targets"),
                  nb::arg("sample_weight").none());
}

}  // namespace lamina
