"""The ranges from which a random search draws what cures may change."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from lamina.doctor.cures.cure import Cure
from lamina.search import Draw, Mostly, OneOf, Range

__all__ = ["RANGES", "random_cure"]

#: For each word how its value is drawn; ``widths`` are drawn as one number for all layers. Losses follow from the task.
RANGES: Mapping[str, Draw] = {
    "learning_rate": Range(1e-5, 1.0, log=True),
    "optimizer": OneOf(("gradient_descent", "momentum", "rmsprop", "adam")),
    "schedule": OneOf(("constant", "cosine")),
    "batch_size": Range(8, 512, log=True, whole=True),
    "epochs": Range(10, 300, log=True, whole=True),
    "activation": OneOf(("relu", "leaky_relu", "elu", "tanh", "sigmoid")),
    "output_activation": OneOf((None,)),
    "weight_init": OneOf(("he", "glorot_uniform", "lecun_normal", "orthogonal", "normal")),
    "widths": Range(8, 256, log=True, whole=True),
    "batch_norm": OneOf((False, True)),
    "dropout": Mostly(0.0, Range(0.0, 0.5)),
    "l2": Range(1e-6, 1e-1, log=True),
    "clip_norm": Mostly(None, Range(0.1, 10.0, log=True)),
    "class_weight": OneOf((None, "balanced")),
    "scale_inputs": OneOf((False, True)),
    "scale_targets": OneOf((False, True)),
    "early_stopping": OneOf((False, True)),
    "patience": Range(5, 50, log=True, whole=True),
    "shuffle": OneOf((True,)),
    "shuffle_split": OneOf((True,)),
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
    drawn = {word: RANGES[word].draw(rng) for word in RANGES if word in words}
    if "widths" in drawn:
        drawn["widths"] = (drawn["widths"],) * max(num_hidden, 1)
    if "batch_size" in drawn:
        drawn["batch_size"] = min(drawn["batch_size"], num_rows)
    return Cure("drawn at random", drawn, "A random search (Bergstra & Bengio 2012).")
