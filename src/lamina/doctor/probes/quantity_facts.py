"""Facts about a target that is learned as a number: whether it is a class in disguise, and whether few rows outweigh others."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lamina.doctor.probes.baselines import class_baselines, number_baselines
from lamina.doctor.probes.beginning import Beginning
from lamina.doctor.probes.output_facts import OutputFacts

__all__ = ["QuantityFacts", "accuracy_of_rounding", "quantity_facts"]

_FEWEST_VALUES, _MOST_VALUES = 3, 30
_FEWEST_ROWS_A_VALUE = 8
_MAD_OF_NORMAL = 0.6745  # median absolute deviation of a normal distribution, in standard deviations
_FAR = 3.0  # robust standard deviations from the median: 1 in 370 of normal targets
_TAIL = 1.3  # from which on outliers are looked for


@dataclass(frozen=True, slots=True)
class QuantityFacts:
    """One column of numbers; NaN where a quantity was not looked for.

    Attributes
    ----------
    as_classes : float
        Accuracy of the best simple model that takes the values as classes; only of 3 to 30 whole numbers.
    as_numbers : float
        Accuracy of the best simple model that takes them as numbers, after rounding: see :func:`accuracy_of_rounding`.
    tail : float
        Standard deviation over the robust one (from the median absolute deviation): 1 for a normal distribution.
    outliers : float
        Share of targets that lie more than 3 robust deviations from the median.
    explained : float
        R² of the best simple model.
    explained_without_outliers : float
        The same of targets that are bounded to 3 robust deviations from the median; only where ``tail`` is above 1.3.
    """

    as_classes: float
    as_numbers: float
    tail: float
    outliers: float
    explained: float
    explained_without_outliers: float


def quantity_facts(beginning: Beginning, output: OutputFacts) -> QuantityFacts | None:
    """The facts about the target of a network with one input and one output; None if that is not a single column of numbers.

    Examples
    --------
    Three classes on a line whose numbers do not follow their order:

    >>> from lamina import Dense, Sequential, Trainer
    >>> from lamina.doctor.probes.beginning import beginning_of
    >>> from lamina.doctor.probes.output_facts import output_facts
    >>> from lamina.engine.plan import Batches
    >>> X = np.linspace(-1.5, 1.5, 300)[:, None]
    >>> data = Batches([X], [np.array([1.0, 2.0, 0.0])[np.digitize(X, [-0.5, 0.5])]])
    >>> beginning = beginning_of(Trainer(Sequential([Dense(1)]), "squared_error"), data)
    >>> quantity_facts(beginning, *output_facts(beginning)).as_classes > 0.95
    True
    """
    inputs, target = beginning.data.inputs, beginning.data.targets[0]
    if len(inputs) > 1 or len(beginning.data.targets) > 1 or target.shape[1] > 1 or output.learns_labels:
        return None
    seed = beginning.trainer.seed
    y = target[:, 0]
    center = float(np.median(y))
    robust = float(np.median(np.abs(y - center))) / _MAD_OF_NORMAL
    tail = float(y.std()) / robust if robust > 0 else math.nan
    looks_like_classes = _FEWEST_VALUES <= output.num_values <= _MOST_VALUES and output.rows_per_value >= _FEWEST_ROWS_A_VALUE
    has_tail = tail > _TAIL and not looks_like_classes
    if not (looks_like_classes or has_tail):
        return QuantityFacts(*(math.nan,) * 2, tail, _share_beyond(y, center, robust), *(math.nan,) * 2)
    explained = number_baselines(inputs[0], target, seed=seed).best
    as_classes = as_numbers = without = math.nan
    if looks_like_classes:
        as_classes = class_baselines(inputs[0], np.searchsorted(np.unique(y), y), seed=seed).best
        as_numbers = accuracy_of_rounding(explained, float(y.std()))
    if has_tail:
        bounded = np.clip(target, center - _FAR * robust, center + _FAR * robust)
        without = number_baselines(inputs[0], bounded, seed=seed).best
    return QuantityFacts(as_classes, as_numbers, tail, _share_beyond(y, center, robust), explained, without)


def accuracy_of_rounding(r2: float, std: float) -> float:
    """The share of predictions that are right after rounding, if their errors are normal: those below one half.

    >>> accuracy_of_rounding(1.0, 3.0), round(accuracy_of_rounding(0.0, 3.0), 2)
    (1.0, 0.13)
    """
    deviation = std * math.sqrt(max(1.0 - r2, 0.0))
    return math.erf(0.5 / deviation / math.sqrt(2.0)) if deviation > 0 else 1.0


def _share_beyond(y: np.ndarray, center: float, robust: float) -> float:
    return float((np.abs(y - center) > _FAR * robust).mean()) if robust > 0 else math.nan
