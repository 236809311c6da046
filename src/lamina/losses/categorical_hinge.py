"""Hinge loss for one class out of several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

from lamina.losses.domain import Domain, class_indices
from lamina.losses.loss import Loss

__all__ = ["CategoricalHinge"]


@final
@dataclass(frozen=True)
class CategoricalHinge(Loss):
    """max(0, 1 + max_(k != c) z_k - z_c), c being the row's class: it is to lead every other by 1 (Crammer & Singer 2001).

    Target: (n, 1) of class indices. Predictions are the logits: the largest one decides.

    Raises
    ------
    ShapeError
        When the network has one output: a class needs another to lead; use ``Hinge``.

    Examples
    --------
    >>> CategoricalHinge().head(logits=1, width=3).target_width
    1
    """

    kind: ClassVar[str] = "categorical_hinge"
    one_of_several: ClassVar[bool] = True
    label_codes: ClassVar[tuple[float, float] | None] = (0.0, 1.0)
    min_width: ClassVar[int] = 2

    def target_width(self, width: int) -> int:
        return 1

    def domain(self, width: int) -> Domain:
        return class_indices(width)

    def advice(self, num_columns: int, label: str) -> str:
        return f"With one column per class, pass {label}.argmax(axis=1)."
