"""What the logits of an output say: predictions and, with some losses, how far targets lie from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Self, TypeAlias

import numpy as np

from lamina.losses.members import mean_prediction, of_each_member

if TYPE_CHECKING:
    from lamina.losses import Loss

__all__ = ["Map", "Meaning"]

Map: TypeAlias = Callable[[np.ndarray], np.ndarray]


class Meaning(NamedTuple):
    """What the logits (n, outputs) of an output say.

    Parameters
    ----------
    predict : callable
        From logits to predictions.
    spread : callable, optional
        From logits to the standard deviation of targets around predictions; None if logits do not say it.
    """

    predict: Map
    spread: Map | None = None

    @classmethod
    def of(cls, loss: Loss) -> Self:
        """What logits say to a loss."""
        return cls(loss.predict, loss.spread if loss.predicts_spread else None)

    def over(self, members: int) -> Meaning:
        """What the logits (n, members * outputs) of an ensemble's members say together.

        Predictions are the members' mean; their spread is that of targets around it (law of total variance): the root of the
        unbiased variance of the members' predictions, plus the mean of the variances that they predict themselves.
        """
        if members == 1:
            return self

        def of_all(logits: np.ndarray) -> np.ndarray:
            variance = of_each_member(self.predict, logits, members).var(axis=0, ddof=1, dtype=np.float64)
            if self.spread is not None:
                variance += np.square(of_each_member(self.spread, logits, members), dtype=np.float64).mean(axis=0)
            return np.asarray(np.sqrt(variance))

        return Meaning(lambda logits: mean_prediction(self.predict, logits, members), of_all)

    def then(self, of_predictions: Map, of_spreads: Map) -> Meaning:
        """The same, in another form or unit."""
        predict, spread = self
        further = None if spread is None else lambda logits: of_spreads(spread(logits))
        return Meaning(lambda logits: of_predictions(predict(logits)), further)
