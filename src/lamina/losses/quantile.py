"""Quantile (pinball) loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar, final

import numpy as np

from lamina.errors import InvalidSettingError, ShapeError, phrase
from lamina.losses.loss import Loss
from lamina.validation import Rule, number, one_of, sequence_of

__all__ = ["Quantile"]

_LEVEL = number(0, 1, "neither")


def _to_tuple(levels: Any) -> tuple[float, ...]:
    return (float(levels),) if isinstance(levels, Real) else tuple(float(level) for level in levels)


@final
@dataclass(frozen=True)
class Quantile(Loss):
    """sum_q max(q (t - z), (q - 1) (t - z)): the minimum is the conditional quantile at level q (Koenker & Bassett 1978).

    With m levels, a network for k targets has k * m outputs: target j at level i is column ``j * m + i``. Target: (n, k), real.

    Parameters
    ----------
    levels : float or sequence of float, default=(0.5,)
        Different levels, each in (0, 1).

    Raises
    ------
    InvalidSettingError
        When a level is not in (0, 1), or is given twice.
    ShapeError
        When the network's number of outputs is not a multiple of the number of levels.

    Examples
    --------
    >>> Quantile(levels=(0.1, 0.5, 0.9)).head(logits=1, width=6).target_width
    2
    """

    levels: float | Sequence[float] = (0.5,)

    kind: ClassVar[str] = "quantile"
    rules: ClassVar[Mapping[str, Rule]] = {"levels": one_of(_LEVEL, sequence_of(_LEVEL))}
    converters: ClassVar[Mapping[str, Callable[[Any], Any]]] = {"levels": _to_tuple}

    def __post_init__(self) -> None:
        super().__post_init__()
        levels = _to_tuple(self.levels)
        if not levels or len(set(levels)) < len(levels):
            raise InvalidSettingError(
                phrase("levels", "must be one or more different numbers in (0, 1)", levels, owner="Quantile")
            )

    def head_settings(self) -> tuple[float, ...]:
        return _to_tuple(self.levels)

    def check_width(self, width: int) -> None:
        num_levels = len(_to_tuple(self.levels))
        if width % num_levels:
            rule = f"must have a multiple of {num_levels} outputs, one for each level and target"
            raise ShapeError(phrase("the network", rule, width, owner="Quantile"))

    def width_for(self, num_targets: int) -> int:
        return num_targets * len(_to_tuple(self.levels))

    def target_width(self, width: int) -> int:
        return width // len(_to_tuple(self.levels))

    @property
    def middle(self) -> int:
        """The place of the level nearest to the median, the first of two that are as near."""
        return int(np.argmin(np.abs(np.array(_to_tuple(self.levels)) - 0.5)))

    @property
    def level_of_points(self) -> float | None:
        level = _to_tuple(self.levels)[self.middle]
        return None if level == 0.5 else level

    def points_of(self, predictions: np.ndarray) -> np.ndarray:
        """The predictions (n, targets * levels) at the level nearest to the median, (n, targets)."""
        return predictions[:, self.middle :: len(_to_tuple(self.levels))]

    def truth_of(self, target: np.ndarray) -> np.ndarray:
        return np.repeat(target, len(_to_tuple(self.levels)), axis=1)
