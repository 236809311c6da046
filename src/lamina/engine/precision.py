"""In which numbers training multiplies: those of its dtype, or in mixed precision.

``mixed`` rounds the operands of the matrix products of dense layers to bfloat16 (:mod:`lamina.engine.formulas.bfloat16`) and adds
up in float32. All else stays float32: weights, what the optimizer remembers, losses, norms, penalties, statistics, predictions.
"""

from __future__ import annotations

import numpy as np

from lamina.errors import InvalidSettingError, phrase

__all__ = ["PRECISIONS", "check_mixed"]

PRECISIONS = ("full", "mixed")


def check_mixed(dtype: str | np.dtype, *, is_mixed: bool, owner: str = "", repair: str = 'Use dtype="float32".') -> None:
    """Raise for mixed precision in another dtype than float32.

    Raises
    ------
    InvalidSettingError
    """
    if is_mixed and np.dtype(dtype) != np.float32:
        rule = f"must be 'full' with {np.dtype(dtype).name}: mixed precision rounds float32"
        raise InvalidSettingError(phrase("precision", rule, "mixed", repair=repair, owner=owner))
