"""How much a server takes at once."""

from __future__ import annotations

from dataclasses import dataclass

from lamina.engine.threads import num_processors
from lamina.validation import Rule, check_parameters, integer, number, one_of, value

__all__ = ["Bounds"]

_MOST_THREADS = 4  # Python's part of a prediction is computed by one thread at a time
_RULES: dict[str, Rule] = {
    "max_body": integer(1),
    "max_rows": integer(1),
    "max_requests": integer(1),
    "threads": one_of(integer(1, 64), value(None)),
    "body_timeout_s": number(0, closed="right"),
}


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How much a server takes at once; what is beyond is refused, and the server goes on.

    Parameters
    ----------
    max_body : int, default=10_000_000
        Bytes of a request's body, >= 1. A larger one is answered by 413.
    max_rows : int, default=10_000
        Rows of a request, >= 1. More are answered by 413.
    max_requests : int, default=100
        Predictions that are asked for at the same time, >= 1. One more is answered by 503. Memory for bodies is bounded by
        this times ``max_body``.
    threads : int, optional
        Threads that predict, in [1, 64]; by default as many as there are processors, and 4 at most.
    body_timeout_s : float, default=30.0
        Seconds in which a body must have come, > 0. A slower one is answered by 408.

    Raises
    ------
    InvalidSettingError
        If one of them is out of range.

    Examples
    --------
    >>> Bounds(max_rows=100).max_rows
    100
    """

    max_body: int = 10_000_000
    max_rows: int = 10_000
    max_requests: int = 100
    threads: int | None = None
    body_timeout_s: float = 30.0

    def __post_init__(self) -> None:
        check_parameters(vars(self), _RULES, owner="Bounds")

    @property
    def num_threads(self) -> int:
        """The number of threads that predict."""
        return self.threads or min(_MOST_THREADS, num_processors())
