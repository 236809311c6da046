"""Writes a computation as one file of Python that needs NumPy and nothing else."""

from __future__ import annotations

import io
import os
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import lamina
from lamina.export.arrays import TEXT, Array, Rows, float64, int64
from lamina.export.computation import Computation, Port
from lamina.export.identifiers import Identifiers
from lamina.export.models import Exportable, computation_of
from lamina.export.operations import COMPARISONS, UNARY
from lamina.export.python_rows import CHECK_COLUMNS, COLUMN, IS_MISSING, TEXT_OF
from lamina.files import atomic_write

__all__ = ["EXPRESSIONS", "python_source", "to_python"]

_MOST_INLINE = 4_000  # numbers; more of them lie in a file beside
_LONGEST = 88  # characters of an expression within another
_WIDTH = 120
_RESERVED = (
    "np",
    "math",
    "Path",
    "column",
    "arrays",
    "weights",
    "predict",
    "predict_proba",
    "outputs",
    "rows",
    "compute",
    "CLASSES",
    "COLUMNS",
    "check_columns",
    "is_missing",
    "text_of",
)


def to_python(model: Exportable, path: str | os.PathLike[str]) -> None:
    """Write a model as one readable file of Python that needs NumPy and nothing else.

    It has ``predict``, ``predict_proba`` of classifiers with probabilities, ``outputs`` with all outputs, and ``compute`` with
    the arithmetic step by step. Those of a model of a table take rows as a list of dicts, or columns by name, such as a data
    frame: numbers, texts, and dates as datetime or text such as 2024-12-31. Those of estimators and networks take arrays. More
    than 4,000 weights go to a file beside it, of the same name ending in ``.npz``.

    Parameters
    ----------
    model : TableModel, TabularClassifier, TabularRegressor, MLPClassifier, MLPRegressor, Perceptron, Trainer or NetworkModel
        Trained. Dropout and other randomness of training are not exported, nor are intervals, sets and spreads.
    path : str or path
        The file to create or replace, such as ``model.py``.

    Raises
    ------
    InvalidSettingError
        If the model holds what has no formula: a function of Python's as the link of a loss, or a column of free text; the layer,
        output or column is named.
    FileError
        If the file cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from lamina import MLPRegressor
    >>> X = np.linspace(-1, 1, 50).reshape(-1, 1)
    >>> model = MLPRegressor(hidden_layer_sizes=8, solver="lbfgs", random_state=0).fit(X, X.ravel() ** 2)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.py"
    >>> to_python(model, path)
    >>> program = {}
    >>> exec(path.read_text(), program)
    >>> bool(np.allclose(program["predict"](X), model.predict(X), atol=1e-6))
    True
    """
    source, weights = python_source(computation_of(model, owner="to_python"), Path(path).stem)
    if weights:
        archive = io.BytesIO()
        np.savez(archive, **weights)  # type: ignore[arg-type]  # its stub names allow_pickle alone
        with atomic_write(Path(path).with_suffix(".npz")) as file:
            file.write(archive.getvalue())
    with atomic_write(path) as file:
        file.write(source.encode())


def python_source(computation: Computation, name: str = "model") -> tuple[str, dict[str, np.ndarray]]:
    """The program, and the weights that it reads from a file beside it; none if it holds them itself."""
    writer = _Writer(computation)
    weights = writer.arrays if sum(array.size for array in writer.arrays.values()) > _MOST_INLINE else {}
    sections = [
        f"{_documentation(computation, name, bool(weights))}\n\n{_imports(writer, bool(weights))}",
        _constants(writer, bool(weights)),
        _functions(computation),
        "\n".join([f"def compute({', '.join(writer.parameters)}):", '    """The arithmetic, step by step."""', *writer.lines]),
        *(_HELPERS[name] for name in sorted(writer.helpers)),
    ]
    return "\n\n\n".join(section for section in sections if section) + "\n", weights


class _Text(NamedTuple):
    """An expression, and how tightly it holds together: 0 a comparison, 1 a sum, 2 a product, 3 a call or a name."""

    text: str
    level: int = 3

    def within(self, level: int) -> str:
        return self.text if self.level >= level else f"({self.text})"


