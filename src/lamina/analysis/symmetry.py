"""Symmetry: how equal the units of a layer are. Units that start equal get equal gradients, and stay equal for ever."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.analysis.subject import Weights, subject_of
from lamina.analysis.table import text_table
from lamina.data_frame import to_data_frame
from lamina.engine.program import Op, Program
from lamina.network import Network
from lamina.training import Trainer

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LayerSymmetry", "Symmetry", "symmetry", "symmetry_of_program"]

# Units whose weights differ by no more than this share of the layer's largest weight count as one: equal units may sit in
# different lanes of a vector, and what rounding does to them in float32 grows in a long training.
_SAME = 1e-3


@dataclass(frozen=True, slots=True)
class LayerSymmetry:
    """The units of one dense layer, each a vector of its incoming weights and bias.

    Attributes
    ----------
    layer : str
    units : int
    distinct : int
        How many of them differ (by more than a thousandth of the largest weight).
    symmetry : float
        The mean inner product of two different units over the mean of one with itself: 1 if all are equal, near 0 for
        independent random units, down to −1 / (units − 1). 1 for a layer of zeros or of one unit.
    """

    layer: str
    units: int
    distinct: int
    symmetry: float


@dataclass(frozen=True, slots=True)
class Symmetry:
    """The dense layers in forward order; see :func:`symmetry`."""

    layers: tuple[LayerSymmetry, ...]

    def __getitem__(self, name: str) -> LayerSymmetry:
        return {row.layer: row for row in self.layers}[name]

    def columns(self) -> dict[str, list[Any]]:
        """Every attribute of :class:`LayerSymmetry` as a list over the layers."""
        return {field.name: [getattr(row, field.name) for row in self.layers] for field in fields(LayerSymmetry)}

    def to_frame(self) -> pd.DataFrame:
        """One row a layer, as a pandas data frame."""
        return to_data_frame(self.columns(), "Symmetry")

    def __str__(self) -> str:
        return text_table(self.columns())


def symmetry(network: Network | Trainer, weights: Weights = None, *, seed: int = 0) -> Symmetry:
    """How equal the units of every dense layer are.

    If all weights into and out of a hidden layer's units are zero, or any constant, the units compute the same, are corrected
    alike, and never become different: the layer is as good as one unit (Goodfellow, Bengio & Courville 2016, section 8.4).
    Only dropout can tell them apart. :class:`lamina.analysis.SymmetryRecord` measures it epoch by epoch.

    Parameters
    ----------
    network : Network or Trainer
        Built, that is, with known widths.
    weights : ndarray of shape (num_parameters,) or dict of arrays, optional
        Default: the trainer's, or ``network.initialize(seed)``'s.
    seed : int, default=0

    Returns
    -------
    Symmetry

    Raises
    ------
    ShapeError, InvalidSettingError
        If the network is not built, or the weights are not its own.

    Examples
    --------
    >>> from lamina import Dense, Sequential
    >>> network = Sequential([Dense(8, weight_init="zeros"), Dense(8, weight_init="he")], input_width=5)
    >>> print(symmetry(network))
    layer    units  distinct  symmetry
    ----------------------------------
    dense_1      8         1         1
    dense_2      8         8    0.1484
    """
    subject = subject_of(network, weights=weights, seed=seed, owner="symmetry")
    return symmetry_of_program(subject.program, subject.parameters)


def symmetry_of_program(program: Program, parameters: np.ndarray) -> Symmetry:
    """As :func:`symmetry`, from the engine's own description."""
    return Symmetry(tuple(_layer(op, program, parameters) for op in program.ops if op.kind == "dense"))


def _layer(op: Op, program: Program, parameters: np.ndarray) -> LayerSymmetry:
    weight, *bias = (parameters[program.parameters[i].slice].reshape(program.parameters[i].shape) for i in op.parameters)
    units = np.vstack([weight, *(b[None, :] for b in bias)]).T.astype(np.float64)
    return LayerSymmetry(op.layer, len(units), _num_distinct(units), _mean_likeness(units))


def _num_distinct(units: np.ndarray) -> int:
    tolerance = _SAME * float(np.abs(units).max(initial=0.0))
    distinct, count = np.empty_like(units), 0
    for unit in units:
        if not (np.abs(distinct[:count] - unit).max(axis=1) <= tolerance).any():
            distinct[count] = unit
            count += 1
    return count


def _mean_likeness(units: np.ndarray) -> float:
    """Σ_{i≠j} u_i·u_j / ((k − 1) Σ_i u_i·u_i), from |Σ u_i|² = Σ_i u_i·u_i + Σ_{i≠j} u_i·u_j."""
    k, own = len(units), float(np.sum(units**2))
    if k == 1 or own == 0.0:
        return 1.0
    return (float(np.sum(units.sum(axis=0) ** 2)) - own) / ((k - 1) * own)
