"""The subject of an analysis: a network with given weights and its losses, always in float64."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from lamina.engine.program import Program
from lamina.errors import DataError, InvalidSettingError, ShapeError, phrase, phrase_unknown
from lamina.losses import Loss
from lamina.network import Network
from lamina.network.heads import Losses, losses_for
from lamina.training import Trainer
from lamina.training.batches import input_widths

__all__ = ["Subject", "Weights", "subject_of"]

Weights: TypeAlias = np.ndarray | Mapping[str, np.ndarray] | None


@dataclass(frozen=True, eq=False, slots=True)
class Subject:
    """A built network, its flat ``parameters`` and ``state`` (float64 copies), and its losses, if any.

    ``penalty_per_row`` says whether penalties are divided by a batch's rows, as a trainer's setting of that name.
    """

    network: Network
    parameters: np.ndarray
    state: np.ndarray
    losses: tuple[Loss, ...] | None = None
    loss_weights: Any = None
    penalty_per_row: bool = False

    @property
    def program(self) -> Program:
        """The network's program, with heads if there are losses."""
        return self.network.program(self.losses, self.loss_weights if self.losses else None)


def subject_of(
    network: Network | Trainer,
    *,
    X: Any = None,
    loss: Losses | None = None,
    weights: Weights = None,
    state: np.ndarray | None = None,
    seed: int = 0,
    needs_loss: bool = False,
    owner: str,
) -> Subject:
    """The subject given by the arguments of an analysis.

    Parameters
    ----------
    network : Network or Trainer
        A trainer supplies its losses, and its current weights and state.
    X : array, list or dict of arrays, optional
        Gives the input widths if the network is not built.
    loss : loss, optional
        Replaces the trainer's.
    weights : ndarray of shape (num_parameters,), or dict of arrays by name, optional
        Default: the trainer's, or those of ``network.initialize(seed)``.
    state : ndarray of shape (num_state,), optional
        Default: as for ``weights``.
    needs_loss : bool, default=False
        Whether a loss is required.
    owner : str
        Name of the caller, for error messages.

    Raises
    ------
    DataError
        If a loss is required and there is none.
    InvalidSettingError, ShapeError
        If ``network`` is of another type, or the weights do not fit it.
    """
    trainer = network if isinstance(network, Trainer) else None
    if not isinstance(network, Network | Trainer):
        raise InvalidSettingError(phrase("network", "must be a Network or a Trainer", network, owner=owner))
    described: Network = trainer.network if trainer is not None else network  # type: ignore[assignment]
    if not described.is_built and X is not None:
        described = described.build(input_widths(X, described.input_names))
    first = _first_values(trainer, described, seed)
    losses = _losses(trainer, described, loss)
    if needs_loss and losses is None:
        raise DataError(f"{owner}: a loss must be given, got none. Pass loss=, or a Trainer in place of the network.")
    return Subject(
        described,
        _flat(weights, first[0], described, owner),
        _vector(state, first[1], "state", owner),
        losses,
        None if trainer is None or loss is not None else trainer.loss_weights,
        trainer is not None and trainer.penalty_per_row,
    )


def _first_values(trainer: Trainer | None, network: Network, seed: int) -> tuple[np.ndarray, np.ndarray]:
    if trainer is None or not trainer.network.is_built:
        return network.initialize(seed if trainer is None else trainer.seed, "float64")
    return trainer.executor.snapshot()[:2]


def _losses(trainer: Trainer | None, network: Network, loss: Losses | None) -> tuple[Loss, ...] | None:
    if loss is not None:
        return losses_for(loss, network.output_names, network.output_widths)
    return None if trainer is None else trainer.losses


def _flat(weights: Weights, first: np.ndarray, network: Network, owner: str) -> np.ndarray:
    """``weights`` as a flat vector; weights missing from a dict are taken from ``first``."""
    if not isinstance(weights, Mapping):
        return _vector(weights, first, "weights", owner)
    flat = first.astype(np.float64)
    views = network.unflatten(flat)
    for name, array in weights.items():
        if name not in views:
            raise InvalidSettingError(phrase_unknown("the name of a weight", name, views, owner=owner))
        if np.shape(array) != views[name].shape:
            raise ShapeError(phrase(name, f"must have shape {views[name].shape}", np.shape(array), owner=owner))
        views[name][...] = array
    return flat


def _vector(given: Any, first: np.ndarray, what: str, owner: str) -> np.ndarray:
    vector = np.array(first if given is None else given, dtype=np.float64)
    if vector.shape != first.shape:
        repair = "Use trainer.executor.snapshot().parameters, or network.initialize(seed)." if what == "weights" else ""
        raise ShapeError(phrase(what, f"must have shape {first.shape}", vector.shape, repair=repair, owner=owner))
    return vector
