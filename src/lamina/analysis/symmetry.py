"""Symmetry: how similar the units of a layer are. Units that start equal get equal gradients and stay equal."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.analysis.subject import Weights, subject_of
from lamina.data_frame import to_data_frame
from lamina.engine.probe import num_distinct
from lamina.engine.program import Op, Program
from lamina.html import Printed
from lamina.network import Network
from lamina.text_table import text_table
from lamina.training import Trainer

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LayerSymmetry", "Symmetry", "symmetry", "symmetry_of_program"]


@dataclass(frozen=True, slots=True)
class LayerSymmetry:
    """The units of one dense layer, each a vector of its incoming weights and bias.

    Attributes
    ----------
    layer : str
    units : int
    distinct : int
        Number of distinct units, which differ by more than a thousandth of the largest weight.
    symmetry : float
        The mean inner product of two different units, relative to that of a unit with itself: 1 if all are equal, near 0 for
        independent random units, at least −1 / (units − 1). 1 for a layer of zeros or of one unit.
    """

    layer: str
    units: int
    distinct: int
    symmetry: float


@dataclass(frozen=True, slots=True)
class Symmetry(Printed):
    """The dense layers in forward order; see :func:`symmetry`."""

    layers: tuple[LayerSymmetry, ...]

    def __getitem__(self, name: str) -> LayerSymmetry:
        return {row.layer: row for row in self.layers}[name]

    def columns(self) -> dict[str, list[Any]]:
        """Every attribute of :class:`LayerSymmetry` as a list over the layers."""
        return {field.name: [getattr(row, field.name) for row in self.layers] for field in fields(LayerSymmetry)}

    def to_frame(self) -> pd.DataFrame:
        """One row per layer, as a pandas data frame."""
        return to_data_frame(self.columns(), "Symmetry")

    def __str__(self) -> str:
        return text_table(self.columns())


def symmetry(network: Network | Trainer, weights: Weights = None, *, seed: int = 0) -> Symmetry:
    """Measure how similar the units of every dense layer are.

    If all incoming and outgoing weights of a hidden layer's units are zero, or any constant, the units compute the same values,
    get the same updates and never differ: the layer is worth a single unit (Goodfellow, Bengio & Courville 2016, section 8.4).
    Only dropout can break this symmetry. :class:`lamina.analysis.SymmetryRecord` measures it after every epoch.

    Parameters
    ----------
    network : Network or Trainer
        Built, that is, with known widths.
    weights : ndarray of shape (num_parameters,) or dict of arrays, optional
        Default: the trainer's, or those of ``network.initialize(seed)``.
    seed : int, default=0
        Seed of the initial weights, if none are given.

    Returns
    -------
    Symmetry

    Raises
    ------
    ShapeError, InvalidSettingError
        If the network is not built, or the weights do not fit it.

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
    """As :func:`symmetry`, for a program and its flat parameters."""
    return Symmetry(tuple(_layer(op, program, parameters) for op in program.ops if op.makes_sums))


def _layer(op: Op, program: Program, parameters: np.ndarray) -> LayerSymmetry:
    weight, *bias = (parameters[program.parameters[i].slice].reshape(program.parameters[i].shape) for i in op.parameters)
    columns = np.concatenate([weight, *(b[..., np.newaxis, :] for b in bias)], axis=-2).astype(np.float64)
    units = np.swapaxes(columns, -1, -2).reshape(-1, columns.shape[-2])
    return LayerSymmetry(op.layer, len(units), num_distinct(units), _mean_likeness(units))


def _mean_likeness(units: np.ndarray) -> float:
    """Σ_{i≠j} u_i·u_j / ((k − 1) Σ_i u_i·u_i), from |Σ u_i|² = Σ_i u_i·u_i + Σ_{i≠j} u_i·u_j."""
    k, own = len(units), float(np.sum(units**2))
    if k == 1 or own == 0.0:
        return 1.0
    return (float(np.sum(units.sum(axis=0) ** 2)) - own) / ((k - 1) * own)
