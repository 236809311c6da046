"""What a learning-rate schedule is: a function that gives the rates of the next steps, as an array."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.settings import Settings

__all__ = ["MOST_STEPS", "ReactiveSchedule", "Schedule", "Span"]

# Rates are computed in float64, which tells no more steps apart.
MOST_STEPS = 2**53


@dataclass(frozen=True, slots=True)
class Span:
    """The steps whose rates are wanted, and where they lie in the run.

    Attributes
    ----------
    first_step : int
        The first of them, counted from 0 over the trainer's life.
    num_steps : int
        How many.
    steps_per_epoch : int
        Steps in an epoch.
    total_steps : int
        Steps up to the end of the present ``fit``, again from the beginning of the trainer's life.
    """

    first_step: int
    num_steps: int
    steps_per_epoch: int
    total_steps: int

    @property
    def steps(self) -> np.ndarray:
        """The steps' numbers, float64 (num_steps,)."""
        return np.arange(self.first_step, self.first_step + self.num_steps, dtype=np.float64)


class Schedule(Settings, ABC):
    """Base of all schedules. Subclasses are dataclasses whose fields are their settings."""

    @abstractmethod
    def rates_of(self, base: float, span: Span) -> np.ndarray:
        """The learning rates of the steps of ``span``, float64 (num_steps,); ``base`` is the optimizer's own rate."""

    @property
    def reactive(self) -> ReactiveSchedule | None:
        """The part of this schedule that watches the training, if any."""
        return None

    def rates(
        self, base: float, first_step: int, num_steps: int, steps_per_epoch: int = 1, total_steps: int | None = None
    ) -> np.ndarray:
        """The learning rates of ``num_steps`` steps from ``first_step`` on.

        Parameters
        ----------
        base : float
            The optimizer's own learning rate.
        first_step, num_steps : int
            Which steps; the first step of a run is 0.
        steps_per_epoch : int, default=1
            Steps in an epoch.
        total_steps : int, optional
            Steps of the whole run; by default the steps asked for are its last.

        Returns
        -------
        ndarray of shape (num_steps,)
            Float64.
        """
        total = first_step + num_steps if total_steps is None else min(total_steps, MOST_STEPS)
        return self.rates_of(base, Span(first_step, num_steps, steps_per_epoch, total))


class ReactiveSchedule(Schedule):
    """A schedule that watches a number at the end of every epoch, and lowers the rate when it gets no better.

    Unlike other schedules it remembers, so each trainer works on a copy of its own.

    Attributes
    ----------
    monitor : str
        The key of the epoch's record that is watched; smaller is better unless ``mode`` is "max".
    factor : float
        What the base rate is multiplied with at the moment; 1 at first.
    exhausted : bool
        Whether the rate cannot be lowered any more, so that training had better stop.
    """

    monitor: str
    mode: str
    patience: int
    tol: float
    _state: dict[str, Any]

    def __post_init__(self) -> None:
        super().__post_init__()
        self.reset()

    def reset(self) -> None:
        """Forget everything watched."""
        self.load_state({"factor": 1.0, "best": math.inf, "count": 0, "exhausted": False})

    @property
    def factor(self) -> float:
        return float(self._state["factor"])

    @property
    def exhausted(self) -> bool:
        return bool(self._state["exhausted"])

    def state(self) -> dict[str, Any]:
        """What a checkpoint stores, JSON-able: all that is remembered from epoch to epoch."""
        return dict(self._state)

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take back what :meth:`state` gave."""
        self._state = dict(state)

    @property
    def reactive(self) -> ReactiveSchedule:
        return self

    @abstractmethod
    def lowered(self, base: float) -> float | None:
        """The next factor, or None when the rate is as low as it may get."""

    def rates_of(self, base: float, span: Span) -> np.ndarray:
        return np.full(span.num_steps, base * self.factor)

    def on_epoch_end(self, value: float, base: float) -> None:
        """Note the watched number; lower the rate once more than ``patience`` epochs brought no improvement by ``tol``."""
        signed = -value if self.mode == "max" else value
        state = self._state
        state["count"] = 0 if signed <= state["best"] - self.tol else state["count"] + 1
        state["best"] = state["best"] if math.isnan(signed) else min(state["best"], signed)
        if state["count"] > self.patience:
            lowered = self.lowered(base)
            state["exhausted"] = lowered is None
            state["factor"] = state["factor"] if lowered is None else lowered
            state["count"] = 0
