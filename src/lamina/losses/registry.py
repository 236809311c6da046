"""All losses by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from lamina import losses
from lamina.lazy import LazyRegistry, exported_classes
from lamina.losses.loss import Loss
from lamina.settings import from_name_or_dict

__all__ = ["LABEL_LOSSES", "LOSSES", "NUMBER_LOSSES", "LossLike", "get_loss"]

LossLike: TypeAlias = str | Loss | Mapping[str, Any] | Callable[..., Any]

#: Every built-in loss by name.
LOSSES: Mapping[str, type[Loss]] = LazyRegistry(
    "lamina.losses", exported_classes("lamina.losses", besides="custom loss registry")
)

#: The losses that learn labels, and those that learn numbers; listed by name, because asking the classes would load them all.
LABEL_LOSSES = (
    "hinge",
    "perceptron",
    "squared_error",
    "absolute_error",
    "huber",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
)
NUMBER_LOSSES = ("squared_error", "absolute_error", "huber", "quantile", "poisson")


def get_loss(loss: LossLike, **settings: Any) -> Loss:
    """Return the loss for a name and its settings; also accepts a loss, its dict, or a function of logits and targets.

    Parameters
    ----------
    loss : str, Loss, dict or callable
        A key of :data:`LOSSES`, a loss, the result of its ``to_dict``, or a function for :class:`CustomLoss`.
    **settings
        The loss's settings; not allowed together with a loss object.

    Raises
    ------
    InvalidSettingError
        When the name or a setting is unknown, or a setting is out of range.

    Examples
    --------
    >>> get_loss("huber", delta=2.0)
    Huber(delta=2.0)
    """
    if isinstance(loss, Loss) and not settings:
        return loss
    if callable(loss) and not isinstance(loss, type):
        return losses.CustomLoss.from_settings({"function": loss, **settings})
    accepted = "a name, a dict, a Loss or a function of logits and targets"
    return from_name_or_dict(loss, LOSSES, settings, family="loss", accepted=accepted)
