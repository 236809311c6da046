"""A learning rate that decays with a power of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lamina.schedules.schedule import Schedule, Span
from lamina.validation import choice, number

__all__ = ["InverseScaling"]


@dataclass(frozen=True)
class InverseScaling(Schedule):
    """The rate decays with a power of the steps or epochs that have passed.

    With ``t`` the step, or the epoch of that step, from 0::

        rate(t) = base / (1 + scale · t) ^ power

    scikit-learn's ``learning_rate="invscaling"`` counts the rows seen and updates the rate once per epoch: use ``unit="epoch"``
    and ``scale`` = the number of rows.

    Parameters
    ----------
    power : float, default=0.5
        >= 0; scikit-learn's ``power_t``.
    unit : {"step", "epoch"}, default="step"
        What ``t`` counts.
    scale : float, default=1.0
        Factor of ``t``, > 0.

    Examples
    --------
    >>> InverseScaling(power=1.0).rates(1.0, first_step=0, num_steps=4).tolist()
    [1.0, 0.5, 0.3333333333333333, 0.25]
    """

    kind: ClassVar[str] = "inverse_scaling"
    rules: ClassVar = {"power": number(0), "unit": choice(("step", "epoch")), "scale": number(0, closed="neither")}

    power: float = 0.5
    unit: str = "step"
    scale: float = 1.0

    @property
    def needs_length(self) -> bool:
        return self.unit == "epoch"

    def rates_of(self, base: float, span: Span) -> np.ndarray:
        time = span.steps if self.unit == "step" else span.steps // span.steps_per_epoch
        return base / (1.0 + self.scale * time) ** float(self.power)
