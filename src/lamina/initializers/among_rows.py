"""Biases with which the hyperplanes of the units lie among the training rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from lamina.initializers.row_initializer import RowInitializer
from lamina.validation import Rule, integer

__all__ = ["AmongRows"]


@final
@dataclass(frozen=True)
class AmongRows(RowInitializer):
    """Biases for which each unit's weighted sum is 0 at a random point between training rows.

    With ``points`` = k random rows x_1, …, x_k for each unit, and weights s of their mean drawn uniformly (s_i >= 0, sum 1)::

        b = 0,   then   b ← −(s_1 x_1 + … + s_k x_k) · w   for each unit

    So the kinks of rectifiers, and the steep parts of sigmoids, lie where the data are, and few units begin dead. The rows are
    among up to 1,024 training rows. For biases only.

    Parameters
    ----------
    points : int, default=5
        Rows k for each unit, 1 to 1,000; with 1 the sum is 0 in a row itself, with many near the mean of all.

    References
    ----------
    Steinwart, "A sober look at neural network initializations", 2019 (there "he+5", with He's weights), as used by
    Holzmüller, Grinsztajn & Steinwart, "Better by default: strong pre-tuned MLPs and boosted trees on tabular data", 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import Dense, Sequential
    >>> X = np.random.default_rng(0).uniform(5, 9, size=(500, 3))
    >>> network = Sequential([Dense(200, weight_init="unit_variance", bias_init="among_rows")], input_width=3)
    >>> weight, bias = network.unflatten(network.adapt_weights(*network.initialize(seed=0), X)).values()
    >>> share = np.mean(X @ weight + bias > 0, axis=0)
    >>> bool(share.min() > 0 and share.max() < 1)
    True
    """

    points: int = 5

    kind: ClassVar[str] = "among_rows"
    draws_only: ClassVar[str | None] = "bias"
    rules: ClassVar[Mapping[str, Rule]] = {"points": integer(1, 1000)}

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
        return np.zeros(shape)

    def adapt(self, values: np.ndarray, sums: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        num_rows, units = sums.shape
        rows = rng.integers(num_rows, size=(self.points, units))
        shares = rng.standard_exponential((self.points, units))  # divided by their sum they are uniform on the simplex
        bias = -(sums[rows, np.arange(units)] * (shares / shares.sum(axis=0))).sum(axis=0)
        return np.where(np.isfinite(bias), bias, values)
