"""Independent tasks that run on several threads, or on fewer if the system has no more."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, wait
from threading import Thread
from typing import Generic, TypeVar

__all__ = ["Tasks", "map_in_threads"]

Item = TypeVar("Item")
Result = TypeVar("Result")


class Tasks(Generic[Result]):
    """Functions without arguments, each with a future for its result.

    Unlike ``concurrent.futures.ThreadPoolExecutor``, this works if the system refuses to start a thread; if it starts none,
    :meth:`start` runs everything itself.

    Parameters
    ----------
    functions : sequence of callable

    Examples
    --------
    >>> tasks = Tasks([lambda: 2, lambda: 3])
    >>> tasks.start(2)
    >>> [future.result() for future in tasks.futures]
    [2, 3]
    """

    def __init__(self, functions: Sequence[Callable[[], Result]]) -> None:
        self.futures: list[Future[Result]] = [Future() for _ in functions]
        self._waiting = deque(zip(self.futures, functions, strict=True))
        self._num_started = 0

    def start(self, num_threads: int) -> None:
        """Start the threads; if called again after an interruption, start those that are still missing."""
        while self._num_started < min(num_threads, len(self.futures)):
            try:
                Thread(target=self._work_off).start()
            except RuntimeError:  # "can't start new thread"
                break
            self._num_started += 1
        if not self._num_started:
            self._work_off()

    def cancel(self) -> None:
        """Cancel every task that has not started."""
        while task := self._next():
            task[0].cancel()
            task[0].set_running_or_notify_cancel()  # otherwise wait() would wait for it

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for all tasks, at most ``timeout_s``, and return whether all are done or canceled."""
        return not wait(self.futures, timeout_s).not_done

    def _work_off(self) -> None:
        while task := self._next():
            future, function = task
            future.set_running_or_notify_cancel()
            try:
                future.set_result(function())
            except BaseException as error:
                future.set_exception(error)

    def _next(self) -> tuple[Future[Result], Callable[[], Result]] | None:
        try:
            return self._waiting.popleft()
        except IndexError:
            return None


def map_in_threads(function: Callable[[Item], Result], items: Iterable[Item], num_threads: int) -> list[Result]:
    """``[function(item) for item in items]`` on several threads; after an error no new task starts, and the error is raised.

    >>> map_in_threads(abs, [-1, 2, -3], num_threads=2)
    [1, 2, 3]
    """

    def task(item: Item) -> Result:
        try:
            return function(item)
        except BaseException:
            tasks.cancel()
            raise

    tasks: Tasks[Result] = Tasks([lambda item=item: task(item) for item in items])  # type: ignore[misc]
    try:
        tasks.start(num_threads)
        tasks.wait()
    finally:
        tasks.cancel()
        tasks.wait()
    error = next((e for f in tasks.futures if not f.cancelled() and (e := f.exception()) is not None), None)
    if error is not None:
        raise error
    return [future.result() for future in tasks.futures]
