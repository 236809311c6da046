"""Weights with which the weighted sums of every unit have the same variance on the training rows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from lamina.initializers.row_initializer import RowInitializer
from lamina.moments import mean_and_deviation
from lamina.validation import Rule, number

__all__ = ["UnitVariance"]

_ROUNDING = float(np.finfo(np.float32).eps)


@final
@dataclass(frozen=True)
class UnitVariance(RowInitializer):
    """Normal weights, scaled so that every unit's weighted sums have standard deviation ``gain`` on the training rows.

    ::

        w ~ N(0, 1 / fan_in),   then   w ← gain · w / sd(x w)   for each unit

    The deviation is that of up to 1,024 training rows. The weights of a unit whose sums do not vary (by more than rounding) stay
    as drawn. For any network at any time, by layer in place of by unit, see :func:`lamina.data_driven_initialization`.

    Parameters
    ----------
    gain : float, default=1.0
        Standard deviation of the sums, above 0.

    References
    ----------
    Holzmüller, Grinsztajn & Steinwart, "Better by default: strong pre-tuned MLPs and boosted trees on tabular data", 2024,
    appendix A, whose weights begin so; after Mishkin & Matas, "All you need is a good init", 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import Dense, Sequential, Trainer
    >>> X = np.random.default_rng(0).uniform(0, 100, size=(500, 3))
    >>> network = Sequential([Dense(8, activation="relu", weight_init="unit_variance"), Dense(1)], input_width=3)
    >>> parameters, state = network.initialize(seed=0)
    >>> weights = network.unflatten(network.adapt_weights(parameters, state, X))["dense_1.weight"]
    >>> bool(np.allclose((X @ weights).std(axis=0), 1.0, atol=1e-5))
    True
    """

    gain: float = 1.0

    kind: ClassVar[str] = "unit_variance"
    draws_only: ClassVar[str | None] = "weight"
    rules: ClassVar[Mapping[str, Rule]] = {"gain": number(0, closed="neither")}

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
        return rng.normal(0.0, 1.0 / math.sqrt(fan_in), size=shape)

    def adapt(self, values: np.ndarray, sums: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        deviation: np.ndarray = mean_and_deviation(sums, axis=0)[1]
        varies = np.isfinite(deviation) & (deviation > _ROUNDING * np.abs(sums).max(axis=0))
        factors = np.divide(self.gain, deviation, out=np.ones_like(deviation), where=varies)
        fitted: np.ndarray = values * factors
        return fitted
