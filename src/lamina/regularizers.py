"""Penalties on the size of weights, added to the mean loss; biases are never penalized.

Lecture: ``L = (1/N) sum_i L_i + lambda R(W)``, with ``R = sum w^2`` (L2), ``sum |w|`` (L1) or ``sum (beta w^2 + |w|)``
(elastic net). The engine adds ``l1 * sum |w| + 1/2 * l2 * sum w^2`` for each weight matrix; this is scikit-learn's
convention, whose factor 1/2 makes the gradient ``l2 * w``. The lecture's lambda therefore means l2 = 2 lambda for L2, l1 =
lambda for L1, and (l1, l2) = (lambda, 2 lambda beta) for the elastic net; :func:`from_lecture` converts it. Whoever writes
``l2=lambda`` gets half of the lecture's penalty.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, final

from lamina.errors import InvalidSettingError, phrase_unknown
from lamina.settings import Settings, from_name_or_dict
from lamina.validation import Rule, check_parameters, number

__all__ = ["L1", "L2", "REGULARIZERS", "Elastic", "Regularizer", "from_lecture", "get_regularizer"]


class Regularizer(Settings, ABC):
    """A penalty ``l1 * sum |w| + 1/2 * l2 * sum w^2``; subclasses compute the two factors from their settings.

    Examples
    --------
    >>> get_regularizer("elastic", strength=0.5, l1_ratio=0.5).pair
    (0.25, 0.25)
    """

    @property
    @abstractmethod
    def pair(self) -> tuple[float, float]:
        """(l1, l2)."""


@final
@dataclass(frozen=True)
class L1(Regularizer):
    """``strength * sum |w|``: makes weights exactly zero that are not worth their price (the lasso, Tibshirani 1996).

    After each update of the optimizer, every weight moves toward 0 by a threshold, and stops there: a proximal step (Parikh &
    Boyd 2014; Xiao 2010), where steps along the slope of ``|w|`` would only jump across 0. The threshold is ``strength``
    times the step that the optimizer would make of gradients of 1: the learning rate for plain gradient descent,
    ``learning_rate / (1 - momentum)`` with momentum once that is up to speed; under Adam, AdamW, Nadam, RMSprop and Adagrad
    each weight has its own, divided as its steps are (Yun, Lozano & Yang 2021), and ``strength`` is added to their ``eps``.
    So all of them come to rest where the lasso does: one linear layer ends at the coefficients of scikit-learn's ``Lasso``.

    A weight stays at 0 as long as the batch's gradient there, as the optimizer averages it, is no larger than ``strength``. The
    noise of small batches lifts some from 0 again: larger batches, momentum and Adam leave more zeros than plain gradient
    descent and RMSprop. L-BFGS follows the slope of ``|w|`` instead, and perturbed weights have the penalty in what they
    lower: weights become small there, not zero.

    Parameters
    ----------
    strength : float, default=1e-4
        At least 0; the lecture's lambda.

    See Also
    --------
    from_lecture : The same from the lecture's lambda, for all three penalties.

    References
    ----------
    Tibshirani, "Regression shrinkage and selection via the lasso", 1996.
    Xiao, "Dual averaging methods for regularized stochastic learning and online optimization", 2010.
    Parikh & Boyd, "Proximal algorithms", 2014, sections 4.2 and 6.5.2.
    Yun, Lozano & Yang, "Adaptive proximal gradient methods for structured neural networks", 2021.

    Examples
    --------
    >>> L1(0.01).pair
    (0.01, 0.0)
    """

    strength: float = 1e-4

    kind: ClassVar[str] = "l1"
    rules: ClassVar[Mapping[str, Rule]] = {"strength": number(0)}

    @property
    def pair(self) -> tuple[float, float]:
        return float(self.strength), 0.0


@final
@dataclass(frozen=True)
class L2(Regularizer):
    """``1/2 * strength * sum w^2``: shrinks weights in proportion to their size (Hoerl & Kennard 1970).

    Parameters
    ----------
    strength : float, default=1e-4
        At least 0; the default is scikit-learn's for ``alpha``. The lecture's lambda, whose penalty has no factor 1/2, is half
        of it: ``from_lecture("l2", 0.01)`` is ``L2(0.02)``.

    Examples
    --------
    >>> L2(0.01).pair
    (0.0, 0.01)
    """

    strength: float = 1e-4

    kind: ClassVar[str] = "l2"
    rules: ClassVar[Mapping[str, Rule]] = {"strength": number(0)}

    @property
    def pair(self) -> tuple[float, float]:
        return 0.0, float(self.strength)


@final
@dataclass(frozen=True)
class Elastic(Regularizer):
    """``strength * (l1_ratio * sum |w| + 1/2 * (1 - l1_ratio) * sum w^2)``, the elastic net (Zou & Hastie 2005).

    The L1 part makes weights exactly zero, as :class:`L1` does.

    Parameters
    ----------
    strength : float, default=1e-4
        At least 0.
    l1_ratio : float, default=0.5
        Share of L1, in [0, 1], as in scikit-learn's ``ElasticNet``.

    Examples
    --------
    >>> Elastic(0.01, l1_ratio=0.25).pair
    (0.0025, 0.0075)
    """

    strength: float = 1e-4
    l1_ratio: float = 0.5

    kind: ClassVar[str] = "elastic"
    rules: ClassVar[Mapping[str, Rule]] = {"strength": number(0), "l1_ratio": number(0, 1)}

    @property
    def pair(self) -> tuple[float, float]:
        return float(self.strength * self.l1_ratio), float(self.strength * (1 - self.l1_ratio))


#: Every regularizer by name.
REGULARIZERS: Mapping[str, type[Regularizer]] = MappingProxyType({cls.kind: cls for cls in (L1, L2, Elastic)})


def get_regularizer(regularizer: str | Regularizer | Mapping[str, Any], **settings: Any) -> Regularizer:
    """Look up a regularizer by name; a regularizer or its dict is accepted too.

    Parameters
    ----------
    regularizer : str, Regularizer or dict
        A key of :data:`REGULARIZERS`, an object, or the result of an object's ``to_dict``.
    **settings
        Settings that differ from the defaults; not allowed with an object.

    Raises
    ------
    InvalidSettingError
        If the name or a setting is unknown, or a setting is out of range.

    Examples
    --------
    >>> get_regularizer("l2", strength=0.1)
    L2(strength=0.1)
    """
    if isinstance(regularizer, Regularizer) and not settings:
        return regularizer
    accepted = "a name, a dict or a Regularizer"
    return from_name_or_dict(regularizer, REGULARIZERS, settings, family="regularizer", accepted=accepted)


def from_lecture(penalty: str, strength: float, beta: float = 1.0) -> Regularizer:
    """The regularizer for the lecture's ``strength * R(W)``, where R has no factor 1/2.

    Parameters
    ----------
    penalty : {"l1", "l2", "elastic"}
        ``R = sum |w|``, ``sum w^2``, or ``sum (beta w^2 + |w|)``.
    strength : float
        The lecture's lambda, at least 0.
    beta : float, default=1.0
        Weight of the squares in the elastic net, at least 0.

    Examples
    --------
    >>> from_lecture("l2", 0.01)
    L2(strength=0.02)
    >>> from_lecture("elastic", 0.01, beta=0.5).pair
    (0.01, 0.01)
    """
    if penalty == "l1":
        return L1(strength)
    if penalty == "l2":
        return L2(2 * strength)
    if penalty != "elastic":
        raise InvalidSettingError(phrase_unknown("penalty", penalty, REGULARIZERS))
    check_parameters({"beta": beta}, {"beta": number(0)}, owner="from_lecture")
    return Elastic(strength * (1 + 2 * beta), l1_ratio=1 / (1 + 2 * beta))
