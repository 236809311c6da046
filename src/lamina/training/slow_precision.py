"""Mixed precision where it brings no speed on this machine: it is what was asked for all the same, with a warning."""

from __future__ import annotations

from functools import cache

import numpy as np

from lamina.caller import warn_caller
from lamina.engine import predicts_mixed
from lamina.training.training_warning import TrainingWarning

__all__ = ["asks_for_mixed", "warn_of_slow_precision"]

_ROUNDING = ("reference", "torch")  # engines that go by the formula, whatever there is to run it


def asks_for_mixed(precision: str, dtype: str | np.dtype, engine: str) -> bool:
    """Whether predictions are to be computed in mixed precision; see :func:`lamina.engine.predicts_mixed`."""
    is_mixed = predicts_mixed(precision, dtype)
    if is_mixed:
        warn_of_slow_precision(engine)
    return is_mixed


def warn_of_slow_precision(engine: str) -> None:
    """Warn, once a process, where mixed precision is computed by rounded numbers of float32."""
    if engine in _ROUNDING:
        _warn_once(f"the {engine} engine")
    elif not _multiplies_bfloat16():
        _warn_once("this processor")


@cache
def _multiplies_bfloat16() -> bool:
    from lamina.engine import engine_info  # loads the engine, which no estimator needs before it is fitted

    return bool(engine_info()["mixed_precision"] == "bfloat16")


@cache
def _warn_once(who: str) -> None:
    text = f"precision 'mixed' brings no speed here: {who} multiplies no bfloat16, so rounded numbers of float32 are multiplied."
    warn_caller(f"{text} Leave it out, unless you want these very numbers.", TrainingWarning)
