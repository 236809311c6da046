"""Warnings that point at the user's own line, however deep within Lamina, a pipeline or a search the cause lies."""

from __future__ import annotations

import sys
import warnings
from types import FrameType

__all__ = ["SCIKIT_LEARN_MODULE", "warn_caller"]

# What scikit-learn's estimators of these names belong to; see warn_caller.
SCIKIT_LEARN_MODULE = "sklearn.neural_network._multilayer_perceptron"

# What calls Lamina on behalf of the user.
_GO_BETWEENS = frozenset({"lamina", "sklearn", "joblib", "concurrent", "threading", "multiprocessing", "runpy"})


def warn_caller(text: str, category: type[Warning], *, module: str | None = None) -> None:
    """Warn at the first line outside of Lamina, scikit-learn, joblib and the pools of the standard library.

    Parameters
    ----------
    text : str
    category : type of Warning
    module : str, optional
        What a filter's ``module`` is compared with; by default the module of that line. Warnings that scikit-learn's estimators
        give too say :data:`SCIKIT_LEARN_MODULE`, so that filters written for those, with ``module="sklearn"``, act on these.
    """
    frame = _callers_frame()
    names = frame.f_globals
    # the registry of the line, so that each line warns once, as with warnings.warn
    registry = names.setdefault("__warningregistry__", {})
    place = str(names.get("__name__") or "<string>") if module is None else module
    warnings.warn_explicit(text, category, frame.f_code.co_filename, frame.f_lineno, module=place, registry=registry)


def _callers_frame() -> FrameType:
    """The innermost frame of the user's; in a worker process, where none is, the innermost that is not Lamina's."""
    frame = found = sys._getframe(2)
    while frame.f_back is not None and _package(frame) == "lamina":
        frame = found = frame.f_back
    while _package(frame) in _GO_BETWEENS:
        if frame.f_back is None:
            return found
        frame = frame.f_back
    return frame


def _package(frame: FrameType) -> str:
    # what runs as __main__ in a worker process still says its package
    names = frame.f_globals
    return str(names.get("__package__") or names.get("__name__") or "").partition(".")[0]
