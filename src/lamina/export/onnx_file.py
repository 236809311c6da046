"""Writes a computation as an ONNX model: a node or a few for each step."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

import lamina
from lamina.errors import counted
from lamina.export import arrays
from lamina.export.arrays import TEXT, Array, Rows, Shape, steps_to
from lamina.export.computation import Computation
from lamina.export.identifiers import take_free
from lamina.export.models import Exportable, computation_of
from lamina.extras import OptionalModule
from lamina.files import atomic_write

if TYPE_CHECKING:
    import onnx
    from onnx import helper
else:
    onnx = OptionalModule("onnx", owner="exporting to ONNX")
    helper = OptionalModule("onnx.helper", owner="exporting to ONNX")

__all__ = ["NODES", "onnx_model", "to_onnx"]

OPSET, OPSET_ML, IR = 20, 3, 9
"""The oldest versions with all that is needed, so that old runtimes read the file, too."""

_TYPES = {"float32": 1, "int64": 7, "object": 8, "bool": 9, "float64": 11}  # of onnx.TensorProto


def to_onnx(model: Exportable, path: str | os.PathLike[str]) -> None:
    """Write a model as ONNX, for onnxruntime and whatever else reads that.

    The file holds all of a prediction: how columns become features, the network, and what its outputs mean. Its metadata say
    Lamina's version, the classes, and the names of columns and features; each input and output says in its ``doc_string`` what it
    holds. Nodes are named after layers and columns. Opset 20.

    A model of a table has an input for each column in use, (rows,): numbers and truth values (1.0, 0.0) as double, NaN where
    missing; dates as int64, microseconds since 1970 in UTC, the smallest int64 where missing; categories as text, empty where
    missing. Values are those that reading gives: 1234.5 and not "$1,234.50". An estimator has one input, "X", and a network one
    for each of its own, (rows, width), float32 or float64 as it was trained. Outputs are "label" and "probabilities" of
    classifiers, or "scores" where their loss gives no probabilities; "prediction" of regressors; of a network, its own.

    Parameters
    ----------
    model : TableModel, TabularClassifier, TabularRegressor, MLPClassifier, MLPRegressor, Perceptron, Trainer or NetworkModel
        Trained. Dropout and other randomness of training are not exported, nor are intervals, sets and spreads.
    path : str or path
        The file to create or replace.

    Raises
    ------
    InvalidSettingError
        If the model holds what has no formula: a function of Python's as the link of a loss, or a column of free text; the layer,
        output or column is named.
    FileError
        If the file cannot be written.
    MissingPackageError
        If the package onnx is not installed: the extra ``onnx`` brings it.

    References
    ----------
    ONNX, https://onnx.ai/onnx/operators; ONNX-ML's LabelEncoder reads texts.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from lamina import MLPClassifier
    >>> X = np.random.default_rng(0).normal(size=(100, 4))
    >>> model = MLPClassifier(8, solver="lbfgs", alpha=1.0, random_state=0).fit(X, np.where(X[:, 0] > 0, "yes", "no"))
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.onnx"
    >>> to_onnx(model, path)
    >>> [output.name for output in onnx.load(path).graph.output]
    ['label', 'probabilities']
    """
    exported = onnx_model(computation_of(model, owner="to_onnx"))
    with atomic_write(path) as file:
        file.write(exported.SerializeToString(deterministic=True))


def onnx_model(computation: Computation) -> onnx.ModelProto:
    """The model, checked by the package onnx."""
    graph = _Graph(computation)
    for step in computation.steps:
        graph.add(step)
    for output in computation.outputs:
        graph.node("Identity", [graph.names[output.array]], output.name)
    made = helper.make_graph(
        graph.nodes,
        computation.model,
        [_value(each.name, each.array, each.holds) for each in computation.inputs],
        [_value(each.name, each.array, each.holds) for each in computation.outputs],
        graph.constants,
    )
    model = helper.make_model(
        made,
        producer_name="lamina",
        producer_version=lamina.__version__,
        ir_version=IR,
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", OPSET_ML)],
        doc_string=_documentation(computation),
    )
    about = {name: entry if isinstance(entry, str) else json.dumps(entry) for name, entry in computation.about.items()}
    helper.set_model_props(model, {"lamina": lamina.__version__, "model": computation.model, **about})
    onnx.checker.check_model(model, full_check=True)
    return model


class _Graph:
    """The nodes and constants that grow step by step; ``names`` are those of the values."""

    def __init__(self, computation: Computation) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.names = {each.array: each.name for each in computation.inputs}
        self.layer = ""
        self._layers = computation.layers
        self._taken = {"", *(each.name for each in (*computation.inputs, *computation.outputs))}
        self._known: dict[tuple[str, tuple[int, ...], bytes], str] = {}

    def add(self, step: Array) -> None:
        """Add the nodes of a step, unless it is there."""
        if step in self.names:
            return
        self.layer = self._layers.get(step, self.layer)
        if step.value is not None:
            self.names[step] = self.constant(step.value, step.name)
        elif step.kind in _MADE_OF_OTHERS:
            made = _MADE_OF_OTHERS[step.kind](*step.inputs)
            for each in steps_to([made]):
                self.add(each)
            self.names[step] = self.names[made]
        else:
            self.names[step] = NODES[step.kind](self, step, [self.names[each] for each in step.inputs])

    def node(self, kind: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        """Add a node, and return the name of its output."""
        output = output or take_free(f"{self.layer}/{kind}" if self.layer else kind, self._taken)
        domain = {"domain": "ai.onnx.ml"} if kind == "LabelEncoder" else {}
        self.nodes.append(helper.make_node(kind, inputs, [output], name=f"{output}:{kind}", **domain, **attributes))
        return output

    def constant(self, value: np.ndarray, name: str = "") -> str:
        """The name of a constant; equal ones are one."""
        content = "\0".join(value.ravel().tolist()).encode() if value.dtype == TEXT else value.tobytes()
        key = value.dtype.name, value.shape, content
        if key not in self._known:
            self._known[key] = take_free(name or "constant", self._taken)
            is_text = value.dtype == TEXT
            held: Any = [text.encode() for text in value.ravel()] if is_text else content
            kind = _TYPES[value.dtype.name]
            self.constants.append(helper.make_tensor(self._known[key], kind, value.shape, held, raw=not is_text))
        return self._known[key]

    def numbers(self, *numbers: int) -> str:
        """A constant of whole numbers."""
        return self.constant(np.array(numbers, dtype=np.int64))


_Node = Callable[[_Graph, Array, list[str]], str]


def _plain(kind: str) -> _Node:
    return lambda graph, step, inputs: graph.node(kind, inputs)


def _erf(graph: _Graph, step: Array, inputs: list[str]) -> str:
    if step.dtype == arrays.float32:
        return graph.node("Erf", inputs)
    # onnxruntime has it in single precision only; its error there is 1e-7.
    narrow = graph.node("Erf", [graph.node("Cast", inputs, to=_TYPES["float32"])])
    return graph.node("Cast", [narrow], to=_TYPES[step.dtype.name])


def _floor_divide(graph: _Graph, step: Array, inputs: list[str]) -> str:
    # ONNX rounds quotients toward 0; what is left after the remainder can be divided exactly.
    rest = graph.node("Mod", inputs, fmod=0)
    return graph.node("Div", [graph.node("Sub", [inputs[0], rest]), inputs[1]])


def _slice(graph: _Graph, step: Array, inputs: list[str]) -> str:
    ends = (graph.numbers(step.settings[name]) for name in ("start", "stop", "axis"))
    return graph.node("Slice", [*inputs, *ends])


def _reshape(graph: _Graph, step: Array, inputs: list[str]) -> str:
    return graph.node("Reshape", [*inputs, graph.numbers(*(-1 if isinstance(n, Rows) else n for n in step.shape))])


def _reduced(kind: str) -> _Node:
    return lambda graph, step, inputs: graph.node(kind, [*inputs, graph.numbers(step.settings["axis"])], keepdims=1)


def _lookup(graph: _Graph, step: Array, inputs: list[str]) -> str:
    codes: Mapping[str, int] = step.settings["codes"]
    known: dict[str, Any] = {"keys_strings": list(codes), "values_int64s": list(codes.values())}
    return graph.node("LabelEncoder", inputs, **known, default_int64=step.settings["otherwise"])


#: The node, or nodes, of each operation.
NODES: Mapping[str, _Node] = {
    "negative": _plain("Neg"),
    "abs": _plain("Abs"),
    "exp": _plain("Exp"),
    "log": _plain("Log"),
    "sqrt": _plain("Sqrt"),
    "sin": _plain("Sin"),
    "cos": _plain("Cos"),
    "tanh": _plain("Tanh"),
    "floor": _plain("Floor"),
    "erf": _erf,
    "isnan": _plain("IsNaN"),
    "isinf": _plain("IsInf"),
    "logical_not": _plain("Not"),
    "logical_and": _plain("And"),
    "logical_or": _plain("Or"),
    "less": _plain("Less"),
    "less_equal": _plain("LessOrEqual"),
    "greater": _plain("Greater"),
    "greater_equal": _plain("GreaterOrEqual"),
    "equal": _plain("Equal"),
    "add": _plain("Add"),
    "subtract": _plain("Sub"),
    "multiply": _plain("Mul"),
    "divide": _plain("Div"),
    "floor_divide": _floor_divide,
    "remainder": lambda graph, step, inputs: graph.node("Mod", inputs, fmod=0),
    "minimum": _plain("Min"),
    "maximum": _plain("Max"),
    "where": _plain("Where"),
    "astype": lambda graph, step, inputs: graph.node("Cast", inputs, to=_TYPES[step.dtype.name]),
    "matmul": _plain("MatMul"),
    "reshape": _reshape,
    "permute_dims": lambda graph, step, inputs: graph.node("Transpose", inputs, perm=list(step.settings["axes"])),
    "concat": lambda graph, step, inputs: graph.node("Concat", inputs, axis=step.settings["axis"]),
    "slice": _slice,
    "take": lambda graph, step, inputs: graph.node("Gather", inputs, axis=step.settings["axis"]),
    "sum": _reduced("ReduceSum"),
    "max": _reduced("ReduceMax"),
    "argmax": lambda graph, step, inputs: graph.node("ArgMax", inputs, axis=step.settings["axis"], keepdims=0),
    "lookup": _lookup,
}


def _expm1(x: Array) -> Array:
    # exp(x) - 1 = 2 t / (1 - t) with t = tanh(x / 2), which loses nothing near 0
    t = arrays.tanh(x * 0.5)
    return arrays.where(arrays.abs(x) < 1.0, 2.0 * t / (1.0 - t), arrays.exp(x) - 1.0)


def _log1p(x: Array) -> Array:
    # Kahan's: the quotient makes up for what 1 + x has lost of x
    u = 1.0 + x
    lost = u - 1.0
    made_up = arrays.where(lost == 0.0, x, arrays.log(u) * (x / lost))
    return arrays.where(lost == x, arrays.log(u), made_up)


#: Operations that ONNX lacks, by others.
_MADE_OF_OTHERS: Mapping[str, Callable[..., Array]] = {"expm1": _expm1, "log1p": _log1p}


def _value(name: str, array: Array, holds: str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, _TYPES[array.dtype.name], _dimensions(array.shape), doc_string=holds)


def _dimensions(shape: Shape) -> list[str | int]:
    return ["rows" if isinstance(length, Rows) else length for length in shape]


def _documentation(computation: Computation) -> str:
    lines = [f"{computation.model}, exported by Lamina {lamina.__version__}.", ""]
    lines += [f"Input {each.name!r}: {each.holds}." for each in computation.inputs]
    lines += [f"Output {each.name!r}: {each.holds}." for each in computation.outputs]
    return "\n".join([*lines, f"{counted(len(computation.inputs), 'input')} in all."])
