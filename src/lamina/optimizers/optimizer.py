"""Base of all optimizers: frozen, validated descriptions that an executor applies to flat vectors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from lamina.engine.plan import UpdateRule
from lamina.settings import Settings
from lamina.validation import number

__all__ = ["FRACTION", "NOT_NEGATIVE", "POSITIVE", "Optimizer", "StepOptimizer"]

FRACTION = number(0, 1, closed="left")
POSITIVE = number(0, closed="neither")
NOT_NEGATIVE = number(0)


class Optimizer(Settings, ABC):
    """Base of all optimizers. Subclasses are frozen dataclasses whose fields are their settings.

    Attributes
    ----------
    kind : str
        The name in :data:`lamina.optimizers.OPTIMIZERS`.
    rules : dict of str to Rule
        What each setting must be; checked when the optimizer is created.
    """

    def identity(self) -> dict[str, Any]:
        """The settings that a checkpoint and the trainer that loads it must share."""
        return self.to_dict()


class StepOptimizer(Optimizer):
    """Base of optimizers that take one step per batch.

    Attributes
    ----------
    learning_rate : float
        The rate that a schedule starts from; > 0.
    weight_decay : float
        Decoupled weight decay (Loshchilov & Hutter, 2019): before each step, ``w -= learning_rate * weight_decay * w`` on every
        weight that may decay (biases, scales and shifts never do).
    """

    learning_rate: float
    weight_decay: float

    @property
    def step_size(self) -> float:
        """The initial value of a schedule."""
        return float(self.learning_rate)

    @abstractmethod
    def rule(self) -> UpdateRule:
        """The update rule in the form that executors take."""
