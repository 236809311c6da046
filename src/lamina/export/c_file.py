"""Writes a computation as one header of C99 without dependencies, for one row at a time."""

from __future__ import annotations

import math
import os
import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import lamina
from lamina.errors import InvalidSettingError, phrase
from lamina.export.arrays import TEXT, Array, Rows, Shape, float32, int64
from lamina.export.computation import Computation, Port
from lamina.export.identifiers import Identifiers, plain_name
from lamina.export.models import Exportable, computation_of
from lamina.files import atomic_write

__all__ = ["ELEMENTS", "STATEMENTS", "c_source", "to_c"]

MOST_BYTES = 1_000_000
_WIDTH = 120
_LONGEST = 100  # characters of an element within another
_TYPES = {"float32": "float", "float64": "double", "int64": "int64_t", "bool": "_Bool", "object": "const char *"}


def to_c(model: Exportable, path: str | os.PathLike[str]) -> None:
    """Write a small model as one header of C99 that needs the standard library and nothing else.

    It has a ``struct`` for a row, one for what is predicted, and a function from one to the other; their names begin with that
    of the file. Nothing is allocated, and several threads may call it. A model of a table is exported whole, with all of its
    columns: a row holds numbers as double, dates as int64 microseconds since 1970, and categories as text.

    Parameters
    ----------
    model : TableModel, TabularClassifier, TabularRegressor, MLPClassifier, MLPRegressor, Perceptron, Trainer or NetworkModel
        Trained. Dropout and other randomness of training are not exported, nor are intervals, sets and spreads.
        Its weights must take at most 1 MB.
    path : str or path
        The file to create or replace, such as ``model.h``.

    Raises
    ------
    InvalidSettingError
        If the model holds what has no formula: a function of Python's as the link of a loss, or a column of free text; the layer,
        output or column is named. If its weights take more than 1 MB.
    FileError
        If the file cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from lamina import MLPRegressor
    >>> X = np.linspace(-1, 1, 50).reshape(-1, 1)
    >>> model = MLPRegressor(hidden_layer_sizes=8, solver="lbfgs", random_state=0).fit(X, X.ravel() ** 2)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "square.h"
    >>> to_c(model, path)
    >>> "square_predict(const square_input *in, square_output *out)" in path.read_text()
    True
    """
    source = c_source(computation_of(model, owner="to_c"), Path(path).stem)
    with atomic_write(path) as file:
        file.write(source.encode())


