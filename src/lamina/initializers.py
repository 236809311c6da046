"""Where training starts: the first values of every parameter.

The rule behind the scaled ones (lecture; Glorot & Bengio 2010): keep mean 0 and the same variance from layer to layer, forwards
and backwards. They differ in two columns only, the shape of the distribution and its variance, and so are rows of a table:

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
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import DTypeLike

from lamina.errors import InvalidSettingError, ShapeError, phrase, phrase_unknown
from lamina.settings import Settings, check_keys, kind_of
from lamina.validation import Rule, choice, number

__all__ = [
    "INITIALIZERS",
    "Auto",
    "Constant",
    "Initializer",
    "Normal",
    "Orthogonal",
    "Scaled",
    "SklearnUniform",
    "Uniform",
    "get_initializer",
]

# (distribution, variance of fan_in and fan_out); see the table above.
_SCALES: dict[str, tuple[str, Callable[[int, int], float]]] = {
    "xavier": ("normal", lambda fan_in, fan_out: 1 / fan_in),
    "glorot_normal": ("normal", lambda fan_in, fan_out: 2 / (fan_in + fan_out)),
    "glorot_uniform": ("uniform", lambda fan_in, fan_out: 2 / (fan_in + fan_out)),
    "he": ("normal", lambda fan_in, fan_out: 2 / fan_in),
    "he_normal": ("normal", lambda fan_in, fan_out: 2 / fan_in),
    "he_uniform": ("uniform", lambda fan_in, fan_out: 2 / fan_in),
    "lecun_normal": ("normal", lambda fan_in, fan_out: 1 / fan_in),
    "lecun_uniform": ("uniform", lambda fan_in, fan_out: 1 / fan_in),
}

# Activations that pass about half of their input's variance on, as ReLU does.
_RELU_LIKE = frozenset(
    {"relu", "relu6", "leaky_relu", "prelu", "elu", "gelu", "gelu_tanh", "silu", "mish", "softplus", "hard_swish"}
)


class Initializer(Settings, ABC):
    """First values of one parameter: call it with a random generator, the shape, and the layer's fan-in and fan-out.

    ``fan_in`` is the number of values that enter a unit of the layer, ``fan_out`` the number of its units; a bias is drawn
    with those of its layer. Values are drawn in float64 and then rounded to ``dtype``, so both dtypes start alike.
    """

    @abstractmethod
    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
        """Float64 values of ``shape``."""

    def __call__(
        self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int, dtype: DTypeLike = np.float64
    ) -> np.ndarray:
        """Values of ``shape`` and ``dtype``."""
        return self.draw(rng, tuple(shape), fan_in, fan_out).astype(dtype, copy=False)

    def for_activation(self, function: str) -> Initializer:
        """The initializer to use in front of the activation ``function``; itself unless it is :class:`Auto`."""
        return self


@final
@dataclass(frozen=True)
class Constant(Initializer):
    """All values equal to ``value``.

    With equal weights all units of a layer compute the same, get the same gradient and stay equal for ever: symmetry is
    not broken (lecture, zero and constant initialization). Fit for biases.

    Parameters
    ----------
    value : float, default=0.0
        Any finite number.

    Examples
    --------
    >>> import numpy as np
    >>> Constant(0.5)(np.random.default_rng(0), (2,), fan_in=3, fan_out=2)
    array([0.5, 0.5])
    """

    value: float = 0.0

    kind: ClassVar[str] = "constant"
    rules: ClassVar[Mapping[str, Rule]] = {"value": number()}

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
        return np.full(shape, float(self.value))


@final
@dataclass(frozen=True)
class Normal(Initializer):
    """Normal distribution N(0, std^2).

    Too small a ``std`` makes activations and gradients vanish in deep networks, too large a one makes them explode or saturate.

    Parameters
    ----------
    std : float, default=0.01
        Standard deviation, at least 0; the default is the lecture's usual value.

    Examples
    --------
    >>> import numpy as np
    >>> weights = Normal(0.01)(np.random.default_rng(0), (100, 100), fan_in=100, fan_out=100)
    >>> round(float(weights.std()), 3)
    0.01
    """

    std: float = 0.01

    kind: ClassVar[str] = "normal"
    rules: ClassVar[Mapping[str, Rule]] = {"std": number(0)}

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
        return rng.normal(0.0, self.std, size=shape)


@final
@dataclass(frozen=True)
class Uniform(Initializer):
    """Uniform distribution U(low, high).

    Parameters
    ----------
    low, high : float, default=-0.05, 0.05
        Finite, low at most high. The defaults are those of Keras' ``RandomUniform``.

    Examples
    --------
    >>> import numpy as np
    >>> values = Uniform(-1.0, 2.0)(np.random.default_rng(0), (1000,), fan_in=1, fan_out=1)
    >>> bool(values.min() >= -1.0 and values.max() < 2.0)
    True
    """

    low: float = -0.05
    high: float = 0.05

    kind: ClassVar[str] = "uniform"
    rules: ClassVar[Mapping[str, Rule]] = {"low": number(), "high": number()}

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low > self.high:
            raise InvalidSettingError(
                phrase("low", f"must be at most high = {self.high!r}", self.low, repair="Swap the two.", owner="Uniform")
            )

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
        return rng.uniform(self.low, self.high, size=shape)


@final
@dataclass(frozen=True)
class Scaled(Initializer):
    """A variance that fits the layer's size: one row of the table that opens this module.

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
        "scheme": choice(_SCALES),
        "gain": number(0, closed="neither"),
    }

    @property
    def kind(self) -> str:  # type: ignore[override]
        return self.scheme

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.scheme, "gain": float(self.gain)}

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
        distribution, variance = _SCALES[self.scheme]
        std = self.gain * math.sqrt(variance(fan_in, fan_out))
        if distribution == "normal":
            return rng.normal(0.0, std, size=shape)
        bound = math.sqrt(3.0) * std
        return rng.uniform(-bound, bound, size=shape)


