"""Chooses the executor: native if the extension loads, the reference otherwise."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np

from lamina.engine import randomness
from lamina.engine.codes import check_precision
from lamina.engine.executor import Executor
from lamina.engine.perceptron import PerceptronRows, PerceptronRule, PerceptronUnit
from lamina.engine.program import Program
from lamina.engine.threads import MAX_THREADS, N_THREADS
from lamina.errors import InvalidSettingError, LaminaError, phrase, phrase_unknown

__all__ = [
    "DEVICES",
    "ENGINES",
    "HOST_ENGINES",
    "check_device",
    "engine_info",
    "make_executor",
    "make_perceptron",
    "native_available",
    "permutation",
]

HOST_ENGINES = ("auto", "native", "reference")
ENGINES = (*HOST_ENGINES, "torch")
DEVICES = ("auto", "cpu", "cuda", "mps")
_DTYPES = ("float32", "float64")


def make_executor(
    program: Program,
    *,
    dtype: str | np.dtype = "float32",
    engine: str = "auto",
    n_threads: int | None = None,
    device: str = "auto",
) -> Executor:
    """Make an executor for ``program``.

    Parameters
    ----------
    program : Program
    dtype : {"float32", "float64"}, default "float32"
    engine : {"auto", "native", "reference", "torch"}, default "auto"
        "auto" is native if the extension loads; otherwise it is the reference, with a RuntimeWarning once per process. It is
        the reference, too, where a layer is in Python.
    n_threads : int in [1, 1024], optional
        Threads of the native engine; None chooses by the amount of work, within the limits of :mod:`lamina.engine.threads`.
        Threads change speed only: the numbers are the same.
    device : {"auto", "cpu", "cuda", "mps"}, default "auto"
        Where ``engine="torch"`` computes: "auto" is CUDA if torch finds it, or else Apple's MPS in float32, or else the CPU.

    Raises
    ------
    InvalidSettingError
        When ``engine``, ``dtype`` or ``device`` is unknown, ``n_threads`` is not between 1 and 1024, or a column has more
        categories than ``dtype`` has exact codes; when ``engine="native"`` and a layer is in Python; when another engine than
        torch's is given a device, or torch does not find it, or it has no such dtype.
    LaminaError
        When ``engine="native"`` and the extension does not load.
    MissingPackageError
        When ``engine="torch"`` and torch is not installed.

    Examples
    --------
    >>> from lamina.engine.program import Op
    >>> program = Program(widths=(2, 2), inputs=(0,), outputs=(1,), ops=(Op("activation", "relu", (0,), 1, function="relu"),))
    >>> make_executor(program, engine="reference").predict([np.array([[-1.0, 2.0]])])
    [array([[0., 2.]], dtype=float32)]
    """
    if engine not in ENGINES:
        raise InvalidSettingError(phrase_unknown("engine", engine, ENGINES))
    if dtype is None or str(np.dtype(dtype)) not in _DTYPES:  # NumPy reads None as float64
        raise InvalidSettingError(phrase_unknown("dtype", str(dtype), _DTYPES))
    if not N_THREADS.accepts(n_threads):
        raise InvalidSettingError(phrase("n_threads", f"must be from 1 to {MAX_THREADS}, or None", n_threads))
    check_device(device, engine)
    check_precision(program, np.dtype(dtype))
    if engine == "torch":
        from lamina.engine.torch import TorchExecutor

        return TorchExecutor(program, dtype, device)
    own = next((op.layer for op in program.ops if op.code is not None), None)
    if own is not None and engine == "native":
        rule, repair = (
            "must be 'auto', 'reference' or 'torch' with a layer in Python",
            "The native engine runs its own layers alone.",
        )
        raise InvalidSettingError(phrase("engine", rule, engine, repair=repair, owner=own))
    if own is None and _wants_native(engine):
        from lamina.engine.native import NativeExecutor

        return NativeExecutor(program, dtype, n_threads)
    from lamina.engine.reference import ReferenceExecutor

    return ReferenceExecutor(program, dtype)


def check_device(device: str, engine: str, *, owner: str = "") -> None:
    """Raise an InvalidSettingError for an unknown device, or one that is given to an engine without devices.

    >>> check_device("cuda", "native")
    Traceback (most recent call last):
        ...
    lamina.errors.InvalidSettingError: device must be 'auto' with engine='native', got 'cuda'. Use engine='torch' for a device.
    """
    if device not in DEVICES:
        raise InvalidSettingError(phrase_unknown("device", device, DEVICES, owner=owner))
    if device != "auto" and engine != "torch":
        repair = "Use engine='torch' for a device."
        raise InvalidSettingError(phrase("device", f"must be 'auto' with engine={engine!r}", device, repair=repair, owner=owner))


def make_perceptron(data: PerceptronRows, rule: PerceptronRule, start: np.ndarray, *, engine: str = "auto") -> PerceptronUnit:
    """Make a threshold unit with initial weights ``start`` (bias last) that learns from ``data`` by Rosenblatt's ``rule``.

    Raises
    ------
    LaminaError
        When ``engine="native"`` and the extension does not load.

    Examples
    --------
    >>> data = PerceptronRows(np.eye(2), np.array([1.0, -1.0]), np.ones(2), np.arange(2))
    >>> make_perceptron(data, PerceptronRule(0.5), np.zeros(3)).learn().mistakes
    [2]
    """
    if _wants_native(engine):
        from lamina.engine.native_perceptron import NativePerceptron

        return NativePerceptron(data, rule, start)
    from lamina.engine.reference.perceptron import ReferencePerceptron

    return ReferencePerceptron(data, rule, start)


def native_available() -> bool:
    """Whether the compiled engine loads.

    >>> isinstance(native_available(), bool)
    True
    """
    return _load_problem() is None


def engine_info() -> dict[str, Any]:
    """The engine in use: its instruction set and those available, its matrix products, or why the native engine does not load.

    ``mixed_precision`` says how products of mixed precision are computed: "bfloat16", where the processor multiplies such
    numbers, or "rounded float32", which gives the same numbers up to rounding, and no speed. ``tiles`` says of the processor's
    tiles for such products (AMX) whether they are "absent", "refused" by the operating system, or "granted". Linux alone is asked
    for them: elsewhere they count as absent.

    >>> engine_info()["engine"] in ENGINES
    True
    """
    problem = _load_problem()
    if problem is not None:
        return {"engine": "reference", "problem": problem, "mixed_precision": "rounded float32"}
    from lamina.engine.blas import scipy_blas

    sets = _native().instruction_sets()
    products = "built-in" if scipy_blas() is None else "built-in and SciPy's BLAS, by size"
    mixed = "bfloat16" if _native().has_fast_mixed(sets[-1]) else "rounded float32"
    return {
        "engine": "native",
        "instruction_set": sets[-1],
        "instruction_sets": sets,
        "products": products,
        "mixed_precision": mixed,
        "tiles": _native().tile_unit(),
    }


def permutation(n: int, *, seed: int, epoch: int, part: int = 0) -> np.ndarray:
    """The order of the ``n`` examples in a part of ``epoch``, int64 (n,); see :func:`lamina.engine.randomness.permutation`.

    >>> sorted(permutation(4, seed=0, epoch=1).tolist())
    [0, 1, 2, 3]
    """
    if not native_available():
        return randomness.permutation(n, seed=seed, epoch=epoch, part=part)
    order: np.ndarray = _native().permutation(n, seed & 0xFFFFFFFFFFFFFFFF, epoch & 0xFFFFFFFF, part)
    return order


@cache
def _native() -> Any:
    from lamina.engine.extension import _native as extension

    return extension


def _wants_native(engine: str) -> bool:
    if engine == "reference":
        return False
    problem = _load_problem()
    if problem is None:
        return True
    if engine == "native":
        raise LaminaError(
            phrase("engine", "must load", "native", repair=f"{problem}. Reinstall lamina, or use engine='reference'.")
        )
    _warn_once(problem)
    return False


@cache
def _load_problem() -> str | None:
    """Why the extension does not load; None if it does."""
    try:
        from lamina.engine import native  # noqa: F401
    except ImportError as error:
        return str(error)
    return None


@cache
def _warn_once(problem: str) -> None:
    warnings.warn(
        f"The native engine does not load ({problem}); Lamina uses the reference engine, with the same results but much slower. "
        "Reinstall lamina, or pass engine='reference' to silence this.",
        RuntimeWarning,
        stacklevel=4,
    )
