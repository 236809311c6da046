"""Warnings that point at the user's own line, however deep inside Lamina, a pipeline or a search they arise."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType

__all__ = ["SCIKIT_LEARN_MODULE", "warn_caller", "warnings_kept", "warnings_told"]

# The module of scikit-learn's estimators with the same names; see warn_caller.
SCIKIT_LEARN_MODULE = "sklearn.neural_network._multilayer_perceptron"

# Packages that call Lamina on behalf of the user.
_GO_BETWEENS = frozenset({"lamina", "sklearn", "joblib", "concurrent", "threading", "multiprocessing", "runpy"})

_TOLD: ContextVar[Callable[[str], None] | None] = ContextVar("who is told of warnings", default=None)


@contextmanager
def warnings_kept() -> Iterator[list[str]]:
    """Put this thread's warnings into a list, each once, instead of giving them; filters of :mod:`warnings` are every thread's.

    Examples
    --------
    >>> with warnings_kept() as kept:
    ...     warn_caller("odd", UserWarning)
    >>> kept
    ['odd']
    """
    kept: list[str] = []

    def keep(text: str) -> None:
        if text not in kept:
            kept.append(text)

    with warnings_told(keep):
        yield kept


@contextmanager
def warnings_told(tell: Callable[[str], None]) -> Iterator[None]:
    """Hand each of this thread's warnings to a function when it comes, instead of giving it."""
    token = _TOLD.set(tell)
    try:
        yield
    finally:
        _TOLD.reset(token)


def warn_caller(text: str, category: type[Warning], *, module: str | None = None) -> None:
    """Warn at the first line outside of Lamina, scikit-learn, joblib and the pools of the standard library.

    Parameters
    ----------
    text : str
    category : type of Warning
    module : str, optional
        What a filter's ``module`` is matched against; by default the module of that line. Warnings that scikit-learn's estimators
        also give use :data:`SCIKIT_LEARN_MODULE`, so that filters written for those with ``module="sklearn"`` work here too.
    """
    if (tell := _TOLD.get()) is not None:
        tell(text)
        return
    frame = _callers_frame()
    names = frame.f_globals
    # the registry of the line, so that each line warns once, as with warnings.warn
    registry = names.setdefault("__warningregistry__", {})
    place = str(names.get("__name__") or "<string>") if module is None else module
    warnings.warn_explicit(text, category, frame.f_code.co_filename, frame.f_lineno, module=place, registry=registry)


def _callers_frame() -> FrameType:
    """The user's innermost frame; in a worker process, which has none, the innermost frame outside Lamina."""
    frame = found = sys._getframe(2)
    while frame.f_back is not None and _package(frame) == "lamina":
        frame = found = frame.f_back
    while _package(frame) in _GO_BETWEENS:
        if frame.f_back is None:
            return found
        frame = frame.f_back
    return frame


def _package(frame: FrameType) -> str:
    # a module that runs as __main__ in a worker process still has its __package__
    names = frame.f_globals
    return str(names.get("__package__") or names.get("__name__") or "").partition(".")[0]
