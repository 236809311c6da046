"""All losses by name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from lamina import losses
from lamina.errors import InvalidSettingError, phrase
from lamina.lazy import LazyRegistry, exported_classes
from lamina.losses.loss import Loss
from lamina.settings import from_name_or_dict

__all__ = ["ALIASES", "LABEL_LOSSES", "LOSSES", "NUMBER_LOSSES", "LossLike", "aliases_of", "canonical_loss", "get_loss"]

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
    "log_cosh",
    "squared_hinge",
    "categorical_hinge",
    "focal",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
)
NUMBER_LOSSES = (
    "squared_error",
    "absolute_error",
    "huber",
    "log_cosh",
    "quantile",
    "poisson",
    "gamma",
    "tweedie",
    "gaussian_nll",
)

#: The names that scikit-learn, Keras and torch have for losses, and the loss that each stands for. Keras'
#: ``categorical_crossentropy`` compares with one column per class, the other names of softmax cross-entropy with class indices.
#: Values are ours: ``mse`` is half of Keras' and torch's squared error, and losses are summed over outputs.
ALIASES: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "mse": {"kind": "squared_error"},
        "mean_squared_error": {"kind": "squared_error"},
        "mae": {"kind": "absolute_error"},
        "mean_absolute_error": {"kind": "absolute_error"},
        "bce": {"kind": "sigmoid_cross_entropy"},
        "binary_crossentropy": {"kind": "sigmoid_cross_entropy"},
        "binary_cross_entropy": {"kind": "sigmoid_cross_entropy"},
        "categorical_crossentropy": {"kind": "softmax_cross_entropy", "probabilities": True},
        "sparse_categorical_crossentropy": {"kind": "softmax_cross_entropy"},
        "cross_entropy": {"kind": "softmax_cross_entropy"},
    }
)


def aliases_of(kinds: Collection[str]) -> tuple[str, ...]:
    """The aliases that stand for one of these losses.

    >>> aliases_of(["hinge", "absolute_error"])
    ('mae', 'mean_absolute_error')
    """
    return tuple(alias for alias, described in ALIASES.items() if described["kind"] in kinds)


def canonical_loss(given: Any) -> Any:
    """The name that an alias stands for; whatever else is given, as it is.

    >>> canonical_loss("bce"), canonical_loss("huber"), canonical_loss(None)
    ('sigmoid_cross_entropy', 'huber', None)
    """
    return ALIASES[given]["kind"] if isinstance(given, str) and given in ALIASES else given


def get_loss(loss: LossLike, **settings: Any) -> Loss:
    """Return the loss for a name and its settings; also accepts a loss, its dict, or a function of logits and targets.

    Parameters
    ----------
    loss : str, Loss, dict or callable
        A key of :data:`LOSSES` or :data:`ALIASES`, a loss, the result of its ``to_dict``, or a function for :class:`CustomLoss`.
    **settings
        The loss's settings; not allowed together with a loss object.

    Raises
    ------
    InvalidSettingError
        When the name or a setting is unknown, or a setting is out of range; for "log_loss", which is one of two losses, depending
        on the number of outputs.

    Examples
    --------
    >>> get_loss("huber", delta=2.0)
    Huber(delta=2.0)
    >>> get_loss("bce")
    SigmoidCrossEntropy(label_smoothing=0.0)
    """
    if isinstance(loss, Loss) and not settings:
        return loss
    if callable(loss) and not isinstance(loss, type):
        return losses.CustomLoss.from_settings({"function": loss, **settings})
    if isinstance(loss, str) and loss == "log_loss":
        rule = "must have a name that does not depend on the number of outputs"
        repair = "Use 'sigmoid_cross_entropy' for yes or no, 'softmax_cross_entropy' for one class out of several."
        raise InvalidSettingError(phrase("a loss", rule, loss, repair=repair))
    accepted = "a name, a dict, a Loss or a function of logits and targets"
    return from_name_or_dict(loss, LOSSES, settings, family="loss", accepted=accepted, aliases=ALIASES)
