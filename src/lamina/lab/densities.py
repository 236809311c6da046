"""Densities of what each layer gives, and of the gradient that it gets, over the time of a run."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lamina.engine.layer_buffers import unit_layers
from lamina.lab.experiment import Experiment
from lamina.lab.series import Series

__all__ = ["BINS", "Densities"]

#: Of each density, from the smallest values to the largest.
BINS = 40
_MOST_COLUMNS = 64
_ROWS = 128
_NEAR_ZERO, _FAR = 0.1, 30.0  # activations are shown linearly up to the one, and in a logarithmic way up to the other
_SMALLEST, _DECADES = -8.0, 10.0  # of the logarithm of a gradient's size


class _Column(NamedTuple):
    step: int
    bins: np.ndarray


class Densities:
    """Looks at the layers from time to time, with both passes over some rows; the training stays as it is.

    Rows of the lecture P10 and P11: where values pile up at the ends or at 0, a layer is saturated or fades.
    """

    def __init__(self, experiment: Experiment) -> None:
        self._executor = experiment.trainer.executor
        rows = experiment.rows
        self._rows = experiment.trainer.batches(rows.X[:_ROWS], rows.y[:_ROWS])
        program = self._executor.program
        self._layers = [(unit.output, unit.sums) for unit in unit_layers(program) if unit.name in experiment.weighted]
        self._no_dropout = [0.0] * len(program.mask_rates)
        self._columns: Series[_Column] = Series(_MOST_COLUMNS)
        self._last = -1

    def look(self, step: int) -> None:
        """Add the present densities, unless they were looked at."""
        if step == self._last:
            return
        self._last = step
        seen = self._executor.observe(self._rows, dropout_rates=self._no_dropout)
        with np.errstate(all="ignore"):  # a run may grow beyond all numbers
            found = [
                (_of_activations(seen.values[output]), _of_gradients(seen.d_values[sums] * self._rows.num_rows))
                for output, sums in self._layers
            ]
            self._means = np.concatenate([seen.values[output].mean(axis=0) for output, _ in self._layers])
        self._columns.add(_Column(step, np.array(found, dtype=np.uint8)))

    def arrays(self) -> dict[str, np.ndarray]:
        """``densities``, uint8 (columns, layers, 2, bins), ``densities.steps``, float32 (columns,), and ``activations``, float32:
        what each unit, of one layer after the other, gives on average now.

        A byte is 255 times the root of the share of values in a bin, first of the activations, then of the gradients. Bins of
        activations divide -30 … 30 evenly after asinh(value / 0.1), those of gradients the decimal logarithm of their size from
        1e-8 to 1e2; the outermost ones have all that is beyond, too.
        """
        return {
            "densities": np.array([column.bins for column in self._columns]),
            "densities.steps": np.array([column.step for column in self._columns], dtype=np.float32),
            "activations": self._means.astype(np.float32),
        }


def _of_activations(values: np.ndarray) -> np.ndarray:
    return _binned(np.arcsinh(values / _NEAR_ZERO) / (2 * np.arcsinh(_FAR / _NEAR_ZERO)) + 0.5)


def _of_gradients(values: np.ndarray) -> np.ndarray:
    return _binned((np.log10(np.abs(values)) - _SMALLEST) / _DECADES)


def _binned(places: np.ndarray) -> np.ndarray:
    """The bytes of numbers that are meant to lie between 0 and 1; what is not a number is in no bin."""
    known = places[~np.isnan(places)]
    counts = np.bincount((np.clip(known, 0, 1 - 1e-6) * BINS).astype(np.intp), minlength=BINS)
    return np.asarray(np.round(255 * np.sqrt(counts / max(1, places.size))))
