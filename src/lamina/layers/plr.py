"""PLR: each number as a few units of its sines and cosines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

from lamina.activations import Activation as ActivationFunction
from lamina.layers.drafts import OpDraft
from lamina.layers.function import activation_draft, function_label, function_to_plain, to_function
from lamina.layers.periodic import frequency_draft, units_of_columns
from lamina.layers.trainable_layer import TrainableLayer, names_freezing
from lamina.validation import Rule, boolean, integer, number

__all__ = ["PLR"]


@final
@names_freezing
@dataclass(frozen=True)
class PLR(TrainableLayer):
    """Periodic, linear, ReLU: y_j = relu([sin(2 pi c_j x_j), cos(2 pi c_j x_j)] W_j + b_j) for each column j.

    Each number x_j becomes ``units`` of its own, with frequencies c_j and weights W_j that are learned for this column, so that
    the layers behind see jumps and swings of the target as simple functions (Gorishniy, Rubachev & Babenko 2022). The columns
    are best scaled to deviation 1 before.

    Parameters
    ----------
    units : int, default=24
        Units of each column, at least 1; the output has columns times as many.
    frequencies : int, default=48
        Frequencies of each column, at least 1.
    sigma : float, default=0.01
        Standard deviation of the frequencies at first, above 0: the setting that matters. Small ones begin almost linear and
        smooth; 0.01 to 1 are worth a try. The defaults are those of the authors' package.
    activation : str, Activation or dict, default="relu"
        "identity" makes this the PL of the paper.
    decay : bool, default=True
        Whether decoupled weight decay acts on the frequencies and the weights; not on the biases.
    trainable : bool, default=True
        Whether training changes its parameters; see :class:`TrainableLayer`.
    learning_rate_factor : float or dict of str to float, default=1.0
        Multiplies the learning rate; see :class:`TrainableLayer`.
    name : str, optional
        Default "plr_1", "plr_2", …

    Raises
    ------
    InvalidSettingError
        When a setting is out of range or unknown.

    References
    ----------
    Gorishniy, Rubachev & Babenko, "On embeddings for numerical features in tabular deep learning", 2022, section 3.3.

    Examples
    --------
    >>> from lamina import Input
    >>> from lamina.layers import PLR
    >>> PLR(units=8)(Input(3)).width
    24
    """

    units: int = 24
    frequencies: int = 48
    sigma: float = 0.01
    activation: str | ActivationFunction | Mapping[str, Any] = "relu"
    decay: bool = True

    kind: ClassVar[str] = "plr"
    parameter_names: ClassVar[tuple[str, ...]] = ("frequency", "weight", "bias")
    makes_units: ClassVar[bool] = True
    rules: ClassVar[Mapping[str, Rule]] = {
        "units": integer(1),
        "frequencies": integer(1),
        "sigma": number(0, closed="neither"),
        "decay": boolean(),
    }
    converters: ClassVar[Mapping[str, Callable[[Any], Any]]] = {"units": int, "frequencies": int, "activation": to_function}
    writers: ClassVar[Mapping[str, Callable[[Any], Any]]] = {"activation": function_to_plain}

    def ops(self, widths: Sequence[int]) -> tuple[OpDraft, ...]:
        (columns,) = widths
        waves = 2 * self.frequencies
        frequency = frequency_draft(columns, self.frequencies, self.sigma, decay=self.decay)
        periodic = OpDraft("periodic", columns * waves, (frequency,))
        linear = units_of_columns(columns, waves, self.units, decay=self.decay)
        function = to_function(self.activation)
        ends = () if function.name == "identity" else (activation_draft(function, linear.width),)
        return (periodic, linear, *ends)

    def describe(self) -> str:
        function = to_function(self.activation)
        shown = "" if function.name == "relu" else f", {function_label(function)}"
        return f"PLR({self.units} of {self.frequencies} frequencies{shown})"
