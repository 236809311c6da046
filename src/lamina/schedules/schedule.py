"""The base classes of learning-rate schedules, which compute the rates of the next steps as an array."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np

from lamina.patience import Patience
from lamina.settings import Settings

__all__ = ["MOST_STEPS", "ReactiveSchedule", "Schedule", "Span"]

# Rates are computed in float64, which cannot distinguish more steps.
MOST_STEPS = 2**53


class Span(NamedTuple):
    """A range of steps and its place in the run.

    Attributes
    ----------
    first_step : int
        The first step, counted from 0 over all fits of the trainer.
    num_steps : int
        The number of steps.
    steps_per_epoch : int
        Steps in an epoch.
    total_steps : int
        Steps up to the end of the current ``fit``, counted over all fits.
    """

    first_step: int
    num_steps: int
    steps_per_epoch: int
    total_steps: int

    @property
    def steps(self) -> np.ndarray:
        """The step numbers, float64 (num_steps,)."""
        return np.arange(self.first_step, self.first_step + self.num_steps, dtype=np.float64)


class Schedule(Settings, ABC):
    """Base class of all schedules. Subclasses are dataclasses whose fields are their settings."""

    @abstractmethod
    def rates_of(self, base: float, span: Span) -> np.ndarray:
        """The learning rates of the steps of ``span``, float64 (num_steps,); ``base`` is the optimizer's learning rate."""

    @property
    def scales(self) -> bool:
        """Whether the rates are multiples of the base, so that a base of 0 stays 0."""
        return True

    @property
    def needs_length(self) -> bool:
        """Whether the rates depend on the number of steps of an epoch or of the whole run."""
        return True

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
            The optimizer's learning rate.
        first_step, num_steps : int
            The range of steps; the first step of a run is 0.
        steps_per_epoch : int, default=1
            Steps in an epoch.
        total_steps : int, optional
            Steps of the whole run; by default the requested steps are its last.

        Returns
        -------
        ndarray of shape (num_steps,)
            Float64.
        """
        total = first_step + num_steps if total_steps is None else min(total_steps, MOST_STEPS)
        return self.rates_of(base, Span(first_step, num_steps, steps_per_epoch, total))


class ReactiveSchedule(Schedule):
    """A schedule that monitors a number at the end of every epoch and lowers the rate when it stops improving.

    Unlike other schedules it has state, so each trainer works on its own copy.

    Attributes
    ----------
    convention : str
        How epochs without improvement are counted: a key of :data:`lamina.patience.CONVENTIONS`.
    monitor : str
        The key of the epoch's record that is watched; smaller is better unless ``mode`` is "max".
    factor : float
        The current factor of the base rate; 1 at first.
    exhausted : bool
        Whether the rate cannot be lowered any further, so that training should stop.
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
        """Reset the state."""
        self.factor, self.exhausted, self._resting = 1.0, False, 0
        self._patience = Patience(self.patience, self.tol, self.convention, mode=self.mode, relative=self.relative)

    def state(self) -> dict[str, Any]:
        """The state for a checkpoint, as JSON-able values."""
        return {"factor": self.factor, "exhausted": self.exhausted, "resting": self._resting, **self._patience.state()}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Restore what :meth:`state` returned."""
        self.factor, self.exhausted, self._resting = float(state["factor"]), bool(state["exhausted"]), int(state["resting"])
        self._patience.load_state(state)

    def finding(self, unit: str = "epoch") -> str:
        """The outcome as the end of a sentence about the monitored number."""
        return self._patience.finding(unit)

    @property
    def needs_length(self) -> bool:
        return False

    @property
    def reactive(self) -> ReactiveSchedule:
        return self

    @abstractmethod
    def lowered(self, base: float) -> float | None:
        """The next factor, or None if the rate cannot be lowered any further."""

    def rates_of(self, base: float, span: Span) -> np.ndarray:
        return np.full(span.num_steps, base * self.factor)

    def on_epoch_end(self, value: float, base: float) -> None:
        """Record the monitored number; when patience runs out, lower the rate and stop counting for ``cooldown`` epochs."""
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