class _Writer:
    """Goes through the steps; what is used once is written where it is used, if that is short."""

    def __init__(self, computation: Computation) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self.codes: dict[str, Mapping[str, int]] = {}
        self.texts: dict[str, np.ndarray] = {}
        self.lines: list[str] = []
        self.helpers: set[str] = set()
        self._names = Identifiers([*_RESERVED, *_HELPERS])
        self._found = {each.array: _Text(self._names.new(each.name)) for each in computation.inputs}
        self.parameters = [found.text for found in self._found.values()]
        steps = computation.steps
        self._uses = Counter(given for step in steps for given in step.inputs)
        self._uses.update(each.array for each in computation.outputs)
        last = {layer: step for step, layer in computation.layers.items()}
        layer = ""
        for step in steps:
            if step.kind == "input":
                continue
            if step.value is not None:
                self._found[step] = self._constant(step)
                continue
            if (found := computation.layers.get(step, layer)) != layer:
                layer = found
                self.lines.append(f"    # {' '.join(layer.split())}")
            text = EXPRESSIONS[step.kind](self, step, [self._found[given] for given in step.inputs])
            if self._uses[step] == 1 and len(text.text) <= _LONGEST and last.get(layer) is not step:
                self._found[step] = text
            else:
                name = self._names.new(layer)
                self.lines.append(_in_lines(f"    {name} = {text.text}"))
                self._found[step] = _Text(name)
        self.lines.append(f"    return {', '.join(self._found[each.array].text for each in computation.outputs)},")

    def name(self, wanted: str) -> str:
        """A name of its own."""
        return self._names.new(wanted)

    def _constant(self, step: Array) -> _Text:
        assert step.value is not None
        if step.dtype == TEXT:
            name = self._names.new(step.name or "texts")
            self.texts[name] = step.value
        elif step.value.ndim == 0:
            number = literal(step.value[()])
            return _Text(number, 1 if number.startswith("-") else 3)
        else:
            name = self._names.new(step.name or "constant")
            self.arrays[name] = step.value
        return _Text(name)


_Expression = Callable[[_Writer, Array, list[_Text]], _Text]


def _call(function: str) -> _Expression:
    return lambda writer, step, given: _Text(f"{function}({', '.join(each.text for each in given)})")


def _infix(sign: str, level: int) -> _Expression:
    return lambda writer, step, given: _Text(f"{given[0].within(level)} {sign} {given[1].within(level + 1)}", level)


def _helper(name: str) -> _Expression:
    def expression(writer: _Writer, step: Array, given: list[_Text]) -> _Text:
        writer.helpers.add(name)
        return _Text(f"{name}({', '.join(each.text for each in given)})")

    return expression


def _reduced(function: str) -> _Expression:
    return lambda writer, step, given: _Text(f"{function}({given[0].text}, axis={step.settings['axis']}, keepdims=True)")


def _where(writer: _Writer, step: Array, given: list[_Text]) -> _Text:
    condition, *parts = (each.text for each in given)
    if all(each.value is not None and each.value.ndim == 0 for each in step.inputs[1:]):
        parts = [f"np.{step.dtype.name}({part})" for part in parts]  # plain numbers would be double
    return _Text(f"np.where({condition}, {', '.join(parts)})")


def _reshape(writer: _Writer, step: Array, given: list[_Text]) -> _Text:
    lengths = ["-1" if isinstance(length, Rows) else str(length) for length in step.shape]
    return _Text(f"{given[0].within(3)}.reshape({', '.join(lengths)})")


def _slice(writer: _Writer, step: Array, given: list[_Text]) -> _Text:
    before = ":, " * step.settings["axis"]
    return _Text(f"{given[0].within(3)}[{before}{step.settings['start']}:{step.settings['stop']}]")


def _lookup(writer: _Writer, step: Array, given: list[_Text]) -> _Text:
    helper = "codes_of_folded" if step.settings["fold"] else "codes_of"
    writer.helpers.add(helper)
    name = writer.name(f"codes_of_{given[0].text}")
    writer.codes[name] = step.settings["codes"]
    return _Text(f"{helper}({given[0].text}, {name}, {step.settings['otherwise']})")


