"""Where training starts: the first values of every parameter, biases included."""

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
