"""Clipping: what bounds are allowed, and that they reach the engine."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lamina.clipping import Clipping
from lamina.engine import plan
from lamina.errors import InvalidSettingError
from lamina.layers import Dense
from lamina.network import Sequential
from lamina.optimizers import GradientDescent
from lamina.training import Trainer, TrainerSettings


def test_one_number_stands_for_two_thresholds():
    assert Clipping(value=0.5).value == (-0.5, 0.5)


def test_thresholds_need_not_be_symmetric():
    assert Clipping(value=(-1, 3)).value == (-1.0, 3.0)


@pytest.mark.parametrize("value", [(-np.inf, 1.0), (None, 1.0), (-2.0, np.inf), (-np.inf, np.inf), (-1.0, 1.0), None])
def test_bounds_survive_standard_json(value):
    bounds = Clipping(value=value, norm=np.float32(2.0))
    settings = TrainerSettings(Sequential([Dense(1)]), "squared_error", clipping=bounds)
    text = json.dumps(settings.to_dict(), allow_nan=False)
    assert TrainerSettings.from_settings(json.loads(text)) == settings
    assert value is None or settings.clipping.value == (value[0] or -np.inf, value[1])


def test_it_is_what_the_engine_takes():
    assert isinstance(Clipping(norm=1.0), plan.Clipping)


@pytest.mark.parametrize("value", [0, -1, (1, 1), (2, -2), (0.5,), "wide", (np.nan, 1)])
def test_thresholds_that_bound_nothing_are_refused(value):
    with pytest.raises(InvalidSettingError, match="low < high"):
        Clipping(value=value)


@pytest.mark.parametrize("name", ["norm", "layer_norm"])
@pytest.mark.parametrize("bound", [0, -1.0, np.inf, np.nan, "1"])
def test_a_norm_must_be_a_positive_number(name, bound):
    with pytest.raises(InvalidSettingError, match=f"{name} must be a number > 0"):
        Clipping(**{name: bound})


def test_a_bounded_gradient_moves_the_weights_no_further():
    X, y = np.full((4, 2), 100.0), np.full(4, 1000.0)
    trainer = Trainer(
        Sequential([Dense(1)], 2), "squared_error", GradientDescent(0.1), clipping=Clipping(norm=1.0), dtype="float64"
    )
    before = trainer.executor.snapshot().parameters
    history = trainer.fit(X, y, max_epochs=1)
    assert np.linalg.norm(trainer.executor.snapshot().parameters - before) == pytest.approx(0.1)
    assert (history[-1]["clipped_steps"], history[-1]["clipped_share"]) == (1, 1.0)


def test_steps_that_clipping_changed_are_counted_with_a_loss_of_ones_own_too():
    def half_squares(logits, targets):
        return 0.5 * np.square(logits - targets).sum(axis=1), logits - targets

    X = np.random.default_rng(0).normal(size=(40, 3))
    counts = []
    for loss in ("squared_error", half_squares):
        settings = {"clipping": Clipping(norm=0.05), "batch_size": 10, "dtype": "float64"}
        trainer = Trainer(Sequential([Dense(1)]), loss, "gradient_descent", **settings)
        counts.append(trainer.fit(X, 5 * X[:, 0], max_epochs=2)[:, "clipped_steps"])
    assert counts == [[4, 4], [4, 4]]
