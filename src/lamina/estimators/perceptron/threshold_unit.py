"""One threshold unit of a perceptron during training: when it stops, and which weights it keeps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from lamina.engine import PerceptronRows, PerceptronRule, make_perceptron, permutation
from lamina.errors import NonFiniteError
from lamina.estimators.perceptron.kept_weights import Average, KeptWeights, Pocket
from lamina.patience import Patience

__all__ = ["HeldOutRows", "Stopping", "ThresholdUnit"]

_KEEPERS: Mapping[str, type[Pocket] | type[Average]] = MappingProxyType({"pocket": Pocket, "averaged": Average})
# Values read in one call of the engine, short enough to react to Ctrl-C between calls.
_VALUES_A_CALL = 1 << 28


@dataclass(frozen=True, slots=True)
class HeldOutRows:
    """Rows (n, d) whose accuracy decides when to stop; ``target`` (n,) is −1 or +1, ``weight`` (n,) is >= 0."""

    X: Any
    target: np.ndarray
    weight: np.ndarray

    def accuracy(self, w: np.ndarray) -> float:
        right = (self.X @ w[:-1] + w[-1] > 0) == (self.target > 0)
        return float(np.average(right, weights=self.weight))


@dataclass(frozen=True, slots=True)
class Stopping:
    """scikit-learn's rule: stop after ``epochs`` in a row without a gain of ``tol`` (None: never), or ``max_epochs`` in total."""

    tol: float | None
    epochs: int
    max_epochs: int

    def patience(self) -> Patience:
        """A counter of a unit's epochs without improvement, for a score that should rise."""
        if self.tol is None:
            return Patience(math.inf, 0.0, "scikit-learn", mode="max")
        # One epoch less: scikit-learn's linear models stop after this many epochs without a gain, its networks one epoch later.
        return Patience(self.epochs - 1, self.tol, "scikit-learn", mode="max")


class ThresholdUnit:
    """A unit that learns by Rosenblatt's rule until it no longer improves.

    Parameters
    ----------
    data : PerceptronRows
    rule : PerceptronRule
    start : ndarray of shape (d + 1,)
        Initial weights, the bias last.
    variant : {"plain", "pocket", "averaged"}
        Which weights are kept. A plain unit trains as long as scikit-learn's; the others stop after the first epoch
        without a mistake.
    stopping : Stopping
    held_out : HeldOutRows, optional
        If given, their accuracy has to improve instead of the loss.
    engine : str

    Attributes
    ----------
    losses, mistakes : list
        One entry per epoch.
    """

    def __init__(
        self,
        data: PerceptronRows,
        rule: PerceptronRule,
        start: np.ndarray,
        *,
        variant: str,
        stopping: Stopping,
        held_out: HeldOutRows | None = None,
        engine: str = "auto",
    ) -> None:
        self._unit = make_perceptron(data, rule, start, engine=engine)
        self._data, self._max_epochs, self._held_out = data, stopping.max_epochs, held_out
        self._keeper: KeptWeights | None = None if variant == "plain" else _KEEPERS[variant](data, rule, start)
        self._patience = stopping.patience()
        self.losses: list[float] = []
        self.mistakes: list[int] = []

    @property
    def weights(self) -> np.ndarray:
        """The current weights, the bias last, ndarray of shape (d + 1,)."""
        return self._unit.weights

    @property
    def kept(self) -> np.ndarray:
        """The weights that the variant keeps, in the same shape."""
        return self.weights if self._keeper is None else self._keeper.weights

    @property
    def has_stalled(self) -> bool:
        """Whether it no longer improves."""
        return self._patience.is_over

    @property
    def makes_mistakes(self) -> bool:
        """Whether the last epoch had a mistake; True before the first."""
        return not self.mistakes or self.mistakes[-1] > 0

    @property
    def is_done(self) -> bool:
        """Whether to run no further epoch."""
        finished = self._keeper is not None and not self.makes_mistakes
        return finished or self.has_stalled or len(self.losses) >= self._max_epochs

    def learn(self, seed: int | None) -> None:
        """Run one epoch; ``seed`` determines the order of the rows, None keeps it."""
        if self._keeper is None:
            self._learn(seed, 1)
            return
        before, rows = self.weights, self._data.rows
        order = rows if seed is None else rows[permutation(len(rows), seed=seed, epoch=len(self.losses))]
        mistakes = self._learn(None, 1, order)
        self._keeper.follow(before, self.weights, order, mistakes)

    def learn_to_the_end(self, seed: int | None) -> None:
        """Run all epochs, several per call of the engine: as many as the stopping rule needs to take effect."""
        most = max(1, _VALUES_A_CALL // max(1, int(self._data.X.size)))
        while not self.is_done:
            if self._keeper is not None or self._held_out is not None:
                self.learn(seed)
                continue
            left = self._max_epochs - len(self.losses)
            self._learn(seed, int(min(left, self._patience.epochs_left, most)))

    def _learn(self, seed: int | None, epochs: int, order: np.ndarray | None = None) -> np.ndarray:
        """Run and count epochs; return the positions of the last one's mistakes."""
        result = self._unit.learn(order=order, seed=seed, first_epoch=len(self.losses), epochs=epochs)
        self.losses += result.losses
        self.mistakes += result.mistakes
        if not result.is_finite:
            raise NonFiniteError(
                f"Perceptron: weights must stay finite, got infinity or NaN in epoch {len(self.losses)}. "
                "Scale the features, for example with StandardScaler, or lower eta0."
            )
        scores = [-loss for loss in result.losses] if self._held_out is None else [self._held_out.accuracy(self.weights)]
        for score in scores:
            self._patience.note(score)
        return result.places
