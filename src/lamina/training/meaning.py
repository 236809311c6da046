"""What the logits of an output say: predictions and, with some losses, how far targets lie from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Self, TypeAlias

import numpy as np

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

    def then(self, of_predictions: Map, of_spreads: Map) -> Meaning:
        """The same, in another form or unit."""
        predict, spread = self
        further = None if spread is None else lambda logits: of_spreads(spread(logits))
        return Meaning(lambda logits: of_predictions(predict(logits)), further)