#: How each operation is written.
EXPRESSIONS: Mapping[str, _Expression] = {
    **{kind: _call(f"np.{kind}") for kind in (*UNARY, *COMPARISONS)},
    "negative": lambda writer, step, given: _Text(f"-{given[0].within(3)}", 1),
    "erf": _helper("erf"),
    "less": _infix("<", 0),
    "less_equal": _infix("<=", 0),
    "greater": _infix(">", 0),
    "greater_equal": _infix(">=", 0),
    "equal": _infix("==", 0),
    "add": _infix("+", 1),
    "subtract": _infix("-", 1),
    "multiply": _infix("*", 2),
    "divide": _infix("/", 2),
    "floor_divide": _infix("//", 2),
    "remainder": _infix("%", 2),
    "matmul": _infix("@", 2),
    "minimum": _call("np.minimum"),
    "maximum": _call("np.maximum"),
    "where": _where,
    "astype": lambda writer, step, given: _Text(f"{given[0].within(3)}.astype(np.{step.dtype.name})"),
    "reshape": _reshape,
    "permute_dims": lambda writer, step, given: _Text(f"{given[0].within(3)}.transpose{step.settings['axes']}"),
    "concat": lambda writer, step, given: _Text(
        f"np.concatenate([{', '.join(each.text for each in given)}], axis={step.settings['axis']})"
    ),
    "slice": _slice,
    "take": lambda writer, step, given: _Text(f"np.take({given[0].text}, {given[1].text}, axis={step.settings['axis']})"),
    "sum": _reduced("np.sum"),
    "max": _reduced("np.max"),
    "argmax": lambda writer, step, given: _Text(f"np.argmax({given[0].text}, axis={step.settings['axis']})"),
    "lookup": _lookup,
}

_HELPERS = {
    "codes_of": '''def codes_of(texts, codes, otherwise):
    """The whole number of each text."""
    return np.array([codes.get(text, otherwise) for text in texts.tolist()], dtype=np.int64)''',
    "codes_of_folded": '''def codes_of_folded(texts, codes, otherwise):
    """The whole number of each text, or else of the text in lower case."""
    return np.array([codes.get(text, codes.get(text.casefold(), otherwise)) for text in texts.tolist()], dtype=np.int64)''',
    "erf": '''def erf(x):
    """The error function, element by element."""
    return np.vectorize(math.erf, otypes=[np.float64])(x).astype(x.dtype)''',
}


def literal(number: Any) -> str:
    """A number of NumPy's as Python writes it, with as few digits as tell it from others."""
    if isinstance(number, np.floating):
        if np.isnan(number) or np.isinf(number):
            return "np.nan" if np.isnan(number) else "np.inf" if number > 0 else "-np.inf"
        return str(number)
    return str(bool(number) if isinstance(number, np.bool_) else int(number))


def _imports(writer: _Writer, apart: bool) -> str:
    own = ["import math"] * ("erf" in writer.helpers) + ["from pathlib import Path"] * apart
    return "\n".join([*own, *[""] * bool(own), "import numpy as np"])


def _constants(writer: _Writer, apart: bool) -> str:
    lines = [
        _filled(f"{name} = {{", (f"{text!r}: {code}" for text, code in codes.items()), "}")
        for name, codes in writer.codes.items()
    ]
    for name, texts in writer.texts.items():
        lines.append(_filled(f"{name} = np.array([", map(repr, texts.tolist()), "], dtype=object)"))
    if apart:
        lines.append('with np.load(Path(__file__).with_suffix(".npz")) as weights:')
        lines += [f"    {name} = weights[{name!r}]" for name in writer.arrays]
    else:
        lines += [_inline(name, array) for name, array in writer.arrays.items()]
    return "\n".join(lines)


def _inline(name: str, array: np.ndarray) -> str:
    shape = "" if array.ndim == 1 else f".reshape({', '.join(map(str, array.shape))})"
    return _filled(f"{name} = np.array([", map(literal, array.ravel()), f"], dtype=np.{array.dtype.name}){shape}")


def _filled(start: str, items: Iterable[str], end: str) -> str:
    """Items between a start and an end, in as few lines as fit."""
    lines = [start]
    for item in items:
        if len(lines[-1]) + len(item) > _WIDTH and lines[-1] != start:
            lines.append("   ")
        lines[-1] += f"{'' if lines[-1] == start else ' '}{item},"
    return "\n".join(lines).removesuffix(",") + end