def c_source(computation: Computation, name: str = "model") -> str:
    """The header, whose names begin with ``name``.

    Raises
    ------
    InvalidSettingError
        If the constants are larger than 1 MB.
    """
    if computation.size_bytes > MOST_BYTES:
        size = f"{computation.size_bytes / 1e6:.1f} MB"
        repair = "Train a smaller network, with fewer members or bins, or export it to ONNX."
        raise InvalidSettingError(phrase("the weights", "must take at most 1 MB to be exported to C", size, repair=repair))
    prefix = plain_name(name)
    writer = _Writer(computation, prefix)
    guard = f"LAMINA_{prefix.upper()}_H"
    sections = [
        _documentation(computation, prefix),
        f"#ifndef {guard}\n#define {guard}\n\n#include <math.h>\n#include <stdint.h>\n#include <string.h>",
        _struct(f"{prefix}_input", computation.inputs, writer.fields),
        _struct(f"{prefix}_output", computation.outputs, writer.fields),
        "\n".join(writer.constants),
        *(_HELPERS[helper].replace("NAME", prefix) for helper in sorted(writer.helpers)),
        f"static inline void {prefix}_predict(const {prefix}_input *in, {prefix}_output *out) {{\n"
        + "\n".join(f"  {line}" for line in writer.lines)
        + "\n}",
        "#endif",
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


_Element = Callable[[str], str]  # from an index to the element there


class _Writer:
    """Goes through the steps; elements that are used once are written where they are used, if they are short."""

    def __init__(self, computation: Computation, prefix: str) -> None:
        self.prefix = prefix
        self.lines: list[str] = []
        self.constants: list[str] = []
        self.helpers: set[str] = set()
        self._names = Identifiers(["in", "out", "i", "j", "k", "b", "i0", "i1", "i2", "i3"])
        fields = Identifiers()
        self.fields = {each: fields.new(each.name) for each in (*computation.inputs, *computation.outputs)}
        self._elements: dict[Array, _Element] = {}
        for given in computation.inputs:
            self._elements[given.array] = self._stored(f"in->{self.fields[given]}", given.array)
        steps = computation.steps
        self._uses = Counter(given for step in steps for given in step.inputs)
        self._readers = {given: step for step in steps for given in step.inputs}
        self._layer = ""
        for step in steps:
            self._add(step, computation.layers.get(step, self._layer))
        for output in computation.outputs:
            size, element = size_of(output.array.shape), self._elements[output.array]
            field = f"out->{self.fields[output]}"
            self.lines.append(f"{field} = {element('0')};" if size == 1 else loop(size, f"{field}[i] = {element('i')};"))

    def element(self, array: Array, index: str) -> str:
        """The element of an array at a flat index."""
        return self._elements[array](index)

    def helper(self, name: str) -> str:
        """The name of a function that the header then holds."""
        self.helpers.add(name)
        return f"{self.prefix}_{name}"

    def constant(self, wanted: str, values: Sequence[Any], declared: str) -> str:
        """The name of a constant array."""
        name = self._names.new(f"{self.prefix}_{wanted}")
        self.constants.append(_filled(f"static const {declared}{name}[{len(values)}] = {{", map(literal, values), "};"))
        return name

    def declared(self, array: Array) -> str:
        """The name of a new variable for an array."""
        name = self._names.new(self._layer or "x")
        kind = _TYPES[array.dtype.name]
        space = "" if kind.endswith("*") else " "
        size = size_of(array.shape)
        self.lines.append(f"{kind}{space}{name};" if size == 1 else f"{kind}{space}{name}[{size}];")
        self._elements[array] = self._stored(name, array)
        return name

    def _add(self, step: Array, layer: str) -> None:
        if step in self._elements:
            return
        if step.value is not None:
            self._elements[step] = self._constant(step)
            return
        if layer != self._layer:
            self._layer = layer
            self.lines.append(f"/* {comment(layer)} */")
        if step.kind == "reshape":  # the same memory
            self._elements[step] = self._elements[step.inputs[0]]
        elif step.kind not in ELEMENTS:
            STATEMENTS[step.kind](self, step)
        elif self._is_flat(step):
            self._flat(step)
        else:
            self._broadcast(step)

    def _is_flat(self, step: Array) -> bool:
        return {size_of(given.shape) for given in step.inputs} <= {1, size_of(step.shape)}

    def _flat(self, step: Array) -> None:
        def element(index: str) -> str:
            return ELEMENTS[step.kind](self, step, [self.element(given, index) for given in step.inputs])

        reader = self._readers.get(step)
        is_read_alike = reader is not None and reader.kind in ELEMENTS and self._is_flat(reader)
        alike = is_read_alike and reader is not None and size_of(reader.shape) == size_of(step.shape)
        if self._uses[step] == 1 and alike and len(element("i")) <= _LONGEST:
            self._elements[step] = element
            return
        text, size = element("i"), size_of(step.shape)
        name = self.declared(step)
        self.lines.append(f"{name} = {text};" if size == 1 else loop(size, f"{name}[i] = {text};"))

    def _broadcast(self, step: Array) -> None:
        """Loops over all axes; an array does not move along one that it lacks."""
        lengths = lengths_of(step.shape)
        indices = [f"i{axis}" for axis in range(len(lengths))]
        texts = []
        for given in step.inputs:
            own = [1] * (len(lengths) - len(given.shape)) + lengths_of(given.shape)
            texts.append(
                self.element(
                    given, flat_index([i for i, n in zip(indices, own, strict=True) if n > 1], [n for n in own if n > 1])
                )
            )
        name = self.declared(step)
        self.lines.append(
            nested(indices, lengths, f"{name}[{flat_index(indices, lengths)}] = {ELEMENTS[step.kind](self, step, texts)};")
        )

    def _stored(self, name: str, array: Array) -> _Element:
        return (lambda index: name) if size_of(array.shape) == 1 else (lambda index: f"{name}[{index}]")

    def _constant(self, step: Array) -> _Element:
        assert step.value is not None
        if step.value.size == 1:
            number = literal(step.value.ravel()[0])
            return lambda index: number
        values = step.value.ravel()
        kind = "char *const " if step.dtype == TEXT else f"{_TYPES[step.dtype.name]} "
        name = self.constant(step.name or "constant", list(values), kind)
        return lambda index: f"{name}[{index}]"


# Sizes and loops.


def size_of(shape: Shape) -> int:
    """The number of elements, of one row."""
    return math.prod(lengths_of(shape))


def lengths_of(shape: Shape) -> list[int]:
    """The shape, of one row."""
    return [length.times if isinstance(length, Rows) else length for length in shape]


def loop(count: int, body: str, index: str = "i") -> str:
    """The body once for each index; of a single one, without a loop."""
    if count == 1:
        body = re.sub(rf"\b{index}\b", "0", body)
        body = re.sub(r"(?<![\w.])0 \* \d+", "0", body)
        return re.sub(r"(?<![\w.])0 \+ | \+ 0(?![\w.])", "", body)
    return f"for (int {index} = 0; {index} < {count}; ++{index}) {body}"


def nested(indices: Sequence[str], lengths: Sequence[int], body: str) -> str:
    """The body once for each combination of indices."""
    for index, length in reversed(list(zip(indices, lengths, strict=True))):
        body = loop(length, body, index)
    return body


def flat_index(indices: Sequence[str], lengths: Sequence[int]) -> str:
    """The place in memory of an element."""
    strides = [math.prod(lengths[axis + 1 :]) for axis in range(len(lengths))]
    terms = [times(index, stride) for index, stride, length in zip(indices, strides, lengths, strict=True) if length > 1]
    return " + ".join(terms) or "0"


def times(index: str, stride: int) -> str:
    """A term of an index."""
    return index if stride == 1 else f"{index} * {stride}"


# Operations that make an element of elements.

_ElementText = Callable[[_Writer, Array, list[str]], str]


def _infix(sign: str) -> _ElementText:
    return lambda writer, step, given: f"({given[0]} {sign} {given[1]})"


def _math(function: str) -> _ElementText:
    return lambda writer, step, given: f"{function}{'f' if step.dtype == float32 else ''}({given[0]})"


def _helper(name: str) -> _ElementText:
    def text(writer: _Writer, step: Array, given: list[str]) -> str:
        suffix = {"float32": "f", "int64": "l"}.get(step.dtype.name, "") if name in ("maximum", "minimum") else ""
        return f"{writer.helper(name + suffix)}({', '.join(given)})"

    return text


def _lookup(writer: _Writer, step: Array, given: list[str]) -> str:
    ordered = sorted(step.settings["codes"].items(), key=lambda pair: str(pair[0]).encode())
    names = writer.constant("names", [name for name, _ in ordered], "char *const ")
    codes = writer.constant("codes", [np.int64(code) for _, code in ordered], "int64_t ")
    return (
        f"{writer.helper('code')}({given[0]}, {names}, {codes}, {len(ordered)}, {literal(np.int64(step.settings['otherwise']))})"
    )


#: Operations element by element, as an expression.
ELEMENTS: Mapping[str, _ElementText] = {
    "negative": lambda writer, step, given: f"(-{given[0]})",
    "abs": _math("fabs"),
    **{kind: _math(kind) for kind in ("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tanh", "floor", "erf")},
    "isnan": lambda writer, step, given: f"(isnan({given[0]}) != 0)",
    "isinf": lambda writer, step, given: f"(isinf({given[0]}) != 0)",
    "logical_not": lambda writer, step, given: f"(!{given[0]})",
    "logical_and": _infix("&&"),
    "logical_or": _infix("||"),
    "less": _infix("<"),
    "less_equal": _infix("<="),
    "greater": _infix(">"),
    "greater_equal": _infix(">="),
    "equal": _infix("=="),
    "add": _infix("+"),
    "subtract": _infix("-"),
    "multiply": _infix("*"),
    "divide": _infix("/"),
    "floor_divide": _helper("floor_divide"),
    "remainder": _helper("remainder"),
    "minimum": _helper("minimum"),
    "maximum": _helper("maximum"),
    "where": lambda writer, step, given: f"({given[0]} ? {given[1]} : {given[2]})",
    "astype": lambda writer, step, given: f"({_TYPES[step.dtype.name]}){given[0]}",
    "lookup": _lookup,
}


# Operations that are statements of their own.


def _matmul(writer: _Writer, step: Array) -> None:
    x, w = step.inputs
    *batch, m, n = lengths_of(step.shape)
    k = lengths_of(x.shape)[-1]
    groups = math.prod(batch)
    at_x, at_w = (f"b * {a * c} + " if len(given.shape) > 2 else "" for given, a, c in ((x, m, k), (w, k, n)))
    factor, weight = writer.element(x, f"{at_x}i * {k} + k"), writer.element(w, f"{at_w}k * {n} + j")
    out = writer.declared(step)
    place = out if size_of(step.shape) == 1 else f"{out}[{f'b * {m * n} + ' if groups > 1 else ''}i * {n} + j]"
    body = "{ " + loop(n, f"{place} = 0;", "j") + " " + loop(k, loop(n, f"{place} += {factor} * {weight};", "j"), "k") + " }"
    body = loop(m, body)
    if groups > 1 or "b *" in factor + weight:
        body = loop(groups, body, "b")
    writer.lines.append(body)


def _permute(writer: _Writer, step: Array) -> None:
    (x,) = step.inputs
    axes = step.settings["axes"]
    indices = [f"i{axis}" for axis in range(len(axes))]
    lengths = lengths_of(x.shape)
    source = writer.element(x, flat_index(indices, lengths))
    to = flat_index([indices[axis] for axis in axes], [lengths[axis] for axis in axes])
    name = writer.declared(step)
    writer.lines.append(nested(indices, lengths, f"{_at(name, step, to)} = {source};"))


def _around(shape: Shape, axis: int) -> tuple[int, int, int]:
    """The sizes before, along and behind an axis."""
    lengths = lengths_of(shape)
    return math.prod(lengths[:axis]), lengths[axis], math.prod(lengths[axis + 1 :])


def _at(name: str, step: Array, index: str) -> str:
    return name if size_of(step.shape) == 1 else f"{name}[{index}]"


def _concat(writer: _Writer, step: Array) -> None:
    axis = step.settings["axis"]
    _, whole, _ = _around(step.shape, axis)
    elements = []
    for given in step.inputs:
        before, along, behind = _around(given.shape, axis)
        elements.append((before, along * behind, writer.element(given, f"i * {along * behind} + j"), behind))
    name = writer.declared(step)
    start = 0
    for before, count, source, behind in elements:
        body = f"{_at(name, step, f'i * {whole * behind} + {start} + j')} = {source};"
        writer.lines.append(nested(["i", "j"], [before, count], body))
        start += count


def _slice(writer: _Writer, step: Array) -> None:
    (x,) = step.inputs
    before, along, behind = _around(x.shape, step.settings["axis"])
    count, first = (step.settings["stop"] - step.settings["start"]) * behind, step.settings["start"] * behind
    source = writer.element(x, f"i * {along * behind} + {first} + j")
    name = writer.declared(step)
    writer.lines.append(nested(["i", "j"], [before, count], f"{_at(name, step, f'i * {count} + j')} = {source};"))


def _take(writer: _Writer, step: Array) -> None:
    x, places = step.inputs
    before, along, behind = _around(x.shape, step.settings["axis"])
    count = size_of(places.shape)
    place = times(writer.element(places, "j"), behind)
    source = writer.element(x, f"i * {along * behind} + {place} + k")
    name = writer.declared(step)
    to = _at(name, step, f"i * {count * behind} + {times('j', behind)} + k")
    writer.lines.append(nested(["i", "j", "k"], [before, count, behind], f"{to} = {source};"))


def _reduced(start: str, update: str) -> Callable[[_Writer, Array], None]:
    def statement(writer: _Writer, step: Array) -> None:
        (x,) = step.inputs
        before, along, behind = _around(x.shape, step.settings["axis"])
        source = writer.element(x, f"i * {along * behind} + {times('k', behind)} + j")
        first = writer.element(x, f"i * {along * behind} + j")
        name = writer.declared(step)
        to = _at(name, step, f"{times('i', behind)} + j")
        largest = writer.helper("maximumf" if step.dtype == float32 else "maximum") if "MAXIMUM" in update else ""
        body = update.replace("TO", to).replace("SOURCE", source).replace("MAXIMUM", largest)
        begin = start.replace("FIRST", first)
        writer.lines.append(nested(["i", "j"], [before, behind], f"{{ {to} = {begin}; {loop(along, body, 'k')} }}"))

    return statement


def _argmax(writer: _Writer, step: Array) -> None:
    (x,) = step.inputs
    before, along, behind = _around(x.shape, step.settings["axis"])
    name = writer.declared(step)
    to = _at(name, step, f"{times('i', behind)} + j")
    here, best = (writer.element(x, f"i * {along * behind} + {times(k, behind)} + j") for k in ("k", to))
    body = f"if ({here} > {best}) {to} = k;"
    writer.lines.append(nested(["i", "j"], [before, behind], f"{{ {to} = 0; {loop(along, body, 'k')} }}"))


#: All other operations but "reshape", which leaves everything where it is.
STATEMENTS: Mapping[str, Callable[[_Writer, Array], None]] = {
    "matmul": _matmul,
    "permute_dims": _permute,
    "concat": _concat,
    "slice": _slice,
    "take": _take,
    "sum": _reduced("0", "TO += SOURCE;"),
    "max": _reduced("FIRST", "TO = MAXIMUM(TO, SOURCE);"),
    "argmax": _argmax,
}


def _extreme(name: str, kind: str, sign: str) -> str:
    is_nan = "" if kind == "int64_t" else " || isnan(x)"
    return f"""static inline {kind} NAME_{name}({kind} x, {kind} y) {{
  return x {sign} y{is_nan} ? x : y;
}}"""


_HELPERS = {
    "floor_divide": """/* rounded down, also below 0 */
static inline int64_t NAME_floor_divide(int64_t x, int64_t y) {
  return x / y - (x % y != 0 && (x % y < 0) != (y < 0));
}""",
    "remainder": """/* of the sign of y */
static inline int64_t NAME_remainder(int64_t x, int64_t y) {
  return x % y + (x % y != 0 && (x % y < 0) != (y < 0) ? y : 0);
}""",
    "code": """/* the number that stands for a text, among sorted names */
static inline int64_t NAME_code(const char *text, const char *const *names, const int64_t *codes, int count,
                                int64_t otherwise) {
  int low = 0, high = count;
  text = text ? text : "";
  while (low < high) {
    const int middle = (low + high) / 2, order = strcmp(text, names[middle]);
    if (order == 0) return codes[middle];
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return otherwise;
}""",
    **{
        f"{name}{suffix}": _extreme(f"{name}{suffix}", kind, sign)
        for name, sign in (("maximum", ">"), ("minimum", "<"))
        for suffix, kind in (("", "double"), ("f", "float"), ("l", "int64_t"))
    },
}


def literal(value: Any) -> str:
    """A number or text as C writes it."""
    if isinstance(value, str):
        plain = (
            "\\" + chr(byte) if chr(byte) in '"\\?' else chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"
            for byte in value.encode()
        )
        return f'"{"".join(plain)}"'
    if isinstance(value, np.floating):
        if np.isnan(value) or np.isinf(value):
            return "NAN" if np.isnan(value) else "INFINITY" if value > 0 else "(-INFINITY)"
        text = f"{value!s}{'f' if isinstance(value, np.float32) else ''}"
        return f"({text})" if text.startswith("-") else text
    if isinstance(value, np.bool_):
        return "1" if value else "0"
    return "INT64_MIN" if value == np.iinfo(np.int64).min else f"INT64_C({int(value)})"


def comment(text: str) -> str:
    """A text in one line that neither ends a comment nor begins one."""
    return " ".join(text.split()).replace("*/", "* /").replace("/*", "/ *").replace("??", "? ?")


def _filled(start: str, items: Iterable[str], end: str) -> str:
    """Items between a start and an end, in as few lines as fit."""
    lines = [start]
    for item in items:
        if len(lines[-1]) + len(item) > _WIDTH:
            lines.append("   ")
        lines[-1] += f" {item},"
    return "\n".join(lines).removesuffix(",") + f" {end}"


def _struct(name: str, parts: Sequence[Port], fields: Mapping[Any, str]) -> str:
    lines = ["typedef struct {"]
    for part in parts:
        kind, size = _TYPES[part.array.dtype.name], size_of(part.array.shape)
        space = "" if kind.endswith("*") else " "
        lines.append(f"  {kind}{space}{fields[part]}{'' if size == 1 else f'[{size}]'}; /* {comment(part.holds)} */")
    return "\n".join([*lines, f"}} {name};"])


def _documentation(computation: Computation, prefix: str) -> str:
    said = [
        f"{comment(computation.model)}, exported by Lamina {lamina.__version__}.",
        "C99; needs nothing but the standard library (link with -lm).",
        f"Fill a {prefix}_input with one row, and call {prefix}_predict(&in, &out).",
    ]
    types = [given.array.dtype for given in computation.inputs]
    said += ["A missing date is INT64_MIN."] * (int64 in types) + ["A missing category is NULL or an empty text."] * (
        TEXT in types
    )
    return "/*\n" + textwrap.fill(" ".join(said), _WIDTH, initial_indent=" * ", subsequent_indent=" * ") + "\n */"
