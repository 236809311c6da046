"""Base class of initializers that fit what they drew to training rows."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from lamina.initializers.initializer import Initializer

__all__ = ["RowInitializer"]


class RowInitializer(Initializer):
    """Draws values like any initializer, and fits them to training rows as soon as there are some.

    Trainers and estimators do so in their first ``fit``, layer by layer from the inputs, before the first step; for other uses
    see :meth:`lamina.network.Network.adapt_weights`. Only Dense layers can have such an initializer.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.initializers import UnitVariance
    >>> rng = np.random.default_rng(0)
    >>> X, initializer = rng.uniform(0, 100, size=(500, 3)), UnitVariance()
    >>> weight = initializer(rng, (3, 2), fan_in=3, fan_out=2)
    >>> (X @ initializer.adapt(weight, X @ weight, rng)).std(axis=0).round(6).tolist()
    [1.0, 1.0]
    """

    @abstractmethod
    def adapt(self, values: np.ndarray, sums: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The values fitted to rows.

        Parameters
        ----------
        values : ndarray
            The values as drawn.
        sums : ndarray of shape (n, units)
            The weighted sums of the layer's units for n rows, without biases. Those of a weight are made with ``values``, those
            of a bias with the layer's final weights.
        rng : Generator

        Returns
        -------
        ndarray
            Of the shape of ``values``.
        """
