"""What a learning-rate schedule is: a function that gives the rates of the next steps, as an array."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np

from lamina.patience import Patience
from lamina.settings import Settings

__all__ = ["MOST_STEPS", "ReactiveSchedule", "Schedule", "Span"]

# Rates are computed in float64, which tells no more steps apart.
MOST_STEPS = 2**53


class Span(NamedTuple):
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
    convention : str
        Whose way of counting it follows: a key of :data:`lamina.patience.CONVENTIONS`.
    monitor : str
        The key of the epoch's record that is watched; smaller is better unless ``mode`` is "max".
    factor : float
        What the base rate is multiplied with at the moment; 1 at first.
    exhausted : bool
        Whether the rate cannot be lowered any more, so that training had better stop.
    """

    convention: ClassVar[str]
    monitor: str
    mode: str
    patience: int
    tol: float
    relative: bool = False
    cooldown: int = 0
    factor: float
    exhausted: bool
    _patience: Patience
    _resting: int

    def __post_init__(self) -> None:
        super().__post_init__()
        self.reset()

    def reset(self) -> None:
        """Forget everything watched."""
        self.factor, self.exhausted, self._resting = 1.0, False, 0
        self._patience = Patience(self.patience, self.tol, self.convention, mode=self.mode, relative=self.relative)

    def state(self) -> dict[str, Any]:
        """What a checkpoint stores, JSON-able: all that is remembered from epoch to epoch."""
        return {"factor": self.factor, "exhausted": self.exhausted, "resting": self._resting, **self._patience.state()}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Take back what :meth:`state` gave."""
        self.factor, self.exhausted, self._resting = float(state["factor"]), bool(state["exhausted"]), int(state["resting"])
        self._patience.load_state(state)

    def finding(self, unit: str = "epoch") -> str:
        """What was counted, as the end of a sentence about the watched number."""
        return self._patience.finding(unit)

    @property
    def reactive(self) -> ReactiveSchedule:
        return self

    @abstractmethod
    def lowered(self, base: float) -> float | None:
        """The next factor, or None when the rate is as low as it may get."""

    def rates_of(self, base: float, span: Span) -> np.ndarray:
        return np.full(span.num_steps, base * self.factor)

    def on_epoch_end(self, value: float, base: float) -> None:
        """Note the watched number; lower the rate once patience is over, and then rest for ``cooldown`` epochs."""
        self._patience.note(value)
        if self._resting:
            self._resting -= 1
            self._patience.restart()
        if not self._patience.is_over:
            self.exhausted = False
            return
        lowered = self.lowered(base)
        self.exhausted = lowered is None
        if lowered is not None:
            self.factor, self._resting = lowered, self.cooldown
            self._patience.restart()
