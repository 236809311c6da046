"""Makes the threshold units of a perceptron from labeled rows: one per class, or a single one for two classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.engine import PerceptronRows, PerceptronRule
from lamina.errors import DataError, InvalidSettingError, phrase
from lamina.estimators.perceptron.threshold_unit import HeldOutRows, ThresholdUnit
from lamina.estimators.target.class_weights import weights_of_classes
from lamina.estimators.target.encoding import LabelEncoding
from lamina.initializers import Initializer, RowInitializer, get_initializer
from lamina.network.named_arrays import as_numbers

__all__ = ["ClassWeight", "FitRows", "class_weights", "make_units", "started_weights"]

ClassWeight = str | Mapping[Any, float] | None


@dataclass(frozen=True, slots=True)
class FitRows:
    """Rows X (n, d), their encoded labels (n, 1) and weights (n,), class weights, and the indices of the rows that count."""

    X: Any
    encoded: np.ndarray
    weight: np.ndarray
    class_weights: np.ndarray
    counts: np.ndarray
    encoding: LabelEncoding

    @property
    def num_units(self) -> int:
        return 1 if self.encoding.num_classes == 2 else self.encoding.num_classes

    def of_unit(self, unit: int) -> tuple[np.ndarray, np.ndarray]:
        """A unit's targets, −1 and +1, and its weights of the rows; both float64 (n,)."""
        two = self.num_units == 1
        is_own = self.encoded.ravel() == (1 if two else unit)
        own, others = (self.class_weights[1], self.class_weights[0]) if two else (self.class_weights[unit], 1.0)
        dtype = self.X.dtype  # the dtype in which scikit-learn multiplies them
        weight = self.weight.astype(dtype) * np.where(is_own, own, others).astype(dtype)
        return np.where(is_own, 1.0, -1.0), weight.astype(np.float64)


def class_weights(class_weight: ClassWeight, encoding: LabelEncoding, encoded: np.ndarray) -> np.ndarray:
    """One weight per class, (n_classes,)."""
    if class_weight is None:
        return np.ones(encoding.num_classes)
    return weights_of_classes(class_weight, encoding.classes, encoded.ravel())


def started_weights(
    data: FitRows, weight_init: str | Initializer | Mapping[str, Any], rng: np.random.RandomState, coef: Any, intercept: Any
) -> np.ndarray:
    """Initial weights, the bias last, float64 (units, d + 1): given or drawn; the bias is 0 if not given.

    Raises
    ------
    DataError
        If given weights have the wrong shape or are not finite numbers.
    """
    num_units, width = data.num_units, data.X.shape[1]
    initializer = get_initializer(weight_init)
    if isinstance(initializer, RowInitializer):
        rule, repair = "must not depend on training rows", "Choose another, such as 'normal'."
        raise InvalidSettingError(phrase("weight_init", rule, initializer, repair=repair, owner="Perceptron"))
    start = np.zeros((num_units, width + 1))
    if coef is not None:
        start[:, :-1] = _fitting("coef_init", coef, (num_units, width))
    else:
        generator = np.random.Generator(np.random.MT19937())
        generator.bit_generator.state = rng.get_state(legacy=False)
        start[:, :-1] = [initializer(generator, (width, 1), width, 1, data.X.dtype).ravel() for _ in range(num_units)]
    if intercept is not None:
        start[:, -1] = _fitting("intercept_init", intercept, (num_units,))
    return start


def make_units(
    data: FitRows,
    rule: PerceptronRule,
    start: np.ndarray,
    settings: Mapping[str, Any],
    split: tuple[float, Any] | None,
) -> list[ThresholdUnit]:
    """Make the units; ``split`` is the fraction to hold out for early stopping, and the random state."""
    rows, held_out = (data.counts, None) if split is None else _hold_out(data, *split)
    units = []
    for i in range(data.num_units):
        target, weight = data.of_unit(i)
        watched = None if held_out is None else HeldOutRows(data.X[held_out], target[held_out], data.weight[held_out])
        units.append(ThresholdUnit(PerceptronRows(data.X, target, weight, rows), rule, start[i], held_out=watched, **settings))
    return units


def _fitting(name: str, given: Any, shape: tuple[int, ...]) -> np.ndarray:
    array = as_numbers(name, given).astype(np.float64)
    if array.size == 1 and shape == (1,):
        array = array.reshape(shape)
    if len(shape) == 2 and shape[0] == 1 and array.ndim == 1:
        array = array[np.newaxis]
    if array.shape != shape:
        raise DataError(phrase(f"the shape of {name}", f"must be {shape}", array.shape, owner="Perceptron"))
    if not np.isfinite(array).all():
        wrong = float(array[~np.isfinite(array)][0])
        raise DataError(phrase(name, "must hold finite numbers", wrong, owner="Perceptron"))
    return array


def _hold_out(data: FitRows, fraction: float, random_state: Any) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the rows to train on and of those held out, the same as scikit-learn's."""
    # Imported here, because it also imports scikit-learn's metrics, preprocessing and callbacks, which takes long.
    from sklearn.model_selection import StratifiedShuffleSplit

    splitter, labels = StratifiedShuffleSplit(test_size=fraction, random_state=random_state), data.encoded.ravel()[data.counts]
    try:
        train, held_out = next(splitter.split(np.zeros((len(labels), 1)), labels))
    except ValueError as error:
        raise DataError(
            f"Perceptron: early_stopping cannot hold out validation_fraction={fraction:g} of the rows: {error}"
        ) from error
    train, held_out = data.counts[np.sort(train)], data.counts[np.sort(held_out)]
    if not data.weight[held_out].any():
        rule = "must hold a weight > 0 among the rows that early_stopping holds out"
        raise DataError(phrase("sample_weight", rule, "only zeros", repair="Use another random_state.", owner="Perceptron"))
    return train, held_out
