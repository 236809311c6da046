"""PBLD: each number beside a few linear units of its shifted cosines."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, final

from lamina.initializers import Uniform
from lamina.layers.drafts import OpDraft, ParameterDraft
from lamina.layers.periodic import frequency_draft, units_of_columns
from lamina.layers.trainable_layer import TrainableLayer, names_freezing
from lamina.validation import Rule, boolean, integer, number

__all__ = ["PBLD"]


@final
@names_freezing
@dataclass(frozen=True)
class PBLD(TrainableLayer):
    """Periodic, bias, linear, dense: y = [x, cos(2 pi c_j x_j + b_j) W_j + d_j for each column j].

    The numbers themselves come first, then for each of them ``units - 1`` linear combinations of cosines with frequencies c_j and
    phases b_j that are learned for this column (Holzmüller, Grinsztajn & Steinwart 2024: the embedding of RealMLP). The columns
    are best scaled to deviation 1 before.

    Parameters
    ----------
    units : int, default=4
        How many columns each number becomes, itself among them; at least 2.
    frequencies : int, default=16
        Frequencies of each column, at least 1.
    sigma : float, default=0.1
        Standard deviation of the frequencies at first, above 0; the phases are uniform in [-pi, pi]. The defaults are RealMLP's.
    decay : bool, default=True
        Whether decoupled weight decay acts on the frequencies and the weights; not on the biases.
    trainable : bool, default=True
        Whether training changes its parameters; see :class:`TrainableLayer`.
    learning_rate_factor : float or dict of str to float, default=1.0
        Multiplies the learning rate; see :class:`TrainableLayer`. RealMLP takes 0.1.
    name : str, optional
        Default "pbld_1", "pbld_2", …

    Raises
    ------
    InvalidSettingError
        When a setting is out of range.

    References
    ----------
    Holzmüller, Grinsztajn & Steinwart, "Better by default: strong pre-tuned MLPs and boosted trees on tabular data", 2024,
    section 3.

    Examples
    --------
    >>> from lamina import Input
    >>> from lamina.layers import PBLD
    >>> PBLD()(Input(3)).width
    12
    """

    units: int = 4
    frequencies: int = 16
    sigma: float = 0.1
    decay: bool = True

    kind: ClassVar[str] = "pbld"
    parameter_names: ClassVar[tuple[str, ...]] = ("frequency", "phase", "weight", "bias")
    makes_units: ClassVar[bool] = True
    rules: ClassVar[Mapping[str, Rule]] = {
        "units": integer(2),
        "frequencies": integer(1),
        "sigma": number(0, closed="neither"),
        "decay": boolean(),
    }
    converters: ClassVar[Mapping[str, Callable[[Any], Any]]] = {"units": int, "frequencies": int}

    def ops(self, widths: Sequence[int]) -> tuple[OpDraft, ...]:
        (columns,) = widths
        frequency = frequency_draft(columns, self.frequencies, self.sigma, decay=self.decay)
        phase = ParameterDraft("phase", frequency.shape, Uniform(-math.pi, math.pi), 1, self.frequencies)
        cosine = OpDraft("cosine", columns * self.frequencies, (frequency, phase))
        linear = units_of_columns(columns, self.frequencies, self.units - 1, decay=self.decay)
        return cosine, linear, OpDraft("concat", columns * self.units, reads_inputs=True)

    def describe(self) -> str:
        return f"PBLD({self.units} of {self.frequencies} frequencies)"