def _in_lines(line: str) -> str:
    """A long call with each of its arguments in a line of its own."""
    if len(line) <= _WIDTH or "([" not in line:
        return line
    start, _, rest = line.partition("([")
    depth, place, items = 0, 0, [""]
    while depth >= 0:
        sign = rest[place]
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and depth == 0:
            items.append("")
        elif depth >= 0:
            items[-1] += sign
        place += 1
    inner = "\n".join(f"            {item.strip()}," for item in items)
    return f"{start}(\n        [\n{inner}\n        ]{rest[place:]}"


def _documentation(computation: Computation, name: str, apart: bool) -> str:
    weights = f" Its weights lie beside it, in {name}.npz." if apart else ""
    of_table = _takes_columns(computation)
    example = "predict([{" + ", ".join(f"{each.name!r}: …" for each in computation.inputs[:2]) + ", …}])"
    how = (
        f"Give rows as a list of dicts, or as columns by name (a dict or a data frame): {example}"
        if of_table
        else _of_arrays(computation)
    )
    takes = [f"    {each.name}: {each.takes or each.holds}" for each in computation.inputs]
    gives = [f"    {each.name}: {each.holds}" for each in computation.outputs]
    said = [
        *textwrap.wrap(
            f"{computation.model}, exported by Lamina {lamina.__version__}. Needs NumPy and nothing else.{weights}", _WIDTH
        ),
        "",
        *textwrap.wrap(how, _WIDTH),
        "",
        "Inputs:",
        *takes,
        "",
        "Outputs:",
        *gives,
    ]
    return _docstring(*said, "")


def _docstring(*lines: str) -> str:
    """Lines as a string that begins with the first of them, whatever they hold."""
    return '"""' + "\n".join(line.replace("\\", "\\\\").replace('"""', "'''") for line in lines) + '"""'


def _of_arrays(computation: Computation) -> str:
    names = ", ".join(each.name for each in computation.inputs)
    return f"Give one array for each input, a row in each row: predict({names})"


def _takes_columns(computation: Computation) -> bool:
    return all(len(each.array.shape) == 1 for each in computation.inputs)


def _functions(computation: Computation) -> str:
    several = computation.is_network and len(computation.outputs) > 1
    given = "rows" if _takes_columns(computation) else "*arrays"
    said = "the predictions for each row" if computation.is_network else computation.outputs[0].holds
    parts = [_function("predict", given, said, f"outputs({given})" if several else f"outputs({given})[0]")]
    if not computation.is_network and computation.about.get("classes") and len(computation.outputs) > 1:
        name = "predict_proba" if "probability" in computation.outputs[1].holds else "decision_function"
        parts.append(_function(name, given, computation.outputs[1].holds, f"outputs({given})[1]"))
    parts.append(_outputs(computation, given))
    return "\n\n\n".join(parts)


def _function(name: str, given: str, said: str, returned: str) -> str:
    return f"def {name}({given}):\n    {_docstring(f'{said[0].upper()}{said[1:]}.')}\n    return {returned}"


def _outputs(computation: Computation, given: str) -> str:
    names = ", ".join(each.name for each in computation.outputs)
    lines = [f"def outputs({given}):", f"    {_docstring(f'All outputs: {names}.')}"]
    if not _takes_columns(computation):
        dtype = computation.inputs[0].array.dtype.name
        return "\n".join([*lines, _QUIET, f"        return compute(*(np.asarray(array, dtype=np.{dtype}) for array in arrays))"])
    lines += ["    check_columns(rows)", _QUIET]
    lines += ["        return compute(", *(f"            {_column(each)}," for each in computation.inputs), "        )"]
    named = _filled(
        "COLUMNS = (", (repr(each.name) for each in computation.inputs), ",)" if len(computation.inputs) == 1 else ")"
    )
    of_text = [TEXT_OF] if any(each.array.dtype == TEXT for each in computation.inputs) else []
    return "\n\n\n".join(["\n".join(lines), named, CHECK_COLUMNS, COLUMN, IS_MISSING, *of_text])


def _column(given: Port) -> str:
    reads = {float64: "np.float64", int64: '"M8[us]"', TEXT: "object"}[given.array.dtype]
    return f"column(rows, {given.name!r}, {reads})"


_QUIET = '    with np.errstate(all="ignore"):  # numbers that run away do so on purpose'
