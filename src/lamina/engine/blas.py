"""SciPy's BLAS for the native engine: finds its matrix products, and keeps it single-threaded while the engine runs."""

from __future__ import annotations

import threading
from functools import cache
from types import TracebackType
from typing import TYPE_CHECKING

from scipy.linalg import cython_blas
from threadpoolctl import LibController, ThreadpoolController

if TYPE_CHECKING:
    from lamina.engine import _native

__all__ = ["SingleThreadedBlas", "scipy_blas"]


@cache
def scipy_blas() -> _native.Blas | None:
    """The matrix products that SciPy exports; None if we cannot call them (64-bit integers, another signature)."""
    from lamina.engine.extension import _native  # only here: the rest of this file works without the extension

    exported = getattr(cython_blas, "__pyx_capi__", {})
    return _native.Blas.from_capsules(exported.get("sgemm", ""), exported.get("dgemm", ""))


@cache
def _libraries() -> list[LibController]:
    """SciPy's BLAS library, or every loaded BLAS if none is recognizably SciPy's."""
    found: list[LibController] = ThreadpoolController().select(user_api="blas").lib_controllers
    return [library for library in found if "scipy" in library.filepath] or found


class SingleThreadedBlas:
    """Context in which BLAS runs single-threaded, because the executor itself splits the work among threads.

    The limit applies to the whole process, so the first thread to enter sets it and the last to leave restores it.
    """

    _lock = threading.Lock()
    _inside = 0
    _before: tuple[int, ...] = ()

    def __enter__(self) -> None:
        cls = SingleThreadedBlas
        with cls._lock:
            if cls._inside == 0:
                cls._before = tuple(library.get_num_threads() for library in _libraries())
                _set_threads((1,) * len(cls._before))
            cls._inside += 1

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        cls = SingleThreadedBlas
        with cls._lock:
            cls._inside -= 1
            if cls._inside == 0:
                _set_threads(cls._before)


def _set_threads(numbers: tuple[int, ...]) -> None:
    for library, number in zip(_libraries(), numbers, strict=True):
        library.set_num_threads(number)
