"""What a network does, as arrays that the page draws."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lamina.analysis import layer_outputs
from lamina.lab.experiment import Experiment
from lamina.lab.plane_features import COORDINATES, features_of
from lamina.lab.toy_data import TOYS

__all__ = ["LIMIT", "decision_map", "grid", "unit_maps", "weights_of"]

#: Maps of the plane reach from -LIMIT to LIMIT on both axes.
LIMIT = 1.25
_FAINT = 1e-3  # of the strongest unit in a layer
_MOST_DRAWN = 60_000  # weights


def grid(size: int) -> np.ndarray:
    """The centers of ``size * size`` cells of the plane, row by row from the top; float32 (size², 2)."""
    centers = ((np.arange(size) + 0.5) / size * 2 - 1) * LIMIT
    x, y = np.meshgrid(centers, centers[::-1])
    return np.column_stack([x.ravel(), y.ravel()]).astype(np.float32)


@lru_cache(maxsize=8)
def _features_of_grid(size: int, names: tuple[str, ...]) -> np.ndarray:
    features = features_of(grid(size), names)
    features.flags.writeable = False  # it is everybody's
    return features


def _inputs(experiment: Experiment, size: int) -> np.ndarray:
    """What the network gets in each cell of the plane; a table's two columns are its coordinates."""
    data = experiment.state.data
    return _features_of_grid(size, data.features if data.source in TOYS else COORDINATES)


def decision_map(experiment: Experiment, size: int) -> np.ndarray:
    """What the network predicts in each cell, uint8 (size, size): 0 for class 0 or a number of -1, 255 for class 1 or 1."""
    predicted = np.asarray(experiment.trainer.predict(_inputs(experiment, size)))[:, 0]
    low, high = (experiment.loss.label_codes or (0, 1)) if experiment.rows.classes else (-1, 1)
    return _bytes((predicted - low) / (high - low)).reshape(size, size)


def unit_maps(experiment: Experiment, size: int) -> dict[str, np.ndarray]:
    """What each input, as the layer "x", and each hidden unit gives in each cell, uint8 (units, size, size) by layer; 128 for 0,
    255 for its largest value, unless that is next to nothing."""
    inputs, hidden = _inputs(experiment, size), experiment.hidden
    given = {"x": inputs}
    if hidden:
        outputs = layer_outputs(experiment.trainer, inputs, layers=hidden)
        given |= {name: outputs[name] for name in hidden}
    maps = {}
    for name, array in given.items():
        values = array.T
        largest = np.abs(values).max(axis=1, keepdims=True)
        largest = np.maximum(largest, max(_FAINT * float(largest.max()), _FAINT**2))  # lest rounding look like a response
        maps[name] = _bytes((values / largest + 1) / 2).reshape(-1, size, size)
    return maps


def weights_of(experiment: Experiment) -> dict[str, np.ndarray]:
    """The weights and biases of the layers by name, float32; none of a network of so many that lines would not be seen."""
    trainer = experiment.trainer
    if trainer.executor.program.num_parameters > _MOST_DRAWN:
        return {}
    return {
        f"{layer}.{part}": np.asarray(trainer.weights[f"{layer}.{part}"], dtype=np.float32)
        for layer in experiment.weighted
        for part in ("weight", "bias")
    }


def _bytes(share: np.ndarray) -> np.ndarray:
    return np.asarray((np.nan_to_num(np.clip(share, 0, 1)) * 255).round(), dtype=np.uint8)
