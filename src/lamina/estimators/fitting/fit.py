"""The start and the result of a fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lamina.estimators.fitting.curves import Curves
from lamina.estimators.fitting.stopping_rule import StoppingRule
from lamina.estimators.parameters import Parameters
from lamina.estimators.rows import Rows
from lamina.estimators.target.target import Target
from lamina.network import Network
from lamina.training import MonitorRecord, StopReason, Trainer

__all__ = ["Fit", "Start"]


class Start(NamedTuple):
    """The start of a fit.

    Attributes
    ----------
    network : Network
        A built network.
    weights : (parameters, state)
        Flat vectors.
    curves : Curves
        The curves of earlier fits.
    rng : RandomState
        The source of further random numbers.
    split_seed : int
        Determines the rows held out for validation, also in later fits that continue from here.
    is_new : bool
        Whether the weights were drawn for this fit.
    """

    network: Network
    weights: tuple[np.ndarray, np.ndarray]
    curves: Curves
    rng: np.random.RandomState
    split_seed: int
    is_new: bool = False

    def on(self, train: Rows) -> Start:
        """The start on these training rows, to which new weights are fitted where their initializers do so."""
        if not self.is_new or not self.network.adapts_weights:
            return self
        parameters, state = self.weights
        fitted = self.network.adapt_weights(parameters, state, train.X, seed=self.split_seed, sample_weight=train.weight)
        return self._replace(weights=(fitted, state))


@dataclass(eq=False, repr=False)
class Fit:
    """The result of a fit, from which another one can continue.

    Attributes
    ----------
    parameters : Parameters
    target : Target
    trainer : Trainer
        Holds the network, its weights, and the history.
    rule : StoppingRule
        The trainer's callback that records the curves.
    curves : Curves
    rng : RandomState
    split_seed : int
    stop_reason : StopReason
    monitor : MonitorRecord, optional
        The record of the first :class:`~lamina.training.Monitor` among the callbacks.
    raised : BaseException, optional
        Raised once the model is complete, for example a warning that was turned into an error.
    """

    parameters: Parameters
    target: Target
    trainer: Trainer
    rule: StoppingRule
    curves: Curves
    rng: np.random.RandomState
    split_seed: int
    stop_reason: StopReason
    monitor: MonitorRecord | None = None
    raised: BaseException | None = None

    def go_on(self, parameters: Parameters, target: Target) -> None:
        """Use other parameters and another target from now on; the trainer is not created again."""
        self.parameters = self.rule.parameters = parameters
        self.target = self.rule.target = target
