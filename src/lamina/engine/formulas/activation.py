"""Activations: elementwise functions and their derivatives; softmax, which couples the elements of a row, is the exception.

:data:`FORMULAS` maps a name to ``f(x, *settings)`` and ``f'(x, *settings)``. :mod:`lamina.activations` describes each function:
its source, range and default settings. At a kink the derivative is the one that torch uses.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from lamina.engine.formulas.array import Array, array_namespace
from lamina.engine.formulas.error_function import erf
from lamina.engine.formulas.links import sigmoid, softmax

__all__ = ["FORMULAS", "Formula", "activation_backward", "activation_forward"]

# Klambauer et al. 2017, equation 2 and appendix A1: the fixed point with mean 0 and variance 1
_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946
# Hendrycks & Gimpel 2016, section 2: the tanh approximation of the normal distribution function
_GELU_TANH_SLOPE = math.sqrt(2.0 / math.pi)
_GELU_TANH_CUBIC = 0.044715
# Where x is multiplied by a factor that vanishes, x is first clipped to where the factor is already 0: infinity * 0 would be NaN
_FAR = 1000.0


class Formula(NamedTuple):
    """``value(x, *settings)`` and ``derivative(x, *settings)``, arrays of the shape of ``x``."""

    value: Callable[..., Array]
    derivative: Callable[..., Array]


def activation_forward(x: Array, function: str, settings: Sequence[float] = ()) -> Array:
    """``out = f(x)``, x (n, width).

    >>> import numpy as np
    >>> activation_forward(np.array([[-2.0, 3.0]]), "leaky_relu", (0.1,))
    array([[-0.2,  3. ]])
    """
    return FORMULAS[function].value(x, *settings)


def activation_backward(d_out: Array, x: Array, function: str, settings: Sequence[float] = ()) -> Array:
    """The gradient of :func:`activation_forward` with respect to ``x``: ``d_out * f'(x)``."""
    if function == "softmax":
        return softmax_backward(d_out, softmax(x))
    # out = f(x)
    return d_out * FORMULAS[function].derivative(x, *settings)


def softmax_backward(d_out: Array, out: Array) -> Array:
    """``d_x_k = out_k * (d_out_k - sum_j d_out_j out_j)``, from ``d out_j / d x_k = out_j * ([j = k] - out_k)``."""
    xp = array_namespace(d_out, out)
    # out = exp(x) / sum(exp(x))
    return out * (d_out - xp.sum(d_out * out, axis=-1, keepdims=True))


def _ones(x: Array) -> Array:
    return array_namespace(x).ones_like(x)


def _zeros(x: Array) -> Array:
    return array_namespace(x).zeros_like(x)


def _where(condition: Array, yes: Array | float, no: Array | float, like: Array) -> Array:
    """Choose element by element; ``yes`` may be a number, which gets the dtype of ``like``, as ``no`` does."""
    xp = array_namespace(like)
    return xp.where(condition, yes if hasattr(yes, "dtype") else xp.full_like(like, yes), no)


def _exp(x: Array) -> Array:
    return array_namespace(x).exp(x)


def _step(x: Array) -> Array:
    xp = array_namespace(x)
    return xp.where(xp.isnan(x), x, xp.astype(x >= 0, x.dtype))


def _d_sigmoid(x: Array) -> Array:
    s = sigmoid(x)
    return s * (1.0 - s)


def _tanh(x: Array) -> Array:
    return array_namespace(x).tanh(x)


def _d_tanh(x: Array) -> Array:
    t = _tanh(x)
    return 1.0 - t * t


def _relu(x: Array) -> Array:
    return array_namespace(x).clip(x, min=0.0)


def _d_relu(x: Array) -> Array:
    return _where(x <= 0, 0.0, 1.0, x)


def _leaky_relu(x: Array, slope: float) -> Array:
    return _where(x > 0, x, slope * x, x)


def _d_leaky_relu(x: Array, slope: float) -> Array:
    return _where(x > 0, 1.0, slope, x)


def _elu(x: Array, alpha: float) -> Array:
    xp = array_namespace(x)
    return xp.where(x > 0, x, alpha * xp.expm1(xp.clip(x, max=0.0)))


def _d_elu(x: Array, alpha: float) -> Array:
    xp = array_namespace(x)
    return _where(x > 0, 1.0, alpha * xp.exp(xp.clip(x, max=0.0)), x)


def _selu(x: Array) -> Array:
    return _SELU_SCALE * _elu(x, _SELU_ALPHA)


def _d_selu(x: Array) -> Array:
    return _SELU_SCALE * _d_elu(x, _SELU_ALPHA)


def _normal_distribution(x: Array) -> Array:
    return 0.5 * (1.0 + erf(x * math.sqrt(0.5)))


def _gelu(x: Array) -> Array:
    xp = array_namespace(x)
    return xp.clip(x, min=-_FAR) * _normal_distribution(x)


