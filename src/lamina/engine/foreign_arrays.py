"""Functions of the user's own that were written for the arrays of another library than those they get."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from lamina.errors import InvalidSettingError

__all__ = ["asks_for_others", "library_errors_as_ours", "library_of"]

# NumPy's reductions, x.mean and others, hand on what they get to functions that are called _mean and so on.
_NAMED_DIM = re.compile(r"_\w+\(\) got an unexpected keyword argument '(dim|keepdim)'")


@contextmanager
def library_errors_as_ours(what: str, *, given: Any, owner: str, repair: str) -> Iterator[None]:
    """Within it, the error of a function that got arrays of a library other than its own says what to do.

    Parameters
    ----------
    what : str
        What the function is called, for the message.
    given : array or tensor
        One of those that the function gets.
    owner : str
    repair : str
        What to do about a function for arrays of the other library.

    Raises
    ------
    InvalidSettingError
        In place of such an error; all others come unchanged.
    """
    try:
        yield
    except (AttributeError, TypeError) as error:
        got, wanted = library_of(given), asks_for_others(error)
        if wanted in (None, got):  # what the function made of its arrays itself
            raise
        rule = f"{what} must take arrays of {got} here, got a function for those of {wanted}"
        raise InvalidSettingError(f"{owner}: {rule} ({error}). {repair}") from error


def library_of(given: Any) -> str:
    """The library of an array or tensor.

    >>> library_of(np.zeros(3))
    'NumPy'
    """
    return "NumPy" if isinstance(given, np.ndarray | np.generic) else "torch"


def asks_for_others(error: AttributeError | TypeError) -> str | None:
    """The library whose arrays a function asked for in place of those it got, "torch" or "NumPy", as far as its error tells.

    >>> asks_for_others(TypeError("exp(): argument 'input' (position 1) must be Tensor, not numpy.ndarray"))
    'torch'
    >>> asks_for_others(TypeError("unsupported operand")) is None
    True
    """
    tensor = getattr(sys.modules.get("torch"), "Tensor", None)  # not loaded, it is not what the function asks for
    text = str(error)
    if isinstance(error, AttributeError):
        return _library_with(error.obj, error.name or "", tensor)
    if ("Tensor" in text and "numpy.ndarray" in text) or _NAMED_DIM.match(text):
        return "torch"
    return "NumPy" if "tensor to numpy" in text or "expected np.ndarray (got Tensor)" in text else None


def _library_with(given: Any, name: str, tensor: type | None) -> str | None:
    """The library whose arrays have an attribute that those of the other lack."""
    if tensor is None:
        return None
    if isinstance(given, np.ndarray | np.generic):
        return "torch" if hasattr(tensor, name) else None
    return "NumPy" if isinstance(given, tensor) and hasattr(np.ndarray, name) else None
