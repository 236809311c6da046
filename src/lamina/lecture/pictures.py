"""The lecture's pictures by number.

A picture is a module of this package with two functions: ``compute(*, seed=0)`` trains and returns a result, and
``draw(result)`` returns a matplotlib figure of it. The gallery example of the same name and ``lamina lecture`` call both.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from lamina.errors import InvalidSettingError, phrase_unknown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["PICTURES", "Picture", "get_picture"]


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of the lecture.

    Parameters
    ----------
    title : str
        Title of the picture.
    rows : tuple of str
        The rows of the lecture that it illustrates.
    name : str
        Its module in ``lamina.lecture``; prefixed with ``plot_``, its example in the gallery.

    Examples
    --------
    >>> get_picture("P9").title
    'Zero initialization: no improvement after 600 epochs'
    """

    title: str
    rows: tuple[str, ...]
    name: str

    def compute(self, *, seed: int = 0) -> Any:
        """Run the computation; printing the result describes it in words."""
        return self._function("compute")(seed=seed)

    def draw(self, result: Any) -> Figure:
        """Draw the result of :meth:`compute`."""
        figure: Figure = self._function("draw")(result)
        return figure

    def _function(self, name: str) -> Callable[..., Any]:
        function: Callable[..., Any] = getattr(importlib.import_module(f"lamina.lecture.{self.name}"), name)
        return function


#: Every picture of the lecture by number.
PICTURES: Mapping[str, Picture] = MappingProxyType(
    {
        "P1": Picture("Activation functions and their derivatives", ("L4",), "p01_activations"),
        "P2": Picture("Gradient descent on a curve", ("L14",), "p02_gradient_descent"),
        "P3": Picture("Data that are not linearly separable", ("L2",), "p03_not_separable"),
        "P4": Picture("The learning rate: too small, good, too large", ("L15",), "p04_learning_rates"),
        "P5": Picture("Early stopping: both losses, and where it stops", ("L20",), "p05_early_stopping"),
        "P6": Picture("Dropout in training and at test time", ("L22", "L23"), "p06_dropout"),
        "P7": Picture("The cliff, with and without clipping", ("L26", "L27", "L28"), "p07_cliff"),
        "P8": Picture("Three layers after 600 epochs from a bad and a good start", ("L30", "L31"), "p08_initialization"),
        "P9": Picture("Zero initialization: no improvement after 600 epochs", ("L29",), "p09_zero_initialization"),
        "P10": Picture("Densities of every layer's output on digits, N(0, 1)", ("L30", "L33"), "p10_normal_outputs"),
        "P11": Picture("Densities of every layer's output on digits, Xavier", ("L31", "L33"), "p11_xavier_outputs"),
        "P12": Picture("The path of batch gradient descent", ("L16",), "p12_batch_descent"),
        "P13": Picture("The path of stochastic gradient descent", ("L16",), "p13_stochastic_descent"),
        "P14": Picture("The path of mini-batch gradient descent", ("L16",), "p14_mini_batch_descent"),
        "P15": Picture("The exclusive or, by a perceptron and by two layers", ("L1", "L3"), "p15_exclusive_or"),
    }
)


def get_picture(number: str) -> Picture:
    """The picture with a number, in upper or lower case.

    Raises
    ------
    InvalidSettingError
        If there is none; the message suggests the nearest number.

    Examples
    --------
    >>> get_picture("p10").rows
    ('L30', 'L33')
    """
    if number.upper() not in PICTURES:
        raise InvalidSettingError(phrase_unknown("a picture", number, PICTURES, listed=f"P1 to P{len(PICTURES)}"))
    return PICTURES[number.upper()]
