"""The gain that compensates for an activation's effect on the variance."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.activations import Activation, get_activation
from lamina.errors import InvalidSettingError, phrase

__all__ = ["gain_for"]


def gain_for(activation: str | Activation, **settings: Any) -> float:
    """1 / sqrt(E[f(z)^2]) for z ~ N(0, 1): weights of variance gain^2 / fan_in keep weighted sums at variance 1 layer by layer.

    This generalizes the argument of He et al. 2015 (section 2.2) to any activation: sqrt(2) for ReLU (so that ``lecun_normal``
    with this gain is ``he``), 1 for the identity and for SELU, 1.59 for tanh (5/3 is often used).
    Rectifiers preserve any variance this way, and saturating functions return to 1 by themselves; with GELU, SiLU, Mish and hard
    swish a deviation from 1 grows from layer to layer, and only normalization layers correct it.

    Parameters
    ----------
    activation : str or Activation
        f, which must work element by element; softmax does not.
    **settings
        The activation's settings, as in ``get_activation``.

    Returns
    -------
    float
        Above 0; computed by the trapezoidal rule, to about 5 digits.

    Raises
    ------
    InvalidSettingError
        If the activation is unknown or works on whole rows.

    Examples
    --------
    >>> round(gain_for("relu"), 4), round(gain_for("tanh"), 2)
    (1.4142, 1.59)
    >>> from lamina.initializers import Scaled
    >>> tanh_init = Scaled("lecun_normal", gain=gain_for("tanh"))
    """
    function = get_activation(activation, **settings)
    if function.name == "softmax":
        raise InvalidSettingError(phrase("activation", "must work element by element", function.name, owner="gain_for"))
    z = np.linspace(-12.0, 12.0, 48_001)
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    mean_square = np.trapezoid(np.asarray(function.value(z)) ** 2 * density, z)
    return float(1 / np.sqrt(mean_square))
