"""The ranges from which a random search draws what cures may change."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from lamina.doctor.cures.cure import Cure

__all__ = ["RANGES", "random_cure"]

Draw = Callable[[np.random.Generator], Any]


def _log_uniform(low: float, high: float) -> Draw:
    return lambda rng: float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _whole(low: int, high: int) -> Draw:
    return lambda rng: round(_log_uniform(low, high)(rng))


def _one_of(*values: Any) -> Draw:
    return lambda rng: values[rng.integers(len(values))]


def _or(value: Any, draw: Draw) -> Draw:
    """The value in every second case."""
    return lambda rng: value if rng.integers(2) else draw(rng)


#: For each word how its value is drawn; ``widths`` are drawn as one number for all layers. Losses follow from the task.
RANGES: Mapping[str, Draw] = {
    "learning_rate": _log_uniform(1e-5, 1.0),
    "optimizer": _one_of("gradient_descent", "momentum", "rmsprop", "adam"),
    "schedule": _one_of("constant", "cosine"),
    "batch_size": _whole(8, 512),
    "epochs": _whole(10, 300),
    "activation": _one_of("relu", "leaky_relu", "elu", "tanh", "sigmoid"),
    "output_activation": _one_of(None),
    "weight_init": _one_of("he", "glorot_uniform", "lecun_normal", "orthogonal", "normal"),
    "widths": _whole(8, 256),
    "batch_norm": _one_of(False, True),
    "dropout": _or(0.0, lambda rng: float(rng.uniform(0.0, 0.5))),
    "l2": _log_uniform(1e-6, 1e-1),
    "clip_norm": _or(None, _log_uniform(0.1, 10.0)),
    "class_weight": _one_of(None, "balanced"),
    "scale_inputs": _one_of(False, True),
    "scale_targets": _one_of(False, True),
    "early_stopping": _one_of(False, True),
    "patience": _whole(5, 50),
    "shuffle": _one_of(True),
    "shuffle_split": _one_of(True),
}


def random_cure(words: Collection[str], rng: np.random.Generator, *, num_hidden: int, num_rows: int) -> Cure:
    """A cure that changes each of the words to a value drawn from its range.

    Parameters
    ----------
    words : collection of str
        Those without a range are left out.
    rng : numpy.random.Generator
    num_hidden : int
        Hidden layers, which all get the same width; at least 1 are made.
    num_rows : int
        A batch is not larger.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> dict(random_cure(["batch_size", "dropout"], rng, num_hidden=1, num_rows=100).changes)
    {'batch_size': 100, 'dropout': 0.0}
    """
    drawn = {word: RANGES[word](rng) for word in RANGES if word in words}
    if "widths" in drawn:
        drawn["widths"] = (drawn["widths"],) * max(num_hidden, 1)
    if "batch_size" in drawn:
        drawn["batch_size"] = min(drawn["batch_size"], num_rows)
    return Cure("drawn at random", drawn, "A random search (Bergstra & Bengio 2012).")
