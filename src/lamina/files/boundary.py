"""The border between a file's content, which anybody may have written, and the program."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from lamina.errors import FileError, LaminaError

__all__ = ["decoding"]


@contextmanager
def decoding(
    path: str | os.PathLike[str], what: str, *, repair: str = "Take a copy that is whole, or train again."
) -> Iterator[None]:
    """Let nothing but a :class:`~lamina.errors.FileError` out of a block that makes something of a file's content.

    What goes wrong in the block goes wrong because of the content, whatever class of error it is; that one becomes the cause.

    Parameters
    ----------
    path : str or path
        The file.
    what : str
        What its content should have been.
    repair : str
        What the user may do.

    Examples
    --------
    >>> with decoding("a.model", "a model"):
    ...     {}["network"]
    Traceback (most recent call last):
    lamina.errors.FileError: 'a.model' does not hold a model (KeyError: 'network'). Take a copy that is whole, or train again.
    """
    try:
        yield
    except FileError:
        raise
    except LaminaError as error:
        raise FileError(f"{os.fspath(path)!r} does not hold {what} ({str(error).rstrip('.')}). {repair}") from error
    except Exception as error:
        raise FileError(f"{os.fspath(path)!r} does not hold {what} ({type(error).__name__}: {error}). {repair}") from error
