"""What every loss is: the engine's head, what targets it takes, and what its logits mean."""

from __future__ import annotations

from abc import ABC
from typing import ClassVar

import numpy as np

from lamina.engine.program import Head
from lamina.errors import ShapeError, phrase
from lamina.losses.domain import NUMBERS, Domain
from lamina.settings import Settings

__all__ = ["Loss"]


class Loss(Settings, ABC):
    """Base of all losses.

    A loss is a sum over the outputs of a row, averaged over rows (weighted by the sample weights). It is computed from *logits*,
    the values before any link, so that no logit can overflow it.

    Examples
    --------
    >>> from lamina.losses import get_loss
    >>> loss = get_loss("quantile", levels=(0.1, 0.9))
    >>> loss.target_width(4), loss.head(logits=7, width=4).settings
    (2, (0.1, 0.9))
    """

    #: Activations that this loss already contains or that make no sense before it: they must not end the network.
    contained_links: ClassVar[tuple[str, ...]] = ()
    min_width: ClassVar[int] = 1
    #: The activation that :meth:`predict` computes, so that the engine can do it; None for a function of the user's.
    link: ClassVar[str | None] = "identity"
    #: Whether a row has one class out of several, that of the largest logit; otherwise each output decides for itself.
    one_of_several: ClassVar[bool] = False
    #: The targets of "no" and "yes"; None where the loss does not learn labels.
    label_codes: ClassVar[tuple[float, float] | None] = None
    #: The logit above which an output says "yes".
    threshold: ClassVar[float] = 0.0

    @property
    def name(self) -> str:
        """The loss's name in :data:`lamina.losses.LOSSES`."""
        return self.kind

    def head(self, logits: int, width: int) -> Head:
        """The engine's head on the buffer ``logits``, which has ``width`` columns."""
        self.check_width(width)
        return Head(self.kind, logits, self.target_width(width), self.head_settings())

    def head_settings(self) -> tuple[float, ...]:
        """The head's numbers, in the order of its formula's arguments (``lamina.engine.formulas.heads``)."""
        return ()

    def check_width(self, width: int) -> None:
        """Refuse a number of outputs that the loss cannot have."""
        if width < self.min_width:
            rule = f"must have at least {self.min_width} outputs"
            raise ShapeError(phrase("the network", rule, width, repair="Widen its last layer.", owner=type(self).__name__))

    def target_width(self, width: int) -> int:
        """Number of columns of the target when the network has ``width`` outputs."""
        return width

    def width_for(self, num_targets: int) -> int:
        """Number of outputs for a target of ``num_targets`` columns, of which each is predicted."""
        return num_targets

    def truth_of(self, target: np.ndarray) -> np.ndarray:
        """The target (n, target width) with a column for each prediction, to score these with."""
        return target

    def domain(self, width: int) -> Domain:
        """What the target may hold when the network has ``width`` outputs."""
        return NUMBERS

    def advice(self, num_columns: int, label: str) -> str:
        """What is usually meant by a target called ``label`` that has another number of columns; empty if nothing is."""
        return ""

    @property
    def gives_probabilities(self) -> bool:
        """Whether predictions are probabilities of labels."""
        return self.link in ("sigmoid", "softmax")

    def threshold_of_predictions(self, width: int) -> np.ndarray:
        """The prediction above which each of ``width`` outputs says "yes", (width,)."""
        predicted: np.ndarray = self.predict(np.full((1, width), self.threshold))[0]
        return predicted

    def predict(self, logits: np.ndarray) -> np.ndarray:
        """What the logits mean: the inverse link, here the identity; ndarray of the same shape and dtype."""
        return logits
