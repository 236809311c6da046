"""Runs what was exported: each format takes arrays by input and gives arrays by output."""

from __future__ import annotations

import ctypes
import subprocess
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lamina.export.c_file import c_source, lengths_of, size_of
from lamina.export.computation import Computation, Port
from lamina.export.python_file import python_source

Given = Mapping[str, np.ndarray]
Returned = dict[str, np.ndarray]

NO_ONNX = "needs the packages onnx and onnxruntime, which 'make test' installs"


def onnx_runtime(computation: Computation) -> Callable[[Given], Returned]:
    """onnxruntime, on the model's bytes alone."""
    runtime = pytest.importorskip("onnxruntime", reason=NO_ONNX)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(_onnx_bytes(computation), options)
    used = {each.name for each in session.get_inputs()}
    names = [each.name for each in session.get_outputs()]

    def run(given: Given) -> Returned:
        found = session.run(None, {name: array for name, array in given.items() if name in used})
        return dict(zip(names, found, strict=True))

    return run


def onnx_reference(computation: Computation) -> Callable[[Given], Returned]:
    """The evaluator of the package onnx, which is there to say what a model means."""
    reference = pytest.importorskip("onnx.reference", reason=NO_ONNX)
    evaluator = reference.ReferenceEvaluator(_onnx_bytes(computation))

    def run(given: Given) -> Returned:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of exp, which overflows on purpose
            return dict(zip(evaluator.output_names, evaluator.run(None, dict(given)), strict=True))

    return run


def python_program(computation: Computation, folder: Path) -> Callable[[Given], Returned]:
    """The program, run as a file."""
    source, weights = python_source(computation, "model")
    if weights:
        np.savez(folder / "model.npz", **weights)  # type: ignore[arg-type]
    (folder / "model.py").write_text(source, encoding="utf-8")
    program: dict[str, Any] = {"__file__": str(folder / "model.py")}
    exec(compile(source, str(folder / "model.py"), "exec"), program)
    names = [each.name for each in computation.outputs]

    def run(given: Given) -> Returned:
        with np.errstate(all="ignore"):
            found = program["compute"](*(given[each.name] for each in computation.inputs))
        return dict(zip(names, found, strict=True))

    return run


def c_programs(computations: Mapping[str, Computation], folder: Path) -> dict[str, Callable[[Given], Returned]]:
    """The headers, compiled together into one library, as users' compilers may: with all warnings, and these as errors."""
    lines = []
    for name, computation in computations.items():
        (folder / f"{name}.h").write_text(c_source(computation, name), encoding="utf-8")
        lines.append(f'#include "{name}.h"')
        lines.append(f"void run_{name}(const {name}_input *in, {name}_output *out, int rows);")
        body = f"for (int row = 0; row < rows; ++row) {name}_predict(in + row, out + row);"
        lines.append(f"void run_{name}(const {name}_input *in, {name}_output *out, int rows) {{ {body} }}")
    (folder / "all.c").write_text("\n".join(lines) + "\n", encoding="utf-8")
    flags = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC"]
    subprocess.run(["gcc", *flags, "all.c", "-lm", "-o", "all.so"], cwd=folder, check=True)
    library = ctypes.CDLL(str(folder / "all.so"))
    return {name: _c_program(computation, library[f"run_{name}"]) for name, computation in computations.items()}


def _c_program(computation: Computation, function: Any) -> Callable[[Given], Returned]:
    def run(given: Given) -> Returned:
        num_rows = len(next(iter(given.values())))
        rows = np.zeros(num_rows, dtype=_struct(computation.inputs))
        kept = []  # the texts that rows point to
        for i, port in enumerate(computation.inputs):
            values = given[port.name]
            if port.array.dtype == object:
                texts = [ctypes.create_string_buffer(text.encode()) for text in values.tolist()]
                kept.append(texts)
                values = np.array([ctypes.addressof(text) for text in texts], dtype=np.uint64)
            rows[f"f{i}"] = values.reshape(rows[f"f{i}"].shape)
        results = np.zeros(num_rows, dtype=_struct(computation.outputs))
        function(rows.ctypes.data_as(ctypes.c_void_p), results.ctypes.data_as(ctypes.c_void_p), ctypes.c_int(num_rows))
        return {port.name: _values(port, results[f"f{i}"]) for i, port in enumerate(computation.outputs)}

    return run


def _values(port: Port, found: np.ndarray) -> np.ndarray:
    if port.array.dtype == object:
        texts = [ctypes.string_at(int(address)).decode() for address in found]
        return np.array(texts, dtype=object)
    return found.reshape(len(found), *lengths_of(port.array.shape[1:]))


def _struct(ports: tuple[Port, ...]) -> np.dtype:
    """The memory of a struct of C, as NumPy lays it out, too."""
    fields: list[Any] = []
    for i, port in enumerate(ports):
        kind = np.dtype(np.uint64) if port.array.dtype == object else port.array.dtype
        size = size_of(port.array.shape)
        fields.append((f"f{i}", kind) if size == 1 else (f"f{i}", kind, (size,)))
    return np.dtype(fields, align=True)


def _onnx_bytes(computation: Computation) -> bytes:
    pytest.importorskip("onnx", reason=NO_ONNX)
    from lamina.export.onnx_file import onnx_model

    serialized: bytes = onnx_model(computation).SerializeToString()
    return serialized


def assert_close(got: np.ndarray, wanted: np.ndarray, tolerance: float = 1e-5) -> None:
    """The largest error is at most so small a part of the largest value that is finite; what is not finite is equal."""
    assert got.shape == wanted.shape
    finite = np.isfinite(wanted)
    assert np.array_equal(got[~finite], wanted[~finite], equal_nan=True)
    if finite.any():
        scale = max(float(np.abs(wanted[finite]).max()), 1e-30)
        assert np.abs(got[finite].astype(np.float64) - wanted[finite]).max() <= tolerance * scale