def _d_gelu(x: Array) -> Array:
    xp = array_namespace(x)
    density = xp.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)
    return _normal_distribution(x) + xp.clip(x, min=-_FAR, max=_FAR) * density


def _gelu_tanh_inner(x: Array) -> Array:
    return _GELU_TANH_SLOPE * (x + _GELU_TANH_CUBIC * x * x * x)


def _gelu_tanh(x: Array) -> Array:
    xp = array_namespace(x)
    return 0.5 * xp.clip(x, min=-_FAR) * (1.0 + _tanh(_gelu_tanh_inner(x)))


def _d_gelu_tanh(x: Array) -> Array:
    xp = array_namespace(x)
    x = xp.clip(x, min=-_FAR, max=_FAR)
    t = _tanh(_gelu_tanh_inner(x))
    d_inner = _GELU_TANH_SLOPE * (1.0 + 3.0 * _GELU_TANH_CUBIC * x * x)
    return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * d_inner


def _silu(x: Array) -> Array:
    return array_namespace(x).clip(x, min=-_FAR) * sigmoid(x)


def _d_silu(x: Array) -> Array:
    x = array_namespace(x).clip(x, min=-_FAR, max=_FAR)
    s = sigmoid(x)
    return s + x * (s * (1.0 - s))


def _mish(x: Array) -> Array:
    return array_namespace(x).clip(x, min=-_FAR) * _tanh(_softplus(x))


def _d_mish(x: Array) -> Array:
    x = array_namespace(x).clip(x, min=-_FAR, max=_FAR)
    t = _tanh(_softplus(x))
    return t + x * ((1.0 - t * t) * sigmoid(x))


def _softplus(x: Array) -> Array:
    xp = array_namespace(x)
    return xp.clip(x, min=0.0) + xp.log1p(xp.exp(-xp.abs(x)))  # log(1 + exp(x)) without its overflow


def _softsign(x: Array) -> Array:
    xp = array_namespace(x)
    largest = float(xp.finfo(x.dtype).max)
    x = xp.clip(x, min=-largest, max=largest)
    return x / (1.0 + xp.abs(x))


def _d_softsign(x: Array) -> Array:
    inverse = 1.0 / (1.0 + array_namespace(x).abs(x))
    return inverse * inverse


def _hard_sigmoid(x: Array) -> Array:
    return array_namespace(x).clip(x / 6.0 + 0.5, min=0.0, max=1.0)


def _d_hard_sigmoid(x: Array) -> Array:
    return _where((x > -3) & (x < 3), 1.0 / 6.0, 0.0, x)


def _hard_tanh(x: Array) -> Array:
    return array_namespace(x).clip(x, min=-1.0, max=1.0)


def _d_hard_tanh(x: Array) -> Array:
    return _where((x <= -1) | (x >= 1), 0.0, 1.0, x)


def _hard_swish(x: Array) -> Array:
    return array_namespace(x).clip(x, min=-3.0) * _hard_sigmoid(x)


def _d_hard_swish(x: Array) -> Array:
    return _where(x <= -3, 0.0, _where(x >= 3, 1.0, x / 3.0 + 0.5, x), x)


def _relu6(x: Array) -> Array:
    return array_namespace(x).clip(x, min=0.0, max=6.0)


def _d_relu6(x: Array) -> Array:
    return _where((x <= 0) | (x >= 6), 0.0, 1.0, x)


def _d_softmax(x: Array) -> Array:
    s = softmax(x)
    return s * (1.0 - s)


def _identity(x: Array) -> Array:
    return x


FORMULAS: dict[str, Formula] = {
    "identity": Formula(_identity, _ones),
    "step": Formula(_step, _zeros),
    "sigmoid": Formula(sigmoid, _d_sigmoid),
    "tanh": Formula(_tanh, _d_tanh),
    "relu": Formula(_relu, _d_relu),
    "leaky_relu": Formula(_leaky_relu, _d_leaky_relu),
    "elu": Formula(_elu, _d_elu),
    "selu": Formula(_selu, _d_selu),
    "gelu": Formula(_gelu, _d_gelu),
    "gelu_tanh": Formula(_gelu_tanh, _d_gelu_tanh),
    "silu": Formula(_silu, _d_silu),
    "mish": Formula(_mish, _d_mish),
    "softplus": Formula(_softplus, sigmoid),
    "softsign": Formula(_softsign, _d_softsign),
    "hard_sigmoid": Formula(_hard_sigmoid, _d_hard_sigmoid),
    "hard_tanh": Formula(_hard_tanh, _d_hard_tanh),
    "hard_swish": Formula(_hard_swish, _d_hard_swish),
    "relu6": Formula(_relu6, _d_relu6),
    "exp": Formula(_exp, _exp),
    "softmax": Formula(softmax, _d_softmax),  # the derivative is the Jacobian's diagonal; back propagation uses all of it
}
