"""Activation functions: name, formula, derivative, range and source of each.

To add one, add a row to :data:`ACTIVATIONS` and a formula to each executor (in Python: ``lamina.engine.formulas.activation``).
PReLU, whose slope is learned, is a layer: :class:`lamina.layers.PReLU`. :class:`lamina.layers.ParametricActivation` blends any
of these functions with the identity, and learns how much.

>>> ACTIVATIONS["tanh"].saturates, ACTIVATIONS["relu"].saturates
(True, False)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.errors import InvalidSettingError, phrase, phrase_unknown

if TYPE_CHECKING:
    from lamina.engine.formulas.activation import Formula

__all__ = ["ACTIVATIONS", "ALIASES", "Activation", "get_activation"]

_INF = math.inf


@dataclass(frozen=True, slots=True)
class Activation:
    """A function that a unit applies to its weighted sum.

    Parameters
    ----------
    name : str
        Its name in :data:`ACTIVATIONS`, in files and in :class:`lamina.engine.program.Op`.
    formula, derivative_formula : str
        f(x) and f'(x) as text; Phi and phi are the standard normal distribution function and density.
    range : (float, float)
        The smallest and the largest value, reached or approached.
    saturates : bool
        Whether f is flat far from 0 on both sides, and so bounded (Krizhevsky, Sutskever & Hinton 2012, section 3.1): there its
        derivative vanishes, and with it the gradient of all layers below. A sine is bounded but does not saturate.
    settings : mapping of str to float
        The function's parameters, in the formula's order.
    initializer : str
        The default initializer of the weights in front of it: "he" if the function passes on about half of its input's variance,
        as ReLU does.
    source : str
        Who proposed it, and when.

    Examples
    --------
    >>> relu = get_activation("relu")
    >>> relu.value([-2.0, 3.0]), relu.derivative([-2.0, 3.0])
    (array([0., 3.]), array([0., 1.]))
    >>> relu.range, relu.saturates
    ((0.0, inf), False)
    """

    name: str
    formula: str
    derivative_formula: str
    range: tuple[float, float]
    saturates: bool = False
    settings: Mapping[str, float] = field(default_factory=dict, hash=False)
    initializer: str = "glorot_uniform"
    source: str = ""

    @property
    def is_flat(self) -> bool:
        """Whether its derivative is 0 everywhere, so that no gradient comes through."""
        return self.derivative_formula == "0"

    def value(self, x: Any) -> Any:
        """f(x), in the shape of ``x``: array_like, or an array of any array API library; softmax runs along the last axis."""
        with np.errstate(all="ignore"):  # exp may overflow to infinity, which is the right value
            return _formula(self.name).value(_floating(x), *self.settings.values())

    def derivative(self, x: Any) -> Any:
        """f'(x), in the shape of ``x``; at a kink a one-sided derivative; for softmax the diagonal of the Jacobian."""
        with np.errstate(all="ignore"):
            return _formula(self.name).derivative(_floating(x), *self.settings.values())


def _formula(name: str) -> Formula:
    # Imported here: naming a function needs neither the reference engine nor array libraries.
    from lamina.engine.formulas.activation import FORMULAS

    return FORMULAS[name]


def _floating(x: Any) -> Any:
    """``x`` as an array of floats; an array of floats is returned as is."""
    from array_api_compat import is_array_api_obj

    if is_array_api_obj(x) and not isinstance(x, np.ndarray):
        return x
    x = np.asarray(x)
    return x if np.issubdtype(x.dtype, np.floating) else x.astype(np.float64)


