"""Error handling while decoding the content of untrusted files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from lamina.errors import FileError, LaminaError

__all__ = ["decoding"]


@contextmanager
def decoding(path: str | os.PathLike[str], what: str, *, repair: str = "Use an intact copy, or train again.") -> Iterator[None]:
    """Turn every exception in a block that decodes a file's content into a :class:`~lamina.errors.FileError`.

    Any exception in the block is caused by the content, whatever its class; it becomes the ``__cause__``.

    Parameters
    ----------
    path : str or path
        The file.
    what : str
        What the file should hold, for the error text.
    repair : str
        What the user can do.

    Examples
    --------
    >>> with decoding("a.model", "a model"):
    ...     {}["network"]
    Traceback (most recent call last):
    lamina.errors.FileError: 'a.model' does not hold a model (KeyError: 'network'). Use an intact copy, or train again.
    """
    try:
        yield
    except FileError:
        raise
    except LaminaError as error:
        raise FileError(f"{os.fspath(path)!r} does not hold {what} ({str(error).rstrip('.')}). {repair}") from error
    except Exception as error:
        raise FileError(f"{os.fspath(path)!r} does not hold {what} ({type(error).__name__}: {error}). {repair}") from error
