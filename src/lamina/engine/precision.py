"""In which numbers products are computed: those of the dtype, or in mixed precision.

``mixed`` rounds the operands of the matrix products of dense layers to bfloat16 (:mod:`lamina.engine.formulas.bfloat16`) and adds
up in float32. All else stays float32: weights, what the optimizer remembers, losses, norms, penalties, statistics. Training
multiplies so where its plan says so, and a prediction where its caller asks for it, whichever way the network was trained. What
measures stays in full precision: losses, scores, probes, spreads, intervals.
"""

from __future__ import annotations

import numpy as np

from lamina.errors import InvalidSettingError, phrase, phrase_unknown

__all__ = ["PRECISIONS", "check_mixed", "predicts_mixed"]

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


def predicts_mixed(precision: str, dtype: str | np.dtype, *, mc_samples: int | None = None) -> bool:
    """Whether the ``precision`` that a caller names for predictions is mixed.

    ``mc_samples``: over so many dropout masks, whose passes are always in full precision.

    Raises
    ------
    InvalidSettingError
        If it is none of :data:`PRECISIONS`; if it is mixed, and the dtype is not float32, or there are masks.

    Examples
    --------
    >>> predicts_mixed("mixed", "float32"), predicts_mixed("full", "float64")
    (True, False)
    >>> predicts_mixed("mixed", "float32", mc_samples=20)
    Traceback (most recent call last):
    ...
    lamina.errors.InvalidSettingError: precision must be 'full' with mc_samples, got 'mixed'. Leave out one of the two.
    """
    if not isinstance(precision, str) or precision not in PRECISIONS:
        listed = ", ".join(map(repr, PRECISIONS))
        raise InvalidSettingError(phrase_unknown("precision", precision, PRECISIONS, listed=listed))
    if precision == "full":
        return False
    check_mixed(dtype, is_mixed=True, repair="Leave it out, or train in float32.")
    if mc_samples is not None:
        raise InvalidSettingError(
            phrase("precision", "must be 'full' with mc_samples", "mixed", repair="Leave out one of the two.")
        )
    return True
