"""L15: the range test on one's own data, and its suggestion."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from lamina import LBFGS, CustomLoss, Dense, Sequential, Trainer, learning_rate_range
from lamina.errors import DataError, InvalidSettingError, NonFiniteError
from lamina.optimizers import Adam, GradientDescent

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 8))
Y = X[:, 0] * X[:, 1] + X[:, 2]


def make_trainer(optimizer: object = "adam", loss: object = "squared_error", **settings: object) -> Trainer:
    network = Sequential([Dense(16, activation="tanh"), Dense(1)], input_width=8)
    return Trainer(network, loss, optimizer, seed=1, **settings)  # type: ignore[arg-type]


def test_the_trainer_is_untouched() -> None:
    trainer = make_trainer()
    trainer.fit(X, Y, max_epochs=1)
    names = ("parameters", "state", "slots")
    before = {name: getattr(trainer.executor.snapshot(), name) for name in names}
    history = copy.deepcopy(trainer.history)
    learning_rate_range(trainer, X, Y)
    for name in names:
        np.testing.assert_array_equal(before[name], getattr(trainer.executor.snapshot(), name))
    assert (trainer.history, trainer.epoch, trainer.step) == (history, 1, 13)


@pytest.mark.parametrize("optimizer", [Adam(), GradientDescent()])
def test_the_suggested_rate_trains_better_than_one_much_smaller_or_much_larger(optimizer: Adam | GradientDescent) -> None:
    suggestion = learning_rate_range(make_trainer(optimizer), X, Y).suggestion

    def loss_after_training(rate: float) -> float:
        trainer = make_trainer(type(optimizer)(rate))
        try:
            with np.errstate(all="ignore"):
                return trainer.fit(X, Y, max_epochs=8)[-1, "loss"]
        except NonFiniteError:
            return np.inf

    good = loss_after_training(suggestion)
    assert good < 0.5 * loss_after_training(suggestion / 100)
    assert good < 0.5 * loss_after_training(suggestion * 100)


def test_rates_grow_geometrically_and_the_test_ends_where_the_loss_runs_away() -> None:
    test = learning_rate_range(make_trainer(GradientDescent()), X, Y, low=1e-4, high=100.0, num_steps=100)
    ratios = test.learning_rates[1:] / test.learning_rates[:-1]
    np.testing.assert_allclose(ratios, (1e6) ** (1 / 99))
    assert test.diverged
    assert len(test.learning_rates) < 100
    assert test.suggestion == test.lowest / 10
    assert "suggested" in str(test)
    assert len(test.to_frame()) == len(test.losses)


def test_the_losses_are_those_that_training_with_these_rates_has() -> None:
    test = learning_rate_range(make_trainer("adam", dtype="float64"), X, Y, low=1e-5, high=1e-2, num_steps=13)
    trainer = make_trainer("adam", dtype="float64", schedule=lambda step: float(np.geomspace(1e-5, 1e-2, 13)[step]))
    mean = trainer.fit(X, Y, max_epochs=1)[-1, "loss"]
    weights = np.array([32.0] * 12 + [16.0])
    # the test's last batch is full, the epoch's is not
    np.testing.assert_allclose(test.losses[:12].sum() * 32, mean * weights.sum() - trainer_last(trainer) * 16, rtol=1e-9)


def trainer_last(trainer: Trainer) -> float:
    """The loss of the last, shorter batch of the first epoch, from a second run that stops before it."""
    from lamina.engine import permutation

    rows = permutation(400, seed=1, epoch=0)[384:]
    again = make_trainer("adam", dtype="float64", schedule=lambda step: float(np.geomspace(1e-5, 1e-2, 13)[step]), shuffle=False)
    again.fit(X[permutation(400, seed=1, epoch=0)[:384]], Y[permutation(400, seed=1, epoch=0)[:384]], max_epochs=1)
    return again.evaluate(X[rows], Y[rows])["loss"]


def test_where_no_rate_helps_there_is_no_suggestion() -> None:
    trainer = make_trainer()
    trainer.executor.restore(parameters=np.full(trainer.executor.program.num_parameters, 0.0))
    test = learning_rate_range(trainer, X, np.zeros(400))
    assert np.isnan(test.suggestion)
    assert "no rate lowered the loss" in str(test)


def test_a_loss_of_ones_own_can_be_tested() -> None:
    loss = CustomLoss(lambda z, t: (0.5 * np.sum((z - t) ** 2, axis=1), z - t))
    own = learning_rate_range(make_trainer("adam", loss), X, Y, num_steps=40)
    built_in = learning_rate_range(make_trainer("adam"), X, Y, num_steps=40)
    np.testing.assert_allclose(own.losses, built_in.losses, rtol=1e-3)


def test_a_network_of_unknown_width_is_built_for_the_test_alone() -> None:
    trainer = Trainer(Sequential([Dense(4, activation="relu"), Dense(1)]), "squared_error")
    learning_rate_range(trainer, X, Y, num_steps=20)
    assert not trainer.network.is_built


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"low": 1.0, "high": 0.1}, "low must be less than high"),
        ({"low": 0.0}, "low must be a number > 0"),
        ({"num_steps": 3}, "num_steps must be an integer >= 10"),
        ({"smoothing": 1.0}, "smoothing must be a number in"),
        ({"runaway": 1.0}, "runaway must be a number > 1"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(InvalidSettingError, match=message):
        learning_rate_range(make_trainer(), X, Y, **settings)  # type: ignore[arg-type]


def test_an_optimizer_without_steps_is_refused() -> None:
    with pytest.raises(InvalidSettingError, match="must use a learning rate"):
        learning_rate_range(make_trainer(LBFGS()), X, Y)


def test_something_that_is_no_trainer_is_refused() -> None:
    with pytest.raises(InvalidSettingError, match="trainer must be a Trainer"):
        learning_rate_range("adam", X, Y)  # type: ignore[arg-type]


def test_data_with_holes_are_refused() -> None:
    with pytest.raises(DataError):
        learning_rate_range(make_trainer(), np.full_like(X, np.nan), Y)
