"""The native kernels one by one, for every float type and instruction set of this machine.

The extension tells where a table of function pointers lies; the signatures are read from ``csrc/kernels/kernels.hpp``, which is
what the compiler read too.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

CSRC = Path(__file__).parents[3] / "csrc"
native = pytest.importorskip("lamina.engine._native", reason="the native engine is not built")


class RandomKey(ctypes.Structure):
    _fields_ = (("seed", ctypes.c_uint64), ("purpose", ctypes.c_uint32), ("step", ctypes.c_uint32), ("op", ctypes.c_uint32))


SCALARS = {
    "void": None,
    "i64": ctypes.c_int64,
    "double": ctypes.c_double,
    "bool": ctypes.c_bool,
    "char*": ctypes.c_char_p,
    "int": ctypes.c_int,
    "Function": ctypes.c_int,
    "HeadKind": ctypes.c_int,
    "Rule": ctypes.c_int,
    "RandomKey": RandomKey,
}


def _row(name_of: Callable[[int], bytes | None], name: str) -> int:
    """Where the name stands in a table."""
    row = 0
    while (found := name_of(row)) != name.encode():
        assert found is not None, f"no row has the name {name}"
        row += 1
    return row


def _pointer(value: np.ndarray | None) -> int | None:
    """The address of an array's first number; None stays the null pointer."""
    return None if value is None else value.ctypes.data


