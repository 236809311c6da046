"""Batch normalization: normalizes every column to mean 0 and variance 1 over the batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, final

from lamina.initializers import Constant
from lamina.layers.affine import scale_and_shift
from lamina.layers.drafts import OpDraft, ParameterDraft
from lamina.layers.trainable_layer import TrainableLayer, names_freezing
from lamina.validation import Rule, boolean, number

__all__ = ["BatchNorm"]


@final
@names_freezing
@dataclass(frozen=True)
class BatchNorm(TrainableLayer):
    """y = gamma * (x - mean) / sqrt(variance + eps) + beta, column by column (Ioffe & Szegedy 2015, algorithm 1).

    In training, ``mean`` and the biased ``variance`` are those of the batch, and update the running statistics:
    running = momentum * running + (1 - momentum) * batch. Predictions use the running statistics. The layer may be placed before
    or after the activation.

    Parameters
    ----------
    momentum : float, default=0.9
        Weight of the *old* running value, in [0, 1): the lecture's and Keras' convention; torch's ``momentum`` is 1 minus it.
    eps : float, default=1e-5
        Added to the variance, above 0; the default is torch's.
    affine : bool, default=True
        Whether to learn gamma and beta. They are neither penalized nor decayed.
    trainable : bool, default=True
        Whether training changes gamma, beta and the running statistics. If not, these normalize in training, too, as in
        prediction.
    learning_rate_factor : float or dict of str to float, default=1.0
        Multiplies the learning rate; see :class:`TrainableLayer`.
    name : str, optional
        Default "batch_norm_1", "batch_norm_2", …

    Raises
    ------
    InvalidSettingError
        When a setting is out of range.

    Examples
    --------
    >>> from lamina import Input
    >>> from lamina.layers import BatchNorm
    >>> BatchNorm(momentum=0.99)(Input(8)).width
    8
    """

    momentum: float = 0.9
    eps: float = 1e-5
    affine: bool = True

    kind: ClassVar[str] = "batch_norm"
    parameter_names: ClassVar[tuple[str, ...]] = ("gamma", "beta")
    rules: ClassVar[Mapping[str, Rule]] = {
        "momentum": number(0, 1, "left"),
        "eps": number(0, closed="neither"),
        "affine": boolean(),
    }

    @property
    def _own_parameters(self) -> tuple[str, ...]:
        return self.parameter_names if self.affine else ()

    def ops(self, widths: Sequence[int]) -> tuple[OpDraft, ...]:
        (width,) = widths
        running = (
            ParameterDraft("running_mean", (width,), Constant(0.0), width, width),
            ParameterDraft("running_variance", (width,), Constant(1.0), width, width),
        )
        parameters = scale_and_shift(width) if self.affine else ()
        return (OpDraft("batch_norm", width, parameters, running, (float(self.momentum), float(self.eps))),)
