"""Where training starts: the first values of every parameter, biases included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.lazy import lazy_exports

if TYPE_CHECKING:
    from lamina.initializers.auto import Auto
    from lamina.initializers.constant import Constant
    from lamina.initializers.gain import gain_for
    from lamina.initializers.initializer import Initializer
    from lamina.initializers.normal import Normal
    from lamina.initializers.orthogonal import Orthogonal
    from lamina.initializers.registry import INITIALIZERS, get_initializer
    from lamina.initializers.scaled import SCHEMES, Scaled
    from lamina.initializers.sklearn_uniform import SklearnUniform
    from lamina.initializers.uniform import Uniform

__all__ = [
    "INITIALIZERS",
    "SCHEMES",
    "Auto",
    "Constant",
    "Initializer",
    "Normal",
    "Orthogonal",
    "Scaled",
    "SklearnUniform",
    "Uniform",
    "gain_for",
    "get_initializer",
]

_HOMES = {
    "lamina.initializers.auto": "Auto",
    "lamina.initializers.constant": "Constant",
    "lamina.initializers.gain": "gain_for",
    "lamina.initializers.initializer": "Initializer",
    "lamina.initializers.normal": "Normal",
    "lamina.initializers.orthogonal": "Orthogonal",
    "lamina.initializers.registry": "INITIALIZERS get_initializer",
    "lamina.initializers.scaled": "SCHEMES Scaled",
    "lamina.initializers.sklearn_uniform": "SklearnUniform",
    "lamina.initializers.uniform": "Uniform",
}
__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
