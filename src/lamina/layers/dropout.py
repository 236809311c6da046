"""Dropout: sets units to 0 at random in training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, final

from lamina.layers.drafts import OpDraft
from lamina.layers.layer import Layer
from lamina.validation import Rule, number

__all__ = ["Dropout"]


@final
@dataclass(frozen=True)
class Dropout(Layer):
    """Training: y = x * keep / (1 - rate), keep = 0 with probability ``rate`` and 1 otherwise; prediction: y = x.

    The factor 1 / (1 - rate) makes E[y] = x over the masks, so that nothing needs scaling at test time ("inverted" dropout of
    Srivastava et al. 2014, section 10). The layer may be placed anywhere, even directly after an input.

    Parameters
    ----------
    rate : float, default=0.5
        Probability of dropping a unit, in [0, 1). The default is the paper's for hidden units; 0.2 is usual on inputs.
    name : str, optional
        Default "dropout_1", "dropout_2", …

    Raises
    ------
    InvalidSettingError
        When ``rate`` is not in [0, 1).

    Examples
    --------
    >>> from lamina import Input
    >>> from lamina.layers import Dropout
    >>> Dropout(0.2)(Input(8)).width
    8
    """

    rate: float = 0.5

    kind: ClassVar[str] = "dropout"
    rules: ClassVar[Mapping[str, Rule]] = {"rate": number(0, 1, "left")}

    def ops(self, widths: Sequence[int]) -> tuple[OpDraft, ...]:
        return (OpDraft("dropout", widths[0], settings=(float(self.rate),)),)

    def describe(self) -> str:
        return f"Dropout({self.rate:g})"