class KernelTable:
    """``table.name(...)`` calls the kernel ``name``: arrays for pointers, None for null."""

    def __init__(self, address: int, dtype: np.dtype) -> None:
        self.dtype = dtype
        self.eps = float(np.finfo(dtype).eps)
        header = (CSRC / "kernels" / "kernels.hpp").read_text()
        declarations = re.findall(r"^\s*(?:const )?(\w+\*?) \(\*(\w+)\)\((.*?)\);", header, re.MULTILINE | re.DOTALL)
        pointers = ctypes.cast(address, ctypes.POINTER(ctypes.c_void_p * len(declarations))).contents
        for (result, name, arguments), pointer in zip(declarations, pointers, strict=True):
            setattr(self, name, self._callable(pointer, result, [argument.strip() for argument in arguments.split(",")]))

    def _callable(self, pointer: int, result: str, arguments: list[str]) -> Callable:
        types = [ctypes.c_void_p if "*" in argument else self._scalar(argument.split()[0]) for argument in arguments]
        function = ctypes.CFUNCTYPE(self._scalar(result), *types)(pointer)
        return lambda *values: function(*(_pointer(v) if t is ctypes.c_void_p else v for v, t in zip(values, types, strict=True)))

    def _scalar(self, name: str) -> type:
        if name == "T":
            return ctypes.c_float if self.dtype == np.float32 else ctypes.c_double
        return SCALARS[name]

    def function(self, name: str) -> int:
        """The number of an activation."""
        return _row(self.function_name, name)

    def rule(self, name: str) -> int:
        """The number of an update rule."""
        return _row(self.rule_name, name)

    @staticmethod
    def key(seed: int, purpose: int, step: int, op: int) -> RandomKey:
        """What keys a stream of random words."""
        return RandomKey(seed, purpose, step, op)

    def array(self, values: object) -> np.ndarray:
        """A fresh C-ordered array of the table's float type."""
        return np.array(values, dtype=self.dtype, order="C")

    def empty(self, size: int) -> np.ndarray:
        """Room for ``size`` numbers; nan until written."""
        return np.full(size, np.nan, dtype=self.dtype)

    def activate(self, name: str, x: np.ndarray, *settings: float) -> np.ndarray:
        """The activation ``name`` of x, any shape."""
        out, numbers = np.full_like(x, np.nan), np.array([*settings, 0.0])
        width = x.shape[-1]
        self.activation_forward(out, x, x.size // max(width, 1), width, self.function(name), numbers)
        return out

    def slope(self, name: str, x: np.ndarray, *settings: float) -> np.ndarray:
        """Its derivative: the backward pass of a gradient of ones."""
        out, d_x, numbers = self.activate(name, x, *settings), np.full_like(x, np.nan), np.array([*settings, 0.0])
        width = x.shape[-1]
        self.activation_backward(d_x, np.ones_like(x), x, out, x.size // max(width, 1), width, self.function(name), numbers)
        return d_x

    def run_head(
        self, kind: str, logits: np.ndarray, target: np.ndarray, scale: np.ndarray, *settings: float
    ) -> tuple[float, np.ndarray]:
        """The scaled sum of losses and the gradient of the logits; asserts that asking for no gradient changes no loss."""
        n, width = logits.shape
        d_logits, numbers = np.full_like(logits, np.nan), np.array([*settings, 0.0])
        rest = (logits, target, scale, n, width, target.shape[1], _row(self.head_name, kind), numbers)
        loss = self.head(d_logits, *rest)
        np.testing.assert_equal(self.head(None, *rest), loss)
        return loss, d_logits


def _tables() -> list[tuple[str, str]]:
    """A dtype and an instruction set for each table; sets that differ in mixed products alone share one."""
    all_sets = [(dtype, name) for name in native.instruction_sets() for dtype in ("float32", "float64")]
    return list({native.kernel_table(*each): each for each in reversed(all_sets)}.values())[::-1]


@pytest.fixture(params=_tables(), ids=lambda p: f"{p[1]}-{p[0]}")
def kernels(request: pytest.FixtureRequest) -> KernelTable:
    dtype, instruction_set = request.param
    return KernelTable(native.kernel_table(dtype, instruction_set), np.dtype(dtype))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20)


def _compiled_tiles(library: Path) -> ctypes.CDLL:
    """``tiles/multiply.cpp``, whose instructions on tiles are emulated."""
    compiler = shutil.which(os.environ.get("CXX", "c++"))
    if compiler is None:
        pytest.skip("there is no C++ compiler")
    here = Path(__file__).parent / "tiles"
    flags = ["-std=c++20", "-O1", "-shared", "-fPIC", "-fopenmp-simd", "-fno-math-errno", "-fno-trapping-math"]
    flags += [f"-m{name}" for name in ("avx512bf16", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx2", "fma")]
    command = [compiler, *flags, f"-I{here}", f"-I{CSRC}", str(here / "multiply.cpp"), "-o", str(library)]
    subprocess.run(command, check=True, timeout=120)
    return ctypes.CDLL(str(library))


@pytest.fixture(scope="session")
def emulated_tiles(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., np.ndarray]:
    """``multiply(a, b, transpose_a, transpose_b, …)`` = finish(start + op(a) op(b)), by the kernel for tiles on emulated ones."""
    if "avx512bf16" not in native.instruction_sets():
        pytest.skip("the kernel for tiles packs by AVX-512 BF16, which this processor lacks")
    function = _compiled_tiles(tmp_path_factory.mktemp("tiles") / "multiply.so").multiply
    pointer, number, flag = ctypes.c_void_p, ctypes.c_long, ctypes.c_bool
    function.argtypes = [pointer, number, pointer, pointer, *[number] * 3, flag, flag, pointer, number, ctypes.c_int, pointer]
    function.restype = None

    def multiply(a, b, transpose_a=False, transpose_b=False, *, start=None, finish="none", gate=None):
        m, k, n = a.shape[transpose_a], a.shape[not transpose_a], b.shape[not transpose_b]
        out = np.full((m, n + 5), 7, np.float32)  # rows with room behind them, which stays as it is
        gates = None if gate is None else np.pad(gate, ((0, 0), (0, 5)))  # laid out like the product
        start_row = 0 if start is None or start.ndim == 1 else n
        layout = (m, n, k, transpose_a, transpose_b)
        ends = (_pointer(start), start_row, ("none", "relu", "relu_slope").index(finish), _pointer(gates))
        function(_pointer(out), n + 5, _pointer(a), _pointer(b), *layout, *ends)
        assert np.all(out[:, n:] == 7)
        return out[:, :n]

    return multiply
