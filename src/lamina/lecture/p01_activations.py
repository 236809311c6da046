"""P1: activation functions and their derivatives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lamina.activations import Activation, get_activation

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ActivationCurves", "compute", "draw"]

NAMES = ("step", "identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "softplus")
REACH = 4.0
# Functions and derivatives that jump at zero; a continuous line would hide the jump.
JUMPS = {"step": "value", "relu": "derivative", "leaky_relu": "derivative"}


@dataclass(frozen=True, eq=False)
class ActivationCurves:
    """Values and derivatives over a range of x.

    Attributes
    ----------
    x : ndarray of shape (k,)
    values, derivatives : dict of str to ndarray of shape (k,)
        By function name; NaN at jumps.
    """

    x: np.ndarray
    values: Mapping[str, np.ndarray]
    derivatives: Mapping[str, np.ndarray]

    def __str__(self) -> str:
        lines = [f"{'function':11} {'values':17} saturates   largest derivative from -4 to 4"]
        for name in self.values:
            function = get_activation(name)
            low, high = (f"{bound:.4g}" for bound in function.range)
            steepest = np.nanmax(self.derivatives[name])
            lines.append(f"{name:11} {f'{low} to {high}':17} {'yes' if function.saturates else 'no':11} {steepest:.4g}")
        return "\n".join(lines)


def compute(*, seed: int = 0) -> ActivationCurves:
    """Evaluate each function and its derivative from −4 to 4 by the engine's own formulas; nothing here is random."""
    x = np.linspace(-REACH, REACH, 801)  # includes zero, where some functions jump
    values = {name: get_activation(name).value(x) for name in NAMES}
    derivatives = {name: get_activation(name).derivative(x) for name in NAMES}
    for name, what in JUMPS.items():
        curve = (values if what == "value" else derivatives)[name]
        curve[len(x) // 2] = np.nan
    return ActivationCurves(x, values, derivatives)


def _caption(function: Activation) -> str:
    """The formula, the range, and whether the function saturates."""
    low, high = (f"{bound:.3g}".replace("inf", "∞").replace("-", "−") for bound in function.range)
    settings = ", ".join(f"{name} = {value:g}" for name, value in function.settings.items())
    formula = f"f(x) = {function.formula}".replace("-", "−")
    return (
        f"{formula}\n{settings and f'{settings}; '}values from {low} to {high}, {'' if function.saturates else 'not '}saturating"
    )


def draw(result: ActivationCurves) -> Figure:
    """Draw one panel per function, with its formula, its range, and whether it saturates."""
    from lamina.plots import plot_activation_functions
    from lamina.plots.style import figure_of

    captions = {name: _caption(get_activation(name)) for name in result.values}
    axes = plot_activation_functions(result.x, result.values, result.derivatives, captions=captions)
    axes[0].set_ylim(-1.6, 3.2)
    return figure_of(axes[0])