_ROWS = (
    Activation("identity", "x", "1", (-_INF, _INF), source="Widrow & Hoff 1960"),
    Activation("step", "1 where x >= 0, else 0", "0", (0.0, 1.0), saturates=True, source="McCulloch & Pitts 1943"),
    Activation("sigmoid", "1 / (1 + exp(-x))", "f (1 - f)", (0.0, 1.0), saturates=True, source="Verhulst 1845"),
    Activation(
        "tanh",
        "(exp(x) - exp(-x)) / (exp(x) + exp(-x))",
        "1 - f^2",
        (-1.0, 1.0),
        saturates=True,
        source="LeCun, Bottou, Orr & Müller 1998, section 4.4",
    ),
    Activation("relu", "max(0, x)", "1 where x > 0, else 0", (0.0, _INF), initializer="he", source="Nair & Hinton 2010"),
    Activation(
        "leaky_relu",
        "x where x > 0, else slope x",
        "1 where x > 0, else slope",
        (-_INF, _INF),
        settings={"slope": 0.01},
        initializer="he",
        source="Maas, Hannun & Ng 2013, equation 2",
    ),
    Activation(
        "elu",
        "x where x > 0, else alpha (exp(x) - 1)",
        "1 where x > 0, else alpha exp(x)",
        (-1.0, _INF),
        settings={"alpha": 1.0},
        initializer="he",
        source="Clevert, Unterthiner & Hochreiter 2016, equation 16",
    ),
    Activation(
        "selu",
        "s x where x > 0, else s a (exp(x) - 1), s = 1.05070, a = 1.67326",
        "s where x > 0, else s a exp(x)",
        (-1.7580993408473766, _INF),
        initializer="lecun_normal",
        source="Klambauer, Unterthiner, Mayr & Hochreiter 2017, equation 2",
    ),
    Activation(
        "gelu", "x Phi(x)", "Phi(x) + x phi(x)", (-0.16997120747990369, _INF), initializer="he", source="Hendrycks & Gimpel 2016"
    ),
    Activation(
        "gelu_tanh",
        "x (1 + tanh u) / 2, u = sqrt(2 / pi) (x + 0.044715 x^3)",
        "(1 + tanh u) / 2 + x (1 - tanh^2 u) u' / 2, u' = sqrt(2 / pi) (1 + 0.134145 x^2)",
        (-0.17004075057125406, _INF),
        initializer="he",
        source="Hendrycks & Gimpel 2016, section 2",
    ),
    Activation(
        "silu",
        "x s, s = sigmoid(x)",
        "s + x s (1 - s)",
        (-0.27846454276107380, _INF),
        initializer="he",
        source="Elfwing, Uchibe & Doya 2018",
    ),
    Activation(
        "mish",
        "x t, t = tanh(log(1 + exp(x)))",
        "t + x (1 - t^2) sigmoid(x)",
        (-0.30884341301725043, _INF),
        initializer="he",
        source="Misra 2019",
    ),
    Activation(
        "softplus",
        "log(1 + exp(x))",
        "sigmoid(x)",
        (0.0, _INF),
        initializer="he",
        source="Dugas, Bengio, Bélisle, Nadeau & Garcia 2001",
    ),
    Activation(
        "softsign",
        "x / (1 + |x|)",
        "1 / (1 + |x|)^2",
        (-1.0, 1.0),
        saturates=True,
        source="Bergstra, Desjardins, Lamblin & Bengio 2009",
    ),
    Activation(
        "hard_sigmoid",
        "x / 6 + 1/2, bounded to [0, 1]",
        "1/6 where |x| < 3, else 0",
        (0.0, 1.0),
        saturates=True,
        source="Courbariaux, Bengio & David 2015; slope 1/6: Howard et al. 2019",
    ),
    Activation(
        "hard_tanh",
        "x, bounded to [-1, 1]",
        "1 where |x| < 1, else 0",
        (-1.0, 1.0),
        saturates=True,
        source="Collobert 2004",
    ),
    Activation(
        "hard_swish",
        "x hard_sigmoid(x)",
        "0 where x <= -3, 1 where x >= 3, else x / 3 + 1/2",
        (-0.375, _INF),
        initializer="he",
        source="Howard et al. 2019, section 5.2",
    ),
    Activation(
        "relu6",
        "x, bounded to [0, 6]",
        "1 where 0 < x < 6, else 0",
        (0.0, 6.0),
        saturates=True,
        initializer="he",
        source="Krizhevsky 2010",
    ),
    Activation("exp", "exp(x)", "exp(x)", (0.0, _INF), source="the inverse of the log link, McCullagh & Nelder 1989"),
    Activation(
        "softmax",
        "exp(x_k) / sum_j exp(x_j)",
        "f_k (1 - f_k), and -f_k f_j for another unit's x_j",
        (0.0, 1.0),
        saturates=True,
        source="Bridle 1990",
    ),
)

#: Every activation function by name, with its default settings.
ACTIVATIONS: Mapping[str, Activation] = MappingProxyType({row.name: row for row in _ROWS})

#: Other common names, from scikit-learn, Keras and the original paper.
ALIASES: Mapping[str, str] = MappingProxyType({"linear": "identity", "logistic": "sigmoid", "swish": "silu"})


def get_activation(activation: str | Activation, **settings: float) -> Activation:
    """Look up an activation by name, with ``settings`` in place of its defaults.

    Parameters
    ----------
    activation : str or Activation
        A name in :data:`ACTIVATIONS` or :data:`ALIASES`; an object is returned as is, or with the new settings.
    **settings : float >= 0
        ``slope`` of "leaky_relu", ``alpha`` of "elu".

    Raises
    ------
    InvalidSettingError
        If the name is unknown, or a setting is unknown, negative or not finite.

    Examples
    --------
    >>> get_activation("logistic").name
    'sigmoid'
    >>> get_activation("leaky_relu", slope=0.2).value([-1.0])
    array([-0.2])
    """
    if isinstance(activation, Activation):
        found = activation
    else:
        name = ALIASES.get(activation, activation) if isinstance(activation, str) else activation
        if not isinstance(name, str) or name not in ACTIVATIONS:
            if callable(activation):
                repair = "Put CustomActivation(function, derivative) behind the layer for a function of your own."
                raise InvalidSettingError(phrase("activation", "must be a name", activation, repair=repair))
            raise InvalidSettingError(phrase_unknown("activation", activation, [*ACTIVATIONS, *ALIASES]))
        found = ACTIVATIONS[name]
    return _with_settings(found, settings) if settings else found


def _with_settings(activation: Activation, settings: Mapping[str, float]) -> Activation:
    """``activation`` with new settings and the range that follows from them."""
    known = ", ".join(activation.settings) or "none"
    wrong = [
        phrase(name, f"must be one of this function's settings ({known})", number, owner=activation.name)
        for name, number in settings.items()
        if name not in activation.settings
    ] + [
        phrase(name, "must be a finite number >= 0", number, owner=activation.name)
        for name, number in settings.items()
        if name in activation.settings and not _is_setting(number)
    ]
    if wrong:
        raise InvalidSettingError("\n".join(wrong))
    merged = {name: float(settings.get(name, default)) for name, default in activation.settings.items()}
    low = {"elu": -merged.get("alpha", 1.0), "leaky_relu": -_INF if merged.get("slope") else 0.0}[activation.name]
    return replace(activation, settings=merged, range=(low, _INF))


def _is_setting(number: object) -> bool:
    return (
        isinstance(number, int | float | np.integer | np.floating) and not isinstance(number, bool) and 0 <= float(number) < _INF
    )
