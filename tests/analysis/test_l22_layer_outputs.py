"""L22: what a training step sees of each layer, with its dropout masks."""

from __future__ import annotations

import numpy as np
import pytest

from lamina import BatchNorm, Dense, Dropout, Sequential, Trainer, layer_outputs
from lamina.errors import InvalidSettingError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = X[:, :1]


def trainer(**settings: object) -> Trainer:
    layers = [Dense(8, activation="sigmoid"), BatchNorm(), Dropout(0.25), Dense(1)]
    return Trainer(Sequential(layers, 3), "squared_error", dtype="float64", shuffle=False, batch_size=None, **settings)


def test_dropped_units_are_zero_and_kept_ones_are_scaled() -> None:
    outputs = layer_outputs(trainer(), X, training=True)
    before, after = outputs["batch_norm_1"], outputs["dropout_1"]
    dropped = after == 0
    assert 0.1 < dropped.mean() < 0.4
    np.testing.assert_allclose(after[~dropped], before[~dropped] / 0.75)


@pytest.mark.parametrize("seed", range(3))
def test_the_masks_are_those_of_each_training_step(seed: int) -> None:
    model = trainer(seed=seed)
    for _ in range(3):
        outputs = layer_outputs(model, X, training=True, step=model.step)
        loss = float((0.5 * (outputs["dense_2"] - Y) ** 2).mean())
        assert model.fit(X, Y, max_epochs=1)[-1]["loss"] == pytest.approx(loss, rel=1e-12)


def test_step_and_seed_choose_the_masks() -> None:
    model = trainer(seed=4)

    def masked(**settings: int) -> np.ndarray:
        return layer_outputs(model, X, training=True, **settings)["dropout_1"]

    np.testing.assert_array_equal(masked(), masked(seed=4, step=0))
    assert (masked() != masked(step=1)).any()
    assert (masked() != masked(seed=5)).any()


def test_outside_of_training_dropout_is_off_and_nothing_changes() -> None:
    model = trainer()
    before = model.executor.snapshot()
    outputs = layer_outputs(model, X)
    np.testing.assert_array_equal(outputs["dropout_1"], outputs["batch_norm_1"])
    layer_outputs(model, X, training=True)
    after = model.executor.snapshot()
    np.testing.assert_array_equal(before.parameters, after.parameters)
    np.testing.assert_array_equal(before.state, after.state)


def test_the_lectures_two_input_unit_is_scaled_in_training() -> None:
    """The lecture's E[y] = (w1 x1 + w2 x2) / 2 is 0.75 for w = (1, 1/2), x = (1, 1); scaled in training, it is 1.5."""
    unit = Trainer(Sequential([Dropout(0.5), Dense(1, use_bias=False)], 2), "squared_error")
    unit.weights = {"dense_1.weight": [[1.0], [0.5]]}
    outputs = layer_outputs(unit, np.ones((4000, 2)), training=True)
    lectures = (outputs["dropout_1"] != 0) @ [1.0, 0.5]
    assert set(lectures.tolist()) == {0.0, 0.5, 1.0, 1.5}
    np.testing.assert_allclose(outputs["dense_1"][:, 0], 2 * lectures)
    assert lectures.mean() == pytest.approx(0.75, abs=0.05)
    assert unit.predict(np.ones((1, 2)))[0, 0] == pytest.approx(1.5)


@pytest.mark.parametrize("wrong", [{"step": -1}, {"seed": 0.5}])
def test_a_wrong_step_or_seed_is_rejected(wrong: dict) -> None:
    with pytest.raises(InvalidSettingError, match=r"must be .*an integer >= 0"):
        layer_outputs(trainer(), X, training=True, **wrong)
