"""What a training begins with, and what it makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lamina.estimators.fitting.curves import Curves
from lamina.estimators.fitting.stopping_rule import StoppingRule
from lamina.estimators.parameters import Parameters
from lamina.estimators.target.target import Target
from lamina.network import Network
from lamina.training import StopReason, Trainer

__all__ = ["Fit", "Start"]


class Start(NamedTuple):
    """Where a training begins.

    Attributes
    ----------
    network : Network
        Built.
    weights : (parameters, state)
        Flat vectors.
    curves : Curves
        What earlier trainings noted.
    rng : RandomState
        What further random numbers are drawn from.
    split_seed : int
        Decides which rows are set aside for validation, also in later fits that go on from here.
    """

    network: Network
    weights: tuple[np.ndarray, np.ndarray]
    curves: Curves
    rng: np.random.RandomState
    split_seed: int


@dataclass(eq=False, repr=False)
class Fit:
    """A training's result, from which another can go on.

    Attributes
    ----------
    parameters : Parameters
        What it was asked for.
    target : Target
        What it learnt to predict.
    trainer : Trainer
        Has the network, its weights, and the history.
    rule : StoppingRule
        Follows the trainer, and notes its curves.
    curves : Curves
    rng : RandomState
    split_seed : int
    stop_reason : StopReason
    raised : BaseException, optional
        What is to be raised once the model is whole, such as a warning that is an error.
    """

    parameters: Parameters
    target: Target
    trainer: Trainer
    rule: StoppingRule
    curves: Curves
    rng: np.random.RandomState
    split_seed: int
    stop_reason: StopReason
    raised: BaseException | None = None

    def go_on(self, parameters: Parameters, target: Target) -> None:
        """Be asked for something else from now on; the trainer stays as it was made."""
        self.parameters = self.rule.parameters = parameters
        self.target = self.rule.target = target
