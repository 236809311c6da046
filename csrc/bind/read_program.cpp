// Converts the Python dataclasses of lamina/engine/program.py and plan.py to their C++ mirrors.
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bind/bind.hpp"
#include "executor/ops/table.hpp"

namespace lamina {
namespace {

// The row with this name in a table; name_of(row) is null past the last row.
template <class Row, class NameOf>
Row named(const std::string& name, NameOf name_of) {
  int row = 0;
  while (const char* known = name_of(row)) {
    if (name == known) return static_cast<Row>(row);
    ++row;
  }
  throw nb::value_error(("the native engine does not know " + name).c_str());
}

const char* op_name(int row) { return name_of(kOps<float>, row); }

Function function_named(const std::string& name) {
  return named<Function>(name, kernels_f32_baseline()->function_name);
}

template <class T>
T get(nb::handle object, const char* name) {
  return nb::cast<T>(object.attr(name));
}

Parameter read_parameter(nb::handle p) {
  const auto shape = get<std::vector<i64>>(p, "shape");
  const i64 columns = shape.empty() ? 1 : shape.back(), rows = shape.size() > 1 ? shape[shape.size() - 2] : 1;
  return {get<std::string>(p, "layer"),
          get<i64>(p, "offset"),
          get<i64>(p, "size"),
          rows,
          columns,
          get<double>(p, "l1"),
          get<double>(p, "l2"),
          get<double>(p, "max_norm"),
          get<bool>(p, "decay"),
          get<bool>(p, "trainable"),
          get<double>(p, "learning_rate_factor"),
          get<bool>(p, "by_row")};
}

Op read_op(nb::handle op, int index) {
  const auto kind = named<OpKind>(get<std::string>(op, "kind"), op_name);
  const auto function = get<std::string>(op, "function");
  return {kind,
          index,
          kOps<float>[static_cast<int>(kind)].keeps,
          get<std::string>(op, "layer"),
          get<std::vector<int>>(op, "inputs"),
          get<int>(op, "output"),
          get<std::vector<int>>(op, "parameters"),
          get<std::vector<int>>(op, "state"),
          get<std::vector<double>>(op, "settings"),
          function.empty() ? Function::identity : function_named(function),
          get<i64>(op, "copies")};
}

Head read_head(nb::handle head) {
  return {named<HeadKind>(get<std::string>(head, "kind"), kernels_f32_baseline()->head_name),
          get<int>(head, "logits"), get<i64>(head, "target_width"),
          get<std::vector<double>>(head, "settings"), get<double>(head, "weight")};
}

template <class Read>
auto read_all(nb::handle owner, const char* name, Read read) {
  std::vector<decltype(read(owner))> all;
  for (const nb::handle each : owner.attr(name)) all.push_back(read(each));
  return all;
}

}  // namespace

Program read_program(nb::handle program) {
  return {get<std::vector<i64>>(program, "widths"),
          get<std::vector<int>>(program, "inputs"),
          get<std::vector<int>>(program, "outputs"),
          read_all(program, "ops", [index = 0](nb::handle op) mutable { return read_op(op, index++); }),
          read_all(program, "parameters", read_parameter),
          read_all(program, "state", read_parameter),
          read_all(program, "heads", read_head),
          get<i64>(program, "num_parameters"),
          get<i64>(program, "num_state"),
          get<i64>(program, "members")};
}

std::vector<Function> read_functions(const std::vector<std::string>& names) {
  std::vector<Function> functions;
  for (const std::string& name : names) functions.push_back(function_named(name));
  return functions;
}

TrainingPlan read_plan(nb::handle plan) {
  const nb::object rule = plan.attr("rule"), clipping = plan.attr("clipping");
  const Clipping bounds{get<std::optional<std::pair<double, double>>>(clipping, "value"),
                        get<std::optional<double>>(clipping, "layer_norm"),
                        get<std::optional<double>>(clipping, "norm")};
  return {named<Rule>(get<std::string>(rule, "kind"), kernels_f32_baseline()->rule_name),
          get<std::vector<double>>(rule, "coefficients"),
          bounds,
          get<bool>(plan, "penalty_per_row"),
          get<bool>(plan, "record_norms"),
          get<bool>(plan, "mixed"),
          nb::cast<std::uint64_t>(plan.attr("seed") & nb::int_(~std::uint64_t{0}))};
}

}  // namespace lamina
