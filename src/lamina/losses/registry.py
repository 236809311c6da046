"""All losses by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from lamina.losses.absolute_error import AbsoluteError
from lamina.losses.custom import CustomLoss
from lamina.losses.hinge import Hinge
from lamina.losses.huber import Huber
from lamina.losses.loss import Loss
from lamina.losses.perceptron import PerceptronLoss
from lamina.losses.poisson import Poisson
from lamina.losses.quantile import Quantile
from lamina.losses.sigmoid_cross_entropy import SigmoidCrossEntropy
from lamina.losses.softmax_cross_entropy import SoftmaxCrossEntropy
from lamina.losses.squared_error import SquaredError
from lamina.settings import from_name_or_dict

__all__ = ["LOSSES", "LossLike", "get_loss"]

LossLike: TypeAlias = str | Loss | Mapping[str, Any] | Callable[..., Any]

#: Every built-in loss by name.
LOSSES: Mapping[str, type[Loss]] = MappingProxyType(
    {
        cls.kind: cls
        for cls in (
            SquaredError,
            AbsoluteError,
            Huber,
            Poisson,
            Quantile,
            SoftmaxCrossEntropy,
            SigmoidCrossEntropy,
            Hinge,
            PerceptronLoss,
        )
    }
)


def get_loss(loss: LossLike, **settings: Any) -> Loss:
    """The loss of that name with those settings; a loss, its dict, or a function of logits and targets is accepted too.

    Parameters
    ----------
    loss : str, Loss, dict or callable
        A key of :data:`LOSSES`, an object, what an object's ``to_dict`` gave, or a function for :class:`CustomLoss`.
    **settings
        The loss's settings; none with an object.

    Raises
    ------
    InvalidSettingError
        When the name or a setting is unknown, or a setting out of range.

    Examples
    --------
    >>> get_loss("huber", delta=2.0)
    Huber(delta=2.0)
    """
    if isinstance(loss, Loss) and not settings:
        return loss
    if callable(loss) and not isinstance(loss, type):
        return CustomLoss.from_settings({"function": loss, **settings})
    accepted = "a name, a dict, a Loss or a function of logits and targets"
    return from_name_or_dict(loss, LOSSES, settings, family="loss", accepted=accepted)
