"""One fit at a time: a second one of the same object would write into the first one's weights and counters."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from lamina.errors import BusyError

__all__ = ["RUNNING", "exclusive"]

RUNNING = "_running_fit"

_Method = TypeVar("_Method", bound=Callable[..., Any])


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
            mine = object()
            # One step that no other thread can come between: whoever finds his own object there goes on.
            if vars(self).setdefault(RUNNING, mine) is not mine:
                place = f"{type(self).__name__}.{method.__name__}"
                raise BusyError(f"{place}: this object is being fitted already. Fit a copy of it in every thread: {repair}.")
            try:
                return method(self, *arguments, **settings)
            finally:
                vars(self).pop(RUNNING, None)

        return cast(_Method, run_alone)

    return decorate
