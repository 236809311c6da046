"""A probe: how each layer of a network fares, as numbers of the buffers of both passes over the same rows.

The buffers are those of :meth:`lamina.engine.executor.Executor.observe`, the layers those of
:func:`~lamina.engine.layer_buffers.unit_layers`. What a layer does not have is NaN.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from lamina.engine.executor import Observation, Probe
from lamina.engine.formulas.activation import FORMULAS
from lamina.engine.layer_buffers import UnitLayer, unit_layers
from lamina.engine.program import Op, Parameter, Program

__all__ = [
    "EDGES",
    "FLAT",
    "flat_below",
    "flat_units",
    "num_distinct",
    "probe",
    "steepest",
    "weight_norms",
    "weights_of",
]

#: A unit is flat where its derivative is at most this share of the function's largest derivative.
FLAT = 0.05

#: The bins of the histograms of weighted sums: ``EDGES[i] <= sum < EDGES[i + 1]``.
EDGES = (-np.inf, -8.0, -4.0, -2.0, -1.0, -0.25, 0.0, 0.25, 1.0, 2.0, 4.0, 8.0, np.inf)

# Units whose weights differ by no more than this share of the layer's largest weight count as one: equal units may be in
# different vector lanes, and their float32 rounding differences grow during a long training.
_SAME = 1e-3
_SCREENED = 8  # weights of each unit that are compared before all of them are

_NO_WEIGHTS = Parameter("", "", 0, (0, 0))


def probe(program: Program, parameters: np.ndarray, seen: Observation, weight_sum: float) -> Probe:
    """The numbers of all layers.

    Parameters
    ----------
    program : Program
    parameters : ndarray of shape (num_parameters,)
        Those that ``seen`` was seen with.
    seen : Observation
        Of a forward pass, and of a backward pass from the mean loss if gradients are wanted.
    weight_sum : float
        The sum of the rows' sample weights: the gradient of a mean times this is that of each row's own loss.
    """
    vector = None if seen.gradient is None else seen.gradient.vector
    with np.errstate(all="ignore"):  # what is not finite is what a probe looks for
        rows = [
            (
                *_outputs(seen.values[unit.output]),
                *_sums(unit, seen),
                *_gradients(unit, seen, weight_sum),
                *_weights(weights_of(program, unit), parameters, vector),
                _num_non_finite(unit, seen),
                _histogram(seen.values[unit.sums]),
            )
            for unit in unit_layers(program)
        ]
    return Probe(**{name: np.array(column) for name, column in zip(Probe._fields, zip(*rows, strict=True), strict=True)})


def flat_units(program: Program, seen: Observation) -> np.ndarray:
    """Of each unit, layer after layer, whether its activation is flat in every row; False without activation."""
    with np.errstate(all="ignore"):
        of_layers = [
            np.zeros(program.widths[unit.sums], dtype=bool) if op is None else _is_flat(op, seen).all(axis=0)
            for unit in unit_layers(program)
            for op in (unit.activation,)
        ]
    return np.concatenate(of_layers)


def weights_of(program: Program, unit: UnitLayer) -> Parameter:
    """The weights (…, in, out) of the layer that makes the units; of size 0 if it is not dense."""
    made_by = next((op for op in unit.layers[0].ops if op.makes_sums), None)
    return _NO_WEIGHTS if made_by is None else program.parameters[made_by.parameters[0]]


def weight_norms(program: Program, parameters: np.ndarray, before: np.ndarray | None = None) -> np.ndarray:
    """The Euclidean norm of each layer's weights, or of their change since ``before``, float64 (layers,).

    NaN without weights, and for the change of weights that stand still.
    """
    with np.errstate(all="ignore"):
        vector = parameters if before is None else parameters.astype(np.float64) - before
        own = [weights_of(program, unit) for unit in unit_layers(program)]
        known = [weight if before is None or weight.trainable else _NO_WEIGHTS for weight in own]
        return np.array([_norm(vector[weight.slice]) if weight.size else np.nan for weight in known])


@cache
def steepest(function: str, settings: tuple[float, ...] = ()) -> float:
    """The largest \\|f'\\| of an activation on [-12, 12]; two opposite columns serve softmax too, which works on rows.

    >>> steepest("sigmoid")
    0.25
    """
    z = np.linspace(-12.0, 12.0, 4801)
    with np.errstate(all="ignore"):
        return float(np.abs(FORMULAS[function].derivative(np.stack([z, -z], axis=1), *settings)).max())


def flat_below(op: Op) -> float:
    """The largest slope at which an activation counts as flat."""
    return FLAT * steepest(op.function, op.settings)


def num_distinct(units: np.ndarray, largest: float | None = None) -> int:
    """The number of distinct rows of ``units``, which differ by more than a thousandth of ``largest``, the largest entry.

    >>> num_distinct(np.array([[1.0, 2.0], [1.0, 2.0005], [2.0, 1.0]]))
    2
    """
    tolerance = _SAME * float(np.abs(units).max(initial=0.0) if largest is None else largest)
    # A unit that is far from all others in one weight is distinct; the few that are left are compared with each other.
    left = units
    for i in range(min(_SCREENED, units.shape[1])):
        left = left[_has_neighbor(left[:, i], tolerance)]
    distinct, count = np.empty_like(left), 0
    for unit in left:
        if not (np.abs(distinct[:count] - unit).max(axis=1) <= tolerance).any():
            distinct[count] = unit
            count += 1
    return len(units) - len(left) + count


def _has_neighbor(numbers: np.ndarray, tolerance: float) -> np.ndarray:
    """Which of the numbers have another one within ``tolerance``."""
    order = np.argsort(numbers)
    is_near = np.diff(numbers[order]) <= tolerance
    found = np.zeros(len(numbers), dtype=bool)
    found[order[1:]] |= is_near
    found[order[:-1]] |= is_near
    return found


def _outputs(out: np.ndarray) -> tuple[float, float, float]:
    """``mean``, ``std`` and ``zero``."""
    return *_spread(out), _share(out == 0)


def _sums(unit: UnitLayer, seen: Observation) -> tuple[float, float, float, float]:
    """``sum_mean``, ``sum_std``, ``flat`` and ``dead``."""
    return *_spread(seen.values[unit.sums]), *_flatness(unit, seen)


def _spread(numbers: np.ndarray) -> tuple[float, float]:
    return float(numbers.mean(dtype=np.float64)), float(numbers.std(dtype=np.float64))


def _flatness(unit: UnitLayer, seen: Observation) -> tuple[float, float]:
    if unit.activation is None:
        return np.nan, np.nan
    is_flat = _is_flat(unit.activation, seen)
    return _share(is_flat), _share(np.all(is_flat, axis=0))


def _is_flat(op: Op, seen: Observation) -> np.ndarray:
    """Where the activation is flat, (n, width)."""
    z = seen.values[op.inputs[0]]
    slope = FORMULAS[op.function].derivative(z.reshape(len(z) * op.copies, -1), *op.settings)
    return np.asarray(np.abs(slope) <= flat_below(op)).reshape(z.shape)


def _gradients(unit: UnitLayer, seen: Observation, weight_sum: float) -> tuple[float, float]:
    """``gradient_rms`` and ``gradient_zero``."""
    d_sums = seen.d_values.get(unit.sums)
    if d_sums is None:
        return np.nan, np.nan
    return weight_sum * float(np.sqrt(np.square(d_sums, dtype=np.float64).mean())), _share(d_sums == 0)


def _weights(weight: Parameter, parameters: np.ndarray, gradient: np.ndarray | None) -> tuple[float, float, float, float, float]:
    """``weight_norm``, ``weight_gradient_norm``, ``weight_gradient_rms``, ``weight_gradient_zero`` and ``distinct``."""
    if not weight.size:
        return (np.nan,) * 5
    w = parameters[weight.slice]
    matrices = w.reshape(-1, *weight.shape[-2:])
    distinct = float(sum(num_distinct(matrix.T, np.abs(w).max(initial=0.0)) for matrix in matrices))
    if gradient is None or not weight.trainable:
        return _norm(w), np.nan, np.nan, np.nan, distinct
    d_w = gradient[weight.slice]
    norm = _norm(d_w)
    return _norm(w), norm, norm / np.sqrt(weight.size), _share(d_w == 0), distinct


def _num_non_finite(unit: UnitLayer, seen: Observation) -> float:
    found = [seen.values[unit.output], seen.d_values.get(unit.sums, np.zeros(0))]
    return float(sum(array.size - np.count_nonzero(np.isfinite(array)) for array in found))


def _histogram(sums: np.ndarray) -> np.ndarray:
    """The share of the sums in each bin."""
    # many comparisons of whole arrays take less time than one search for each number
    below = np.array([np.count_nonzero(sums < edge) for edge in EDGES[1:-1]])
    known = sums.size - np.count_nonzero(np.isnan(sums))
    return np.diff(below, prepend=0, append=known) / sums.size


def _norm(vector: np.ndarray) -> float:
    return float(np.linalg.norm(vector.astype(np.float64)))


def _share(which: np.ndarray) -> float:
    return float(np.count_nonzero(which)) / which.size
