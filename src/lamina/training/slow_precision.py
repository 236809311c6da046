"""The warning that mixed precision brings no speed on this machine."""

from __future__ import annotations

from functools import cache

from lamina.caller import warn_caller
from lamina.engine import engine_info
from lamina.training.settings import TrainerSettings
from lamina.training.training_warning import TrainingWarning

__all__ = ["warn_of_slow_precision"]

_ROUNDING = ("reference", "torch")  # engines that go by the formula, whatever there is to run it


def warn_of_slow_precision(settings: TrainerSettings) -> None:
    """Warn, once a process, where mixed precision is computed by rounded numbers of float32."""
    if settings.precision != "mixed":
        return
    if settings.engine in _ROUNDING:
        _warn_once(f"the {settings.engine} engine")
    elif not _multiplies_bfloat16():
        _warn_once("this processor")


@cache
def _multiplies_bfloat16() -> bool:
    return bool(engine_info()["mixed_precision"] == "bfloat16")


@cache
def _warn_once(who: str) -> None:
    text = f"precision 'mixed' brings no speed here: {who} multiplies no bfloat16, so rounded numbers of float32 are multiplied."
    warn_caller(f"{text} Leave it out, unless you want these very numbers.", TrainingWarning)
