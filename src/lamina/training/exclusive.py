"""Allows one fit of an object at a time: a second one would overwrite the weights and counters of the first."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from lamina.errors import BusyError

__all__ = ["RUNNING", "exclusive", "is_running"]

RUNNING = "_running_fit"

_Method = TypeVar("_Method", bound=Callable[..., Any])


class _Run:
    """One call of an exclusive method."""

    is_over = False


def exclusive(repair: str) -> Callable[[_Method], _Method]:
    """Allow only one call of a method at a time on each object; ``repair`` says how to copy the object.

    Raises
    ------
    BusyError
        Raised by the method if another thread or a callback calls such a method while one is running on the object.
    """

    def decorate(method: _Method) -> _Method:
        @wraps(method)
        def run_alone(self: Any, *arguments: Any, **settings: Any) -> Any:
            run = _Run()
            try:
                if _current(self, run) is not run:
                    place = f"{type(self).__name__}.{method.__name__}"
                    raise BusyError(f"{place}: this object is already being fitted. Fit a copy of it in each thread: {repair}.")
                vars(self)[RUNNING] = run  # drops the chain of earlier runs
                return method(self, *arguments, **settings)
            finally:
                run.is_over = True  # an assignment, because after a call Ctrl-C could arrive before the object is free

        return cast(_Method, run_alone)

    return decorate


def is_running(owner: Any) -> bool:
    """Whether an exclusive method of ``owner`` is running, so that the caller is part of it, such as a callback."""
    run = vars(owner).get(RUNNING)
    while run is not None and run.is_over:
        run = vars(run).get("next")
    return run is not None


def _current(owner: Any, run: _Run) -> _Run:
    """The run that holds the object now: ``run`` itself if all earlier ones are over.

    Each run gets exactly one successor, whatever threads and Ctrl-C do, because ``setdefault`` is atomic.
    """
    current = cast(_Run, vars(owner).setdefault(RUNNING, run))
    while current.is_over:
        current = vars(current).setdefault("next", run)
    return current
