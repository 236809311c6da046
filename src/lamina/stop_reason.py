"""Why a training run or a descent ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lamina.errors import InvalidSettingError, phrase_unknown
from lamina.html import display, paragraph

__all__ = ["STOP_CODES", "StopReason"]

STOP_CODES: Mapping[str, str] = MappingProxyType(
    {
        "converged": "The training loss no longer improved.",
        "no_improvement": "The watched number no longer improved.",
        "target_reached": "The target was reached.",
        "gradient_zero": "The gradient was almost zero.",
        "max_epochs": "All epochs asked for were run.",
        "max_steps": "All steps asked for were taken.",
        "time_limit": "The time limit was reached.",
        "non_finite": "A number became NaN or infinite.",
        "interrupted": "The training was interrupted.",
        "callback": "A callback ended the training.",
    }
)


@dataclass(frozen=True, slots=True)
class StopReason:
    """Why a training run or a descent ended: a code for programs and a sentence for people.

    Parameters
    ----------
    code : str
        A key of :data:`STOP_CODES`.
    text : str, default=""
        A plain sentence; by default that of :data:`STOP_CODES`.

    Examples
    --------
    >>> print(StopReason("time_limit"))
    The time limit was reached.
    """

    code: str
    text: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.code, str) or self.code not in STOP_CODES:
            raise InvalidSettingError(phrase_unknown("code", self.code, STOP_CODES, owner="StopReason"))
        if not self.text:
            object.__setattr__(self, "text", STOP_CODES[self.code])

    def __str__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return display(f"Stopped: {self.code.replace('_', ' ')}", paragraph(self.text))
