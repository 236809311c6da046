"""Base of all losses: the engine's head, the targets that a loss takes, and the meaning of its logits."""

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
    the values before the link, for numerical stability.

    Examples
    --------
    >>> from lamina.losses import get_loss
    >>> loss = get_loss("quantile", levels=(0.1, 0.9))
    >>> loss.target_width(4), loss.head(logits=7, width=4).settings
    (2, (0.1, 0.9))
    """

    #: Activations that this loss already contains or that make no sense before it; the network must not end in one of them.
    contained_links: ClassVar[tuple[str, ...]] = ()
    min_width: ClassVar[int] = 1
    #: The activation that :meth:`predict` computes, so that the engine can apply it; None if it computes something else.
    link: ClassVar[str | None] = "identity"
    #: Whether logits also tell how far targets lie from predictions; see :meth:`spread`.
    predicts_spread: ClassVar[bool] = False
    #: Whether each row belongs to one class out of several, that of the largest logit; otherwise outputs decide independently.
    one_of_several: ClassVar[bool] = False
    #: The targets of "no" and "yes"; None if the loss does not learn labels.
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
        """Raise a ShapeError if the loss cannot have ``width`` outputs."""
        if width < self.min_width:
            rule = f"must have at least {self.min_width} outputs"
            raise ShapeError(phrase("the network", rule, width, repair="Add units to its last layer.", owner=type(self).__name__))

    def target_width(self, width: int) -> int:
        """Number of columns of the target when the network has ``width`` outputs."""
        return width

    def width_for(self, num_targets: int) -> int:
        """Number of outputs for a target of ``num_targets`` columns, each of which is predicted."""
        return num_targets

    def prediction_width(self, width: int) -> int:
        """Number of columns of the predictions when the network has ``width`` outputs."""
        return width

    def truth_of(self, target: np.ndarray) -> np.ndarray:
        """The target (n, target width) with one column per prediction column, for metrics."""
        return target

    @property
    def level_of_points(self) -> float | None:
        """The quantile that :meth:`points_of` gives, if it is not the median: more targets lie on one side of it."""
        return None

    def points_of(self, predictions: np.ndarray) -> np.ndarray:
        """The predictions (n, prediction width) with one column per target, by which they are scored as numbers."""
        return predictions

    def domain(self, width: int) -> Domain:
        """What the target may hold when the network has ``width`` outputs."""
        return NUMBERS

    def advice(self, num_columns: int, label: str) -> str:
        """Advice for an error about a target called ``label`` with a wrong number of columns; empty if there is none."""
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
        """Predictions from logits, by the inverse link (here the identity).

        Parameters
        ----------
        logits : ndarray of shape (n, outputs)

        Returns
        -------
        ndarray of shape (n, prediction_width(outputs)), of the same dtype
        """
        return logits

    def spread(self, logits: np.ndarray) -> np.ndarray:
        """The standard deviation of targets around predictions, an ndarray like these; only where ``predicts_spread``."""
        raise NotImplementedError(f"{self.kind} predicts no spread")
