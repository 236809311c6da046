"""Where a training begins: the trainer, its network with first weights, and some rows to measure them on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lamina.analysis.passes import Passes, run_passes
from lamina.analysis.subject import Subject, Weights, subject_of
from lamina.engine.plan import Batches
from lamina.training import Trainer
from lamina.training.adaptation import adapted_to
from lamina.training.weighted_network import WeightedNetwork

__all__ = ["Beginning", "beginning_of"]


@dataclass(frozen=True, eq=False, slots=True)
class Beginning:
    """A trainer before its first step.

    Attributes
    ----------
    trainer : Trainer
        Gives the settings; its own weights may be trained ones.
    subject : Subject
        The built network with its first weights and its losses.
    data : Batches
        Some of the training rows, targets and weights in float64.
    passes : Passes
        Both passes over ``data`` by the first weights, without dropout.
    num_rows : int
        The number of all training rows.
    """

    trainer: Trainer
    subject: Subject
    data: Batches
    passes: Passes
    num_rows: int

    @property
    def x(self) -> Any:
        """The inputs of the chosen rows, as functions of :mod:`lamina.analysis` take them."""
        return _single(self.data.inputs)

    @property
    def y(self) -> Any:
        """The targets of the chosen rows, as functions of :mod:`lamina.analysis` take them."""
        return _single(self.data.targets)

    @property
    def weights(self) -> dict[str, Any]:
        """Arguments for functions of :mod:`lamina.analysis`."""
        return {"weights": self.subject.parameters, "state": self.subject.state}

    def model(self, dtype: str = "float64") -> WeightedNetwork:
        """A copy of the network with the first weights, to be configured and trained."""
        subject, trainer = self.subject, self.trainer
        first = (subject.parameters.astype(dtype), subject.state.astype(dtype))
        settings = (np.dtype(dtype), trainer.engine, 1, trainer.seed)
        return WeightedNetwork(subject.network, trainer.losses, trainer.loss_weights, {}, *settings, first)

    def first_rows(self, most: int) -> np.ndarray:
        """The numbers of the first rows of ``data``, at most ``most``."""
        return np.arange(min(most, self.data.num_rows), dtype=np.int64)


def beginning_of(
    trainer: Trainer, training: Batches, *, rows: int = 512, weights: Weights = None, state: np.ndarray | None = None
) -> Beginning:
    """The trainer's beginning, with up to ``rows`` rows drawn at random by the trainer's seed.

    Parameters
    ----------
    trainer : Trainer
        Trained or not; it does not change.
    training : Batches
        The training rows, as the engine gets them.
    rows : int, default=512
    weights, state : optional
        The first weights. Default: the trainer's own before its first step, and later those that its network and seed give.
    """
    X = _single(training.inputs)
    subject = subject_of(trainer, X=X, weights=weights, state=state, needs_loss=True, owner="start_facts")
    if trainer.step and weights is None:
        parameters, first_state = subject.network.initialize(trainer.seed, "float64")
        state = first_state if state is None else state
        subject = subject_of(trainer, weights=parameters, state=state, needs_loss=True, owner="start_facts")
    if weights is None and subject.network.adapts_weights:
        subject = replace(subject, parameters=_fitted(trainer, subject, training))
    chosen = np.random.default_rng(trainer.seed).permutation(training.num_rows)[:rows]
    targets = [np.ascontiguousarray(part[chosen], dtype=np.float64) for part in training.targets]
    weight = None if training.sample_weight is None else np.asarray(training.sample_weight[chosen], dtype=np.float64)
    data = Batches([part[chosen] for part in training.inputs], targets, weight)
    return Beginning(trainer, subject, data, run_passes(subject, data, dropout=False), training.num_rows)


def _fitted(trainer: Trainer, subject: Subject, training: Batches) -> np.ndarray:
    """The first weights as training fits them to its rows."""
    if trainer.network.is_built and not trainer.step:
        return trainer.first_weights(training).astype(np.float64)
    return adapted_to(training, subject.network, subject.parameters, subject.state, trainer.seed)


def _single(parts: Sequence[Any]) -> Any:
    return parts[0] if len(parts) == 1 else list(parts)