@final
@dataclass(frozen=True)
class SklearnUniform(Initializer):
    """What scikit-learn's perceptrons start from, weights and biases alike: U(-b, b), b = sqrt(factor / (fan_in + fan_out)).

    Parameters
    ----------
    factor : float, default=6.0
        Above 0. scikit-learn takes 2 when the hidden activation is the logistic function and 6 otherwise.

    Examples
    --------
    >>> import numpy as np
    >>> values = SklearnUniform()(np.random.default_rng(0), (1000,), fan_in=20, fan_out=4)
    >>> bool(abs(values).max() <= 0.5)
    True
    """

    factor: float = 6.0

    kind: ClassVar[str] = "sklearn_uniform"
    rules: ClassVar[Mapping[str, Rule]] = {"factor": number(0, closed="neither")}

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
        bound = math.sqrt(self.factor / (fan_in + fan_out))
        return rng.uniform(-bound, bound, size=shape)


@final
@dataclass(frozen=True)
class Orthogonal(Initializer):
    """Orthonormal rows or columns (whichever are fewer), times ``gain``: keeps lengths (Saxe, McClelland & Ganguli 2014).

    Parameters
    ----------
    gain : float, default=1.0
        Above 0; sqrt(2) goes with ReLU.

    Raises
    ------
    ShapeError
        When the parameter is no matrix.

    Examples
    --------
    >>> import numpy as np
    >>> weights = Orthogonal()(np.random.default_rng(0), (5, 3), fan_in=5, fan_out=3)
    >>> bool(np.allclose(weights.T @ weights, np.eye(3)))
    True
    """

    gain: float = 1.0

    kind: ClassVar[str] = "orthogonal"
    rules: ClassVar[Mapping[str, Rule]] = {"gain": number(0, closed="neither")}

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
        if len(shape) != 2:
            raise ShapeError(phrase("shape", "must have two axes", shape, repair="Use it for weights only.", owner="Orthogonal"))
        tall = rng.normal(size=(max(shape), min(shape)))
        q, r = np.linalg.qr(tall)
        q *= np.where(np.diag(r) < 0, -1.0, 1.0)  # makes the factorization unique, and q uniform (Mezzadri 2007, section 5)
        return np.ascontiguousarray(self.gain * (q if shape[0] >= shape[1] else q.T))


@final
@dataclass(frozen=True)
class Auto(Initializer):
    """What suits the activation that follows the layer.

    He (normal) in front of ReLU and its relatives, LeCun normal in front of SELU (Klambauer et al. 2017), otherwise
    Glorot uniform.

    Examples
    --------
    >>> Auto().for_activation("relu")
    Scaled(scheme='he', gain=1.0)
    >>> Auto().for_activation("tanh")
    Scaled(scheme='glorot_uniform', gain=1.0)
    """

    kind: ClassVar[str] = "auto"

    def for_activation(self, function: str) -> Initializer:
        if function == "selu":
            return Scaled("lecun_normal")
        return Scaled("he" if function in _RELU_LIKE else "glorot_uniform")

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
        return self.for_activation("identity").draw(rng, shape, fan_in, fan_out)


#: Every initializer by name, with its default settings.
INITIALIZERS: dict[str, Initializer] = {
    "auto": Auto(),
    "zeros": Constant(0.0),
    "constant": Constant(),
    "normal": Normal(),
    "uniform": Uniform(),
    "orthogonal": Orthogonal(),
    "sklearn_uniform": SklearnUniform(),
} | {scheme: Scaled(scheme) for scheme in _SCALES}


def get_initializer(initializer: str | Initializer | Mapping[str, Any], **settings: Any) -> Initializer:
    """The initializer of that name, with other settings if given; an initializer or its dict is accepted too.

    Parameters
    ----------
    initializer : str, Initializer or dict
        A key of :data:`INITIALIZERS`, an object, or what an object's ``to_dict`` gave.
    **settings
        Settings that differ from the defaults.

    Raises
    ------
    InvalidSettingError
        When the name or a setting is unknown, or a setting out of range.

    Examples
    --------
    >>> get_initializer("normal", std=0.1)
    Normal(std=0.1)
    >>> get_initializer({"kind": "he", "gain": 0.5})
    Scaled(scheme='he', gain=0.5)
    """
    if isinstance(initializer, Mapping):
        kind = kind_of(initializer, INITIALIZERS, family="initializer")
        return get_initializer(kind, **{k: v for k, v in initializer.items() if k != "kind"} | settings)
    if isinstance(initializer, str):
        if initializer not in INITIALIZERS:
            raise InvalidSettingError(phrase_unknown("an initializer", initializer, INITIALIZERS))
        initializer = INITIALIZERS[initializer]
    if not isinstance(initializer, Initializer):
        raise InvalidSettingError(phrase("an initializer", "must be a name, a dict or an Initializer", initializer))
    known = {name: None for name in vars(initializer) if name != "scheme"}
    check_keys(settings, known, owner=type(initializer).__name__)
    return replace(initializer, **settings) if settings else initializer  # type: ignore[type-var]
