"""The control: random search over the settings that cures change, with as many trainings as a treatment.

Each trial draws a handful of the settings anew, trains on three quarters of the training rows and is scored on the rest; the best
is trained on all rows. The recipe as it is counts as a trial, too: as far as those rows tell, the search ends no worse than it
began.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, final

import numpy as np

from benchmarks.doctor.case import Case, Outcome
from benchmarks.doctor.data_sets import Split
from benchmarks.doctor.doctors import Opinion, Treated
from benchmarks.doctor.recipe import Recipe

__all__ = ["RANDOM_SEARCH", "SPACE", "RandomSearch"]

Draw = Callable[[np.random.Generator], Any]


def _one_of(*values: Any) -> Draw:
    return lambda rng: values[rng.integers(len(values))]


def _log_uniform(low: float, high: float) -> Draw:
    return lambda rng: float(np.exp(rng.uniform(np.log(low), np.log(high))))


#: The settings that cures may change, as far as a recipe has them, and where their values are drawn.
SPACE: dict[str, Draw] = {
    "learning_rate": _log_uniform(1e-4, 0.3),
    "epochs": _one_of(25, 50, 100, 200, 400),
    "activation": _one_of("relu", "tanh", "leaky_relu", "sigmoid"),
    "weight_init": _one_of("auto", "he", "xavier"),
    "batch_size": _one_of(8, 32, 64, 200),
    "clip_norm": _one_of(None, 1.0, 0.1),
    "batch_norm": _one_of(False, True),
    "dropout": _one_of(0.0, 0.2, 0.5),
    "l2": _log_uniform(1e-4, 10.0),
    "optimizer": _one_of("adam", "momentum", "gradient_descent"),
    "widths": _one_of((32,), (100,), (64, 64), (32, 32, 32)),
    "loss": _one_of(None),
    "output_activation": _one_of(None),
    "scale_inputs": _one_of(False, True),
    "class_weight": _one_of(None, "balanced"),
    "early_stopping": _one_of(False, True),
    "patience": _one_of(5, 10, 30),
}
_SETTINGS_A_TRIAL = 4
_ONLY_ESTIMATORS = ("class_weight", "early_stopping", "patience")
_ONLY_CLASSES = ("class_weight",)


@final
class RandomSearch:
    """Finds nothing wrong with anything, and treats by chance."""

    name = "random search"

    def diagnose(self, case: Case) -> Opinion:
        return Opinion(())

    def treat(self, case: Case, budget: int) -> Treated:
        rng = np.random.default_rng([case.seed, 31])
        trials = [case.recipe, *(_drawn(case.recipe, rng) for _ in range(budget - 2))]
        scores = [_score(recipe, case) for recipe in trials]
        best = trials[int(np.argmax(scores))]
        changed = [field.name for field in fields(Recipe) if getattr(best, field.name) != getattr(case.recipe, field.name)]
        return Treated(Case.with_rows(best, case.split, case.seed).train(), changed, len(trials) + 1)


RANDOM_SEARCH = RandomSearch()


def _drawn(recipe: Recipe, rng: np.random.Generator) -> Recipe:
    """The recipe with a few settings drawn anew."""
    names = [
        name
        for name in SPACE
        if not (recipe.form == "trainer" and name in _ONLY_ESTIMATORS) and (recipe.classifies or name not in _ONLY_CLASSES)
    ]
    chosen = rng.choice(names, size=min(_SETTINGS_A_TRIAL, len(names)), replace=False)
    changes = {str(name): SPACE[str(name)](rng) for name in chosen}
    if changes.get("optimizer") == "momentum":
        changes["momentum"] = 0.9
    if changes.get("scale_inputs") and recipe.form == "estimator" and not recipe.scale_inputs:
        changes["form"] = "pipeline"
    return recipe.with_changes(**changes)


def _score(recipe: Recipe, case: Case) -> float:
    """On a quarter of the training rows, by accuracy or R²; that of a recipe that cannot be trained is the lowest."""
    order = np.random.default_rng([case.seed, 37]).permutation(len(case.X))
    cut = 3 * len(order) // 4
    train, rest = order[:cut], order[cut:]
    inner = Case.with_rows(recipe, Split(case.X[train], case.y[train], case.X[rest], case.y[rest]), case.seed)
    return _plain(inner.outcome(inner.train()))


def _plain(outcome: Outcome) -> float:
    return outcome.scores.get("balanced_accuracy", outcome.scores.get("r2", -np.inf))
