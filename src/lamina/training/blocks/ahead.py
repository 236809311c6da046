"""Works ahead: a thread makes the next thing while the caller is busy with the last one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any, Generic, TypeVar

__all__ = ["Ahead", "made_ahead"]

T = TypeVar("T")
_LOOK_UP_S = 0.1  # between two looks at whether the caller is to stop


class Ahead(Generic[T]):
    """The items of a generator, each made in a thread while the caller works with the one before.

    The thread begins the next item only when the last one is taken, so that at most two exist. It ends when the generator does,
    when that raises, and in :meth:`close`, which waits for it; the generator is closed in it.

    Parameters
    ----------
    items : generator

    Examples
    --------
    >>> ahead = Ahead(number * number for number in range(3))
    >>> [ahead.take() for _ in range(3)]
    [0, 1, 4]
    >>> ahead.close()
    """

    def __init__(self, items: Iterator[T]) -> None:
        self._changed = threading.Condition()
        self._ready: list[T] = []
        self._error: BaseException | None = None
        self._is_done = self._is_closed = False
        self._thread = threading.Thread(target=self._run, args=(items,), name="lamina-blocks", daemon=True)
        self._thread.start()

    def take(self, is_over: Callable[[], bool] = lambda: False) -> T | None:
        """The next item; None if there is none, or the caller is to stop before it is there.

        Raises
        ------
        BaseException
            What the generator raised, with its traceback.
        """
        with self._changed:
            while not self._ready and not self._is_done:
                self._changed.wait(_LOOK_UP_S)
                if is_over():
                    return None
            if self._ready:
                self._changed.notify_all()
                return self._ready.pop()
            error, self._error = self._error, None
        if error is not None:
            raise error
        return None

    def close(self) -> None:
        """End the thread, after the item that it is making."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join()
        self._ready.clear()

    def _run(self, items: Any) -> None:
        try:
            with closing(items):
                for item in items:
                    with self._changed:
                        self._ready.append(item)
                        self._changed.notify_all()
                        self._changed.wait_for(lambda: not self._ready or self._is_closed)
                        if self._is_closed:
                            return
                    del item
        except BaseException as error:
            self._error = error
        finally:
            with self._changed:
                self._is_done = True
                self._changed.notify_all()


@contextmanager
def made_ahead(items: Iterator[T]) -> Iterator[Iterator[T]]:
    """The items of a generator, none of which is None, made in a thread that ends with the context.

    >>> with made_ahead(number + 1 for number in range(3)) as numbers:
    ...     list(numbers)
    [1, 2, 3]
    """
    ahead = Ahead(items)
    try:
        yield iter(ahead.take, None)
    finally:
        ahead.close()
