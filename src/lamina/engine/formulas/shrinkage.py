"""L1 without a gradient: the proximal step that follows an update rule.

``|w|`` has a kink at 0, and steps along its slope only jump across. So the rule follows the gradient of everything else, and
then every weight moves toward 0 by ``l1 * step_size``, and stops there: iterative shrinkage and thresholding (Parikh & Boyd
2014, section 4.2). ``step_size`` is how far the rule would have moved this weight if its gradient had been 1 in all steps so
far. So, with any rule, a weight rests at 0 if and only if the gradient of everything else is at most l1 there, as the lasso
wants it. Under a rule with a divisor each weight has its own threshold (Yun, Lozano & Yang 2021, "Adaptive proximal gradient
methods for structured neural networks"); the divisor is any positive number there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from lamina.engine.formulas.array import Array, array_namespace, sign
from lamina.engine.formulas.update import Count, Slots, deviation, nadam_rates

__all__ = ["STEP_SIZES", "shrink", "with_l1"]

Number: TypeAlias = Array | float


def shrink(w: Array, threshold: Number) -> Array:
    """``sign(w) max(|w| - threshold, 0)``, the soft threshold.

    >>> import numpy as np
    >>> shrink(np.array([-2.0, 0.3, 1.0]), np.array([0.5, 0.5, 0.0]))
    array([-1.5,  0. ,  1. ])
    """
    xp = array_namespace(w)
    return xp.where(xp.abs(w) > threshold, w - sign(w) * threshold, xp.zeros_like(w))


def with_l1(kind: str, coefficients: tuple[float, ...], l1: Number) -> tuple[Number, ...]:
    """The coefficients of a rule where L1 acts: its strength is added to ``eps``, as if it were a gradient.

    Otherwise a weight that had no gradient yet, whose divisor is ``eps`` alone, would fall to 0 at once.

    >>> with_l1("adam", (0.9, 0.999, 1e-8), 0.01)
    (0.9, 0.999, 0.01000001)
    """
    place = _PLACES_OF_EPS.get(kind)
    return tuple(each + l1 if i == place else each for i, each in enumerate(coefficients))


def _gradient_descent(slots: Slots, t: Count, learning_rate: Number) -> Number:
    return learning_rate


def _momentum(slots: Slots, t: Count, learning_rate: Number, mu: float) -> Number:
    return learning_rate * _sum_of_powers(mu, t)


def _nesterov(slots: Slots, t: Count, learning_rate: Number, mu: float) -> Number:
    return learning_rate * (1.0 + mu * _sum_of_powers(mu, t))


def _rmsprop(slots: Slots, t: Count, learning_rate: Number, rho: float, eps: Number) -> Number:
    return _adagrad(slots, t, learning_rate, eps)


def _adagrad(slots: Slots, t: Count, learning_rate: Number, eps: Number) -> Number:
    (s,) = slots
    return learning_rate / (array_namespace(s).sqrt(s) + eps)


def _adam(slots: Slots, t: Count, learning_rate: Number, beta1: float, beta2: float, eps: Number) -> Number:
    return learning_rate / deviation(slots, t, beta2, eps)


def _nadam(slots: Slots, t: Count, learning_rate: Number, beta1: float, beta2: float, eps: Number, psi: float) -> Number:
    now, ahead = nadam_rates(t, learning_rate, beta1, psi)
    return (now + ahead * (1.0 - beta1**t)) / deviation(slots, t, beta2, eps)


def _sum_of_powers(mu: float, t: Count) -> Number:
    """``1 + mu + ... + mu^(t-1)``: what momentum makes of gradients of 1."""
    return (1.0 - mu**t) / (1.0 - mu)


#: How far gradients of 1 in all steps so far move the weights in step t, by rule; the slots are those after its update.
STEP_SIZES: dict[str, Callable[..., Number]] = {
    "gradient_descent": _gradient_descent,
    "momentum": _momentum,
    "nesterov": _nesterov,
    "rmsprop": _rmsprop,
    "adagrad": _adagrad,
    "adam": _adam,
    "nadam": _nadam,
}

_PLACES_OF_EPS = {"rmsprop": 1, "adagrad": 0, "adam": 2, "nadam": 2}
