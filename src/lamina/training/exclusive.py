"""One fit at a time: a second one of the same object would write into the first one's weights and counters."""

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
    """Let a method run once at a time on each object; ``repair`` says how to get another object.

    Raises
    ------
    BusyError
        By the method, when another thread, or a callback of its own, calls such a method of an object where one is running.
    """

    def decorate(method: _Method) -> _Method:
        @wraps(method)
        def run_alone(self: Any, *arguments: Any, **settings: Any) -> Any:
            run = _Run()
            try:
                if _current(self, run) is not run:
                    place = f"{type(self).__name__}.{method.__name__}"
                    raise BusyError(f"{place}: this object is being fitted already. Fit a copy of it in every thread: {repair}.")
                vars(self)[RUNNING] = run  # and the runs before it are forgotten
                return method(self, *arguments, **settings)
            finally:
                run.is_over = True  # not a call, at whose end a Ctrl-C could come before the object is free

        return cast(_Method, run_alone)

    return decorate


def is_running(owner: Any) -> bool:
    """Whether an exclusive method of ``owner`` runs now: what changes it then is a part of that method, such as a callback."""
    run = vars(owner).get(RUNNING)
    while run is not None and run.is_over:
        run = vars(run).get("next")
    return run is not None


def _current(owner: Any, run: _Run) -> _Run:
    """The run that has the object now: ``run`` itself if all before are over.

    Each is followed by one other, whatever threads and Ctrl-C do: ``setdefault`` is a single step.
    """
    current = cast(_Run, vars(owner).setdefault(RUNNING, run))
    while current.is_over:
        current = vars(current).setdefault("next", run)
    return current
