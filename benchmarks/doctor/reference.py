"""What can be reached on a data set: the best of some tuned networks, by the mean over the seeds."""

from __future__ import annotations

from functools import cache

import numpy as np

from benchmarks.doctor.recipe import Recipe
from benchmarks.doctor.runs import outcomes

__all__ = ["TUNED", "Reference", "reference_for", "rows_but_for_scale"]

Reference = tuple[float, float]

_STOPS = {"early_stopping": True, "patience": 20, "epochs": 200}
#: Networks for any data set.
TUNED = (
    {"widths": (), "l2": 0.3},
    {"widths": (16,), "l2": 0.1},
    {"widths": (100,), "l2": 1.0},
    {"widths": (100,), "l2": 10.0},
    {"widths": (100,), "l2": 1e-4, "learning_rate": 0.002, "epochs": 200},
    {"widths": (100,), "activation": "tanh", "l2": 0.3},
    {"widths": (64, 64), "l2": 0.3, **_STOPS},
    {"widths": (64, 64), "batch_norm": True, "l2": 0.1, **_STOPS},
    {"widths": (64, 64), "l2": 1.0, "learning_rate": 0.002, "epochs": 200},
)


def reference_for(recipe: Recipe, metric: str) -> Reference:
    """The best mean of the metric, and the spread (largest less smallest) over the seeds of the network that has it.

    The rows are the recipe's but for their scale, of which these networks take care.
    """
    return _reference(recipe.data, rows_but_for_scale(recipe), metric)


def rows_but_for_scale(recipe: Recipe) -> tuple[tuple[str, float], ...]:
    """The changes of the rows that change what can be learned of them."""
    return tuple(change for change in recipe.rows if not change[0].startswith(("inputs_", "one_input_", "target_")))


@cache
def _reference(data: str, rows: tuple[tuple[str, float], ...], metric: str) -> Reference:
    found = [outcomes(Recipe(data=data, network="", rows=rows, **tuned), metric) for tuned in TUNED]
    best = max(found, key=lambda values: float(np.mean(values)))
    return float(np.mean(best)), max(best) - min(best)
