"""Update rules: how a gradient changes the weights.

Every rule is ``rule(w, g, slots, t, learning_rate, *coefficients)`` and returns the new ``w`` and slots. ``w`` and ``g`` are flat
vectors, ``slots`` is a tuple of vectors that start at 0, and ``t = 1, 2, ...`` counts the steps. The learning rate is a number,
or a vector like ``w`` where parameters have factors of their own. ``t`` and the learning rate may be scalars on the arrays'
device, whose values Python does not know. The results equal torch's.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from numbers import Integral
from typing import TypeAlias

from lamina.engine.formulas.array import Array, array_namespace

__all__ = ["RULES", "Count", "Rate", "Slots", "decay", "deviation", "momentum_product", "nadam_rates"]

Slots: TypeAlias = tuple[Array, ...]
Rate: TypeAlias = Array | float
Count: TypeAlias = Array | int

_NOTHING = 2.0**-60  # 1 less this is 1 to the last bit


def decay(w: Array, decays: Array, learning_rate: Rate, weight_decay: float) -> Array:
    """Decoupled weight decay, ``w - learning_rate * weight_decay * w`` where ``decays`` (0 or 1) (Loshchilov & Hutter 2019).

    >>> import numpy as np
    >>> decay(np.array([1.0, 1.0]), np.array([1.0, 0.0]), 0.1, 0.5)
    array([0.95, 1.  ])
    """
    return w * (1.0 - learning_rate * weight_decay * decays)


def gradient_descent(w: Array, g: Array, slots: Slots, t: Count, learning_rate: Rate) -> tuple[Array, Slots]:
    """``w -= lr g`` (Cauchy 1847).

    >>> import numpy as np
    >>> gradient_descent(np.array([1.0]), np.array([2.0]), (), 1, 0.1)
    (array([0.8]), ())
    """
    return w - learning_rate * g, ()


def momentum(w: Array, g: Array, slots: Slots, t: Count, learning_rate: Rate, mu: float) -> tuple[Array, Slots]:
    """``v = mu v + g;  w -= lr v`` (Polyak 1964; torch's SGD without dampening).

    >>> import numpy as np
    >>> momentum(np.array([1.0]), np.array([2.0]), (np.array([1.0]),), 1, 0.1, 0.5)
    (array([0.75]), (array([2.5]),))
    """
    (v,) = slots
    v = mu * v + g
    return w - learning_rate * v, (v,)


def nesterov(w: Array, g: Array, slots: Slots, t: Count, learning_rate: Rate, mu: float) -> tuple[Array, Slots]:
    """``v = mu v + g;  w -= lr (g + mu v)`` (Nesterov 1983, in the form of Sutskever et al. 2013, section 2).

    >>> import numpy as np
    >>> nesterov(np.array([1.0]), np.array([2.0]), (np.array([0.0]),), 1, 0.1, 0.5)
    (array([0.7]), (array([2.]),))
    """
    (v,) = slots
    v = mu * v + g
    return w - learning_rate * (g + mu * v), (v,)


def rmsprop(w: Array, g: Array, slots: Slots, t: Count, learning_rate: Rate, rho: float, eps: float) -> tuple[Array, Slots]:
    """``s = rho s + (1 - rho) g^2;  w -= lr g / (sqrt s + eps)`` (Tieleman & Hinton 2012).

    >>> import numpy as np
    >>> rmsprop(np.array([1.0]), np.array([2.0]), (np.array([0.0]),), 1, 0.1, 0.75, 0.0)
    (array([0.8]), (array([1.]),))
    """
    xp = array_namespace(w)
    (s,) = slots
    s = rho * s + (1.0 - rho) * g * g
    return w - learning_rate * g / (xp.sqrt(s) + eps), (s,)


def adagrad(w: Array, g: Array, slots: Slots, t: Count, learning_rate: Rate, eps: float) -> tuple[Array, Slots]:
    """``s += g^2;  w -= lr g / (sqrt s + eps)`` (Duchi, Hazan & Singer 2011).

    >>> import numpy as np
    >>> adagrad(np.array([1.0]), np.array([2.0]), (np.array([0.0]),), 1, 0.1, 0.0)
    (array([0.9]), (array([4.]),))
    """
    xp = array_namespace(w)
    (s,) = slots
    s = s + g * g
    return w - learning_rate * g / (xp.sqrt(s) + eps), (s,)


def adam(
    w: Array, g: Array, slots: Slots, t: Count, learning_rate: Rate, beta1: float, beta2: float, eps: float
) -> tuple[Array, Slots]:
    """``m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;  w -= lr m' / (sqrt v' + eps)`` (Kingma & Ba 2015, algorithm 1).

    ``m' = m / (1 - b1^t)`` and ``v' = v / (1 - b2^t)`` correct for the start at 0.

    >>> import numpy as np
    >>> w, slots = adam(np.array([1.0]), np.array([4.0]), (np.zeros(1), np.zeros(1)), 1, 0.1, 0.9, 0.999, 0.0)
    >>> w  # the first step has the size of the learning rate, whatever the gradient's
    array([0.9])
    """
    m, v = _moments(g, slots, beta1, beta2)
    return w - learning_rate / (1.0 - beta1**t) * m / deviation((m, v), t, beta2, eps), (m, v)


def nadam(
    w: Array, g: Array, slots: Slots, t: Count, learning_rate: Rate, beta1: float, beta2: float, eps: float, psi: float
) -> tuple[Array, Slots]:
    """Adam with Nesterov's look-ahead (Dozat 2016), in the form of torch's ``NAdam``.

    ``mu_t = b1 (1 - 0.96^(t psi) / 2)``;
    ``w -= lr ((1 - mu_t) g / (1 - P_t) + mu_(t+1) m / (1 - P_(t+1))) / (sqrt v' + eps)`` with ``P_t = mu_1 ... mu_t``.
    """
    m, v = _moments(g, slots, beta1, beta2)
    now, ahead = nadam_rates(t, learning_rate, beta1, psi)
    return w - (now * g + ahead * m) / deviation((m, v), t, beta2, eps), (m, v)


def nadam_rates(t: Count, learning_rate: Rate, beta1: float, psi: float) -> tuple[Rate, Rate]:
    """The weights of the gradient and of its running mean in the step of :func:`nadam`.

    >>> nadam_rates(1, 0.1, 0.0, 0.004)  # without momentum only the gradient counts
    (0.1, 0.0)
    """
    mu, mu_next = _scheduled_momentum(beta1, psi, t), _scheduled_momentum(beta1, psi, t + 1)
    product = momentum_product(beta1, psi, t)
    return learning_rate * (1.0 - mu) / (1.0 - product), learning_rate * mu_next / (1.0 - product * mu_next)


def momentum_product(beta1: float, psi: float, t: Count) -> Rate:
    """``mu_1 mu_2 ... mu_t`` of :func:`nadam`; 0 below 2^-60, where ``1 - product`` is 1 to the last bit.

    >>> momentum_product(0.9, 0.0, 2)  # without decay every mu is half of beta1
    0.2025
    """
    if not isinstance(t, Integral | int):
        xp = array_namespace(t)
        i = xp.arange(1, _num_factors(beta1, psi) + 1, dtype=t.dtype, device=t.device)
        return xp.prod(xp.where(i <= t, _scheduled_momentum(beta1, psi, i), 1.0))
    product = 1.0
    for i in range(1, int(t) + 1):
        product *= _scheduled_momentum(beta1, psi, i)
        if product < _NOTHING:
            return 0.0
    return product


@cache
def _num_factors(beta1: float, psi: float) -> int:
    """How many factors of the product count."""
    product, i = 1.0, 0
    while product >= _NOTHING:
        i += 1
        product *= _scheduled_momentum(beta1, psi, i)
    return i


def _scheduled_momentum(beta1: float, psi: float, t: Count) -> Rate:
    """``mu_t``: rises from half of ``beta1`` toward ``beta1``."""
    return beta1 * (1.0 - 0.5 * 0.96 ** (t * psi))


def deviation(slots: Slots, t: Count, beta2: float, eps: Array | float) -> Array:
    """``sqrt v' + eps``, by which :func:`adam` and :func:`nadam` divide.

    >>> import numpy as np
    >>> deviation((np.zeros(1), np.array([3.0])), 1, 0.25, 0.5)
    array([2.5])
    """
    _, v = slots
    return array_namespace(v).sqrt(v / (1.0 - beta2**t)) + eps


def _moments(g: Array, slots: Slots, beta1: float, beta2: float) -> tuple[Array, Array]:
    """Running means of the gradient and of its square."""
    m, v = slots
    return beta1 * m + (1.0 - beta1) * g, beta2 * v + (1.0 - beta2) * g * g


#: Every rule by the name that an optimizer uses.
RULES: dict[str, Callable[..., tuple[Array, Slots]]] = {
    "gradient_descent": gradient_descent,
    "momentum": momentum,
    "nesterov": nesterov,
    "rmsprop": rmsprop,
    "adagrad": adagrad,
    "adam": adam,
    "nadam": nadam,
}
