"""Layer normalization: normalizes every row to mean 0 and variance 1 over its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, final

from lamina.layers.affine import scale_and_shift
from lamina.layers.drafts import OpDraft
from lamina.layers.trainable_layer import TrainableLayer, names_freezing
from lamina.validation import Rule, boolean, number

__all__ = ["LayerNorm"]


@final
@names_freezing
@dataclass(frozen=True)
class LayerNorm(TrainableLayer):
    """y = gamma * (x - mean) / sqrt(variance + eps) + beta, row by row (Ba, Kiros & Hinton 2016, eq. 4).

    ``mean`` and the biased ``variance`` are those of the row. Rows do not depend on each other, so training and
    prediction are the same, and a batch of one row works.

    Parameters
    ----------
    eps : float, default=1e-5
        Added to the variance, above 0; the default is torch's.
    affine : bool, default=True
        Whether to learn gamma and beta. They are neither penalized nor decayed.
    trainable : bool, default=True
        Whether training changes its parameters; see :class:`TrainableLayer`.
    learning_rate_factor : float or dict of str to float, default=1.0
        Multiplies the learning rate; see :class:`TrainableLayer`.
    name : str, optional
        Default "layer_norm_1", "layer_norm_2", …

    Raises
    ------
    InvalidSettingError
        When a setting is out of range.

    Examples
    --------
    >>> from lamina import Input
    >>> from lamina.layers import LayerNorm
    >>> LayerNorm()(Input(8)).width
    8
    """

    eps: float = 1e-5
    affine: bool = True

    kind: ClassVar[str] = "layer_norm"
    parameter_names: ClassVar[tuple[str, ...]] = ("gamma", "beta")
    rules: ClassVar[Mapping[str, Rule]] = {"eps": number(0, closed="neither"), "affine": boolean()}

    @property
    def _own_parameters(self) -> tuple[str, ...]:
        return self.parameter_names if self.affine else ()

    def ops(self, widths: Sequence[int]) -> tuple[OpDraft, ...]:
        (width,) = widths
        parameters = scale_and_shift(width) if self.affine else ()
        return (OpDraft("layer_norm", width, parameters, settings=(float(self.eps),)),)
