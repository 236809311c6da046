"""Independent tasks in the workers of joblib: threads, processes of this machine, or a cluster.

A process of this machine ends soon after the one that asked for its work has died, however that was: joblib's own would go on
with what they have, and idle ones would wait for minutes.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from itertools import islice
from typing import Generic, TypeVar

from lamina.errors import LostWorkerError
from lamina.validation import Rule, integer, one_of

__all__ = ["JOBS", "num_workers", "spread"]

Item = TypeVar("Item")
Result = TypeVar("Result")

#: As joblib counts: -1 for all cores, -2 for all but one.
JOBS: Rule = one_of(integer(1), Rule("an integer <= -1", lambda given: integer(-(2**31), -1).accepts(given)))

_POLL_S = 0.5
_OF_LOKY = "LokyProcess-"  # in the names of joblib's own processes, which are always children of the one that asks


def num_workers(jobs: int | None) -> int:
    """How many workers there are for ``jobs`` as joblib takes them; without them, as the ``joblib.parallel_config`` around says.

    >>> num_workers(3), num_workers(None)
    (3, 1)
    """
    from joblib import effective_n_jobs  # a dependency of scikit-learn

    return int(effective_n_jobs(jobs))


def spread(
    function: Callable[[Item], Result], items: Iterable[Item], jobs: int | None = None, *, as_they_end: bool = False
) -> Iterator[Result]:
    """What a function returns for each item, by joblib's workers.

    Parameters
    ----------
    function : callable
        Of one item. Pickled with each, where workers are processes.
    items : iterable
        Each is taken when there is a worker for it; a backend that gives all results at once takes all of them.
    jobs : int or None
        As joblib takes it.
    as_they_end : bool, default=False
        Whether results come as soon as they are there, and not in the order of the items; a backend that cannot do so takes as
        many items at once as it has workers.

    Raises
    ------
    LostWorkerError
        If a worker was killed. The others are ended.
    Exception
        The first that a worker raised, after which the others are ended.

    Examples
    --------
    >>> list(spread(abs, [-1, 2, -3]))
    [1, 2, 3]
    """
    from joblib import Parallel, delayed  # a dependency of scikit-learn
    from joblib.parallel import get_active_backend

    task, number = delayed(_Followed(function, os.getpid())), num_workers(jobs)
    try:
        if get_active_backend()[0].supports_return_generator:
            how = "generator_unordered" if as_they_end else "generator"
            parallel = Parallel(n_jobs=jobs, return_as=how, pre_dispatch=number, batch_size=1)
            yield from parallel(task(item) for item in items)
            return
        left = iter(items)
        with Parallel(n_jobs=jobs, batch_size=1) as parallel:
            while together := list(islice(left, number if as_they_end else None)):
                yield from parallel(task(item) for item in together)
    except BrokenProcessPool as error:
        ends = sorted(set(re.findall(r"(\w+)\(-?\d+\)", str(error))))
        if not ends:  # what was sent could not be unpickled, for example
            raise
        repair = "Where memory ran out, use fewer workers."
        raise LostWorkerError(f"a process that worked for this one was ended ({', '.join(ends)}). {repair}") from error


class _Followed(Generic[Item, Result]):
    """A function for a worker that ends with the process that asked."""

    def __init__(self, function: Callable[[Item], Result], asking: int) -> None:
        self._function, self._asking = function, asking

    def __call__(self, item: Item) -> Result:
        _end_with(self._asking)
        return self._function(item)


def _end_with(asking: int) -> None:
    """Have this process end soon after the one that asked, if it is a child of that."""
    if os.getppid() == asking:
        _watch(os.getpid(), asking)
    elif os.getpid() != asking and _OF_LOKY in multiprocessing.current_process().name:
        os._exit(1)  # that one has died since


@cache
def _watch(own: int, parent: int) -> None:
    """Start what ends this process, once for each; a fork has another number, and none of the threads."""
    threading.Thread(target=_end_after, args=(parent,), name="lamina-parent-watch", daemon=True).start()


def _end_after(parent: int) -> None:
    if sys.platform == "win32":  # where the number of a parent that died stays
        process = multiprocessing.parent_process()
        if process is None:
            return
        process.join()
    else:
        while os.getppid() == parent:
            time.sleep(_POLL_S)
    os._exit(1)
