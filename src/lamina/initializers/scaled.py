"""Initializers whose variance depends on the layer's size.

Their common principle (lecture; Glorot & Bengio 2010): keep mean 0 and the same variance from layer to layer, forward
and backward. They differ only in the shape of the distribution and its variance, so they are rows of a table:

==================  ============  =========================  ==========================================
name                distribution  variance (times gain^2)    goes with, source
==================  ============  =========================  ==========================================
``xavier``          normal        1 / fan_in                 tanh; lecture, after Glorot & Bengio 2010
``glorot_normal``   normal        2 / (fan_in + fan_out)     tanh; Glorot & Bengio 2010, section 4.2.1
``glorot_uniform``  uniform       2 / (fan_in + fan_out)     tanh; Glorot & Bengio 2010, eq. 16
``he``              normal        2 / fan_in                 ReLU; He et al. 2015, eq. 10 (also ``he_normal``)
``he_uniform``      uniform       2 / fan_in                 ReLU; He et al. 2015
``lecun_normal``    normal        1 / fan_in                 SELU, tanh; LeCun et al. 1998, eq. 16
``lecun_uniform``   uniform       1 / fan_in                 SELU, tanh; LeCun et al. 1998
==================  ============  =========================  ==========================================

A uniform distribution of variance v is U(-sqrt(3 v), sqrt(3 v)).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar, final

import numpy as np

from lamina.initializers.initializer import Initializer
from lamina.validation import Rule, choice, number

__all__ = ["SCHEMES", "Scaled"]

# (distribution, variance of fan_in and fan_out); see the table above.
SCHEMES: Mapping[str, tuple[str, Callable[[int, int], float]]] = MappingProxyType(
    {
        "xavier": ("normal", lambda fan_in, fan_out: 1 / fan_in),
        "glorot_normal": ("normal", lambda fan_in, fan_out: 2 / (fan_in + fan_out)),
        "glorot_uniform": ("uniform", lambda fan_in, fan_out: 2 / (fan_in + fan_out)),
        "he": ("normal", lambda fan_in, fan_out: 2 / fan_in),
        "he_normal": ("normal", lambda fan_in, fan_out: 2 / fan_in),
        "he_uniform": ("uniform", lambda fan_in, fan_out: 2 / fan_in),
        "lecun_normal": ("normal", lambda fan_in, fan_out: 1 / fan_in),
        "lecun_uniform": ("uniform", lambda fan_in, fan_out: 1 / fan_in),
    }
)


@final
@dataclass(frozen=True)
class Scaled(Initializer):
    """Initializer with a variance that depends on the layer's size: a row of the table at the top of this module.

    Parameters
    ----------
    scheme : str
        ``"xavier"``, ``"glorot_normal"``, ``"glorot_uniform"``, ``"he"``, ``"he_normal"``, ``"he_uniform"``,
        ``"lecun_normal"`` or ``"lecun_uniform"``.
    gain : float, default=1.0
        Factor on every value, above 0.

    Examples
    --------
    >>> import numpy as np
    >>> weights = Scaled("he")(np.random.default_rng(0), (200, 500), fan_in=200, fan_out=500)
    >>> round(float(weights.var()) * 200, 1)
    2.0
    """

    scheme: str
    gain: float = 1.0

    rules: ClassVar[Mapping[str, Rule]] = {
        "scheme": choice(SCHEMES),
        "gain": number(0, closed="neither"),
    }

    @property
    def kind(self) -> str:  # type: ignore[override]
        return self.scheme

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.scheme, "gain": float(self.gain)}

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
        distribution, variance = SCHEMES[self.scheme]
        std = self.gain * math.sqrt(variance(fan_in, fan_out))
        if distribution == "normal":
            return rng.normal(0.0, std, size=shape)
        bound = math.sqrt(3.0) * std
        return rng.uniform(-bound, bound, size=shape)
