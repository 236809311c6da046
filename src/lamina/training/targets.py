"""What a target may hold, loss by loss.

The engine trusts its caller: a class index out of range would be read past the end of a row, and so is refused here.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lamina.engine.program import Head
from lamina.errors import DataError, phrase

__all__ = ["check_values"]


def check_values(target: np.ndarray, head: Head, width: int, label: str) -> None:
    """Refuse targets that the loss of ``head`` cannot take.

    Parameters
    ----------
    target : ndarray of shape (n, target width)
        Finite.
    head : Head
    width : int
        Number of logits.
    label : str
        What the error calls the target.

    Raises
    ------
    DataError
    """
    if head.kind == "softmax_cross_entropy" and head.target_width == 1:
        rule, wrong = f"must hold class indices 0 to {width - 1}", (target < 0) | (target >= width) | (target != np.floor(target))
    elif head.kind in _RULES:
        rule, test = _RULES[head.kind]
        wrong = ~test(target)
    else:
        return
    if wrong.any():
        raise DataError(phrase(label, f"{rule} for the loss {head.kind}", float(target[wrong][0])))


def _is_fraction(target: np.ndarray) -> np.ndarray:
    return np.asarray((target >= 0) & (target <= 1))


def _is_sign(target: np.ndarray) -> np.ndarray:
    return np.asarray((target == 1) | (target == -1))


_RULES: dict[str, tuple[str, Callable[[np.ndarray], np.ndarray]]] = {
    "softmax_cross_entropy": ("must hold probabilities", _is_fraction),
    "sigmoid_cross_entropy": ("must lie in [0, 1]", _is_fraction),
    "hinge": ("must be -1 or +1", _is_sign),
    "perceptron": ("must be -1 or +1", _is_sign),
    "poisson": ("must not be negative", lambda target: target >= 0),
}
