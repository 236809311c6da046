"""L15: the range test on one's own data, and its suggestion."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from lamina import (
    LBFGS,
    Activation,
    BatchNorm,
    CustomLoss,
    Dense,
    PerturbAll,
    PerturbOne,
    Sequential,
    Trainer,
    learning_rate_range,
)
from lamina.analysis.learning_rate_range import _smooth
from lamina.analysis.learning_rate_trials import LearningRateTrials, lowest_point, walk
from lamina.errors import DataError, InvalidSettingError, NonFiniteError
from lamina.optimizers import OPTIMIZERS, Adam, AdamW, GradientDescent, StepOptimizer, get_optimizer

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
    assert "where the loss diverged" in str(test)
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


def test_where_no_rate_helps_there_is_no_suggestion_but_a_reason() -> None:
    trainer = make_trainer()
    trainer.executor.restore(parameters=np.full(trainer.executor.program.num_parameters, 0.0))
    test = learning_rate_range(trainer, X, np.zeros(400))
    assert (test.suggestion, test.steepest, test.lowest) == (None, None, None)
    assert "not found: no rate tried lowered the loss within 400 steps" in str(test)


@pytest.mark.parametrize("loss", ["sigmoid_cross_entropy", "squared_error"])
@pytest.mark.parametrize("seed", range(20))
def test_exclusive_or_gets_a_rate_whatever_the_seed_though_growing_rates_solve_it_before_they_are_too_large(
    seed: int, loss: str
) -> None:
    X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    for optimizer in ("gradient_descent", "momentum", "adam", "rmsprop"):
        network = Sequential([Dense(4, activation="tanh"), Dense(1)])
        test = learning_rate_range(Trainer(network, loss, optimizer, seed=seed), X, y)
        assert test.suggestion is not None
        assert test.trials.losses[test.trials.best] < 0.9 * test.trials.start_loss


def test_where_the_start_has_no_loss_there_is_no_suggestion_at_any_rate() -> None:
    trainer = Trainer(Sequential([Dense(1, weight_init="zeros", bias_init="zeros")]), "squared_error")
    test = learning_rate_range(trainer, X, np.zeros(400), trial_steps=20)
    assert test.suggestion is None
    assert test.trials.rates[[0, -1]].tolist() == [1e-6, 10.0]
    assert "It may be as low as it gets" in str(test)


@pytest.mark.filterwarnings("error")
def test_losses_near_the_largest_float_are_compared_all_the_same() -> None:
    trainer = Trainer(Sequential([Dense(1)]), "squared_error", GradientDescent(), dtype="float64", seed=1)
    assert learning_rate_range(trainer, X, 1e152 * Y).suggestion is not None


def test_one_row_that_batch_norm_cannot_train_on_is_refused_as_in_fit() -> None:
    trainer = Trainer(Sequential([Dense(4), BatchNorm(), Dense(1)]), "squared_error")
    with pytest.raises(InvalidSettingError, match="learning_rate_range: the number of rows of a batch must be at least 2"):
        learning_rate_range(trainer, X[:1], Y[:1])


def test_where_every_rate_breaks_training_off_that_is_the_reason() -> None:
    trainer = Trainer(Sequential([Dense(1)]), "squared_error", GradientDescent(), seed=1)
    test = learning_rate_range(trainer, X, Y, low=10.0, high=1e5)
    assert test.suggestion is None
    assert np.isinf(test.trials.losses).all()
    assert "not found: at every rate tried, a number became infinite or NaN. Lower `low`" in str(test)


@pytest.mark.parametrize(("low", "high", "end"), [(1e-6, 1e-4, "highest"), (0.2, 1.0, "lowest")])
def test_a_suggestion_at_an_end_of_the_range_is_called_one(low: float, high: float, end: str) -> None:
    test = learning_rate_range(make_trainer(), X, Y, low=low, high=high)
    assert test.suggestion == (low if end == "lowest" else high)
    assert f"this is the {end} rate tested" in str(test)


@pytest.mark.parametrize("seed", range(20))
def test_the_page_s_example_finds_a_rate_within_the_range_whatever_the_seed(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(1000, 20)).astype("float32")
    y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2]
    network = Sequential([*(Dense(16, activation="tanh") for _ in range(4)), Dense(1)])
    test = learning_rate_range(Trainer(network, "squared_error", batch_size=32, seed=seed), X, y, trial_steps=100)
    assert test.suggestion is not None
    assert test.reason == ""
    assert 1e-4 < test.suggestion < 0.3
    assert len(test.losses) > 100  # no verdict on the first steps, whose rates are tiny
    assert test.steepest is not None
    assert test.steepest > 1e-5


@pytest.mark.parametrize("optimizer", sorted(name for name, kind in OPTIMIZERS.items() if issubclass(kind, StepOptimizer)))
@pytest.mark.parametrize("layers", ["linear", "one", "two", "batch norm"])
def test_training_at_the_suggestion_lowers_the_loss_with_every_network_and_optimizer(layers: str, optimizer: str) -> None:
    hidden = {"linear": [], "one": [Dense(8, activation="tanh")], "two": [Dense(8, activation="relu") for _ in range(2)]}
    hidden["batch norm"] = [Dense(8), BatchNorm(), Activation("relu")]
    trainer = Trainer(Sequential([*hidden[layers], Dense(1)]), "squared_error", optimizer, batch_size=32, seed=1)
    test = learning_rate_range(trainer, X, Y, trial_steps=100)
    assert test.suggestion is not None
    rate = float(test.suggestion)
    again = Trainer(trainer.network, "squared_error", get_optimizer(optimizer, learning_rate=rate), batch_size=32, seed=1)
    again.fit(X, Y, max_epochs=8)
    assert again.evaluate(X, Y)["loss"] < 0.9 * test.trials.start_loss


def test_a_trial_is_what_training_at_its_rate_is() -> None:
    settings = {"dtype": "float64", "batch_size": 80}  # five steps an epoch, which are the last quarter of 20
    test = learning_rate_range(make_trainer("adamw", **settings), X, Y, trial_steps=20)
    for rate, loss in zip(test.trials.rates.tolist(), test.trials.losses.tolist(), strict=True):
        history = make_trainer(AdamW(rate), **settings).fit(X, Y, max_epochs=4)
        np.testing.assert_allclose(history[-1, "loss"], loss, rtol=1e-9)


def test_one_bad_batch_ends_nothing() -> None:
    y = Y.copy()
    y[7] = 1e3
    test = learning_rate_range(make_trainer("adam", loss="absolute_error"), X, y)
    assert len(test.losses) > 100
    assert test.suggestion is not None


def test_the_smoothed_loss_neither_lags_nor_leans_on_the_first_batch() -> None:
    values = np.abs(np.arange(41.0) - 20)
    assert int(np.argmin(_smooth(values, 0.9))) == 20
    noisy = np.random.default_rng(0).normal(size=2000)
    assert _smooth(noisy, 0.9)[:5].std() < 0.3
    np.testing.assert_allclose(_smooth(np.ones(7), 0.5), np.ones(7))


def test_the_smoothed_loss_is_the_weighted_mean_that_it_is_said_to_be() -> None:
    values = np.random.default_rng(0).normal(size=30)
    steps = np.arange(30)
    weights = 0.8 ** np.abs(steps[:, None] - steps)
    np.testing.assert_allclose(_smooth(values, 0.8), weights @ values / weights.sum(axis=1))


def test_rows_in_parts_are_the_rows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = learning_rate_range(make_trainer(dtype="float64"), X, Y, num_steps=40, trial_steps=20)
    monkeypatch.setattr("lamina.analysis.learning_rate_runs._ROWS_AT_ONCE", 100)
    parts = learning_rate_range(make_trainer(dtype="float64"), X, Y, num_steps=40, trial_steps=20)
    np.testing.assert_array_equal(whole.losses, parts.losses)
    np.testing.assert_array_equal(whole.trials.losses, parts.trials.losses)


def test_decoupled_weight_decay_counts() -> None:
    plain = learning_rate_range(make_trainer(AdamW(weight_decay=0.0)), X, Y, num_steps=40, trial_steps=20)
    decayed = learning_rate_range(make_trainer(AdamW(weight_decay=1.0)), X, Y, num_steps=40, trial_steps=20)
    assert (plain.losses[-5:] != decayed.losses[-5:]).all()


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
        ({"trial_steps": 19}, "trial_steps must be an integer >= 20"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(InvalidSettingError, match=message):
        learning_rate_range(make_trainer(), X, Y, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("optimizer", [LBFGS(), PerturbAll(0.01), PerturbOne()])
def test_an_optimizer_without_steps_along_a_gradient_is_refused(optimizer: object) -> None:
    with pytest.raises(InvalidSettingError, match="must use a learning rate for steps along a gradient"):
        learning_rate_range(make_trainer(optimizer), X, Y)


def test_something_that_is_no_trainer_is_refused() -> None:
    with pytest.raises(InvalidSettingError, match="trainer must be a Trainer"):
        learning_rate_range("adam", X, Y)  # type: ignore[arg-type]


def test_data_with_holes_are_refused() -> None:
    with pytest.raises(DataError):
        learning_rate_range(make_trainer(), np.full_like(X, np.nan), Y)


def test_data_that_overflow_before_training_are_refused() -> None:
    with pytest.raises(NonFiniteError, match="batch 1 is not finite before any training"):
        learning_rate_range(make_trainer(dtype="float32"), X, np.full(400, 1e30))


@pytest.mark.parametrize("lowest", [1e-5, 1e-3, 1.0, 30.0])
@pytest.mark.parametrize("start", [1e-6, 1e-3, 10.0])
def test_the_walk_goes_to_the_lowest_rate_between_the_limits(start: float, lowest: float) -> None:
    tried = walk(lambda rate: abs(np.log(rate / lowest)), start, 1e-6, 10.0)
    best = min(tried, key=lambda rate: tried[rate])
    assert min(tried) >= 1e-6
    assert max(tried) <= 10.0
    assert abs(np.log(best / min(lowest, 10.0))) < np.log(10) / 3
    assert min(tried) < best < max(tried) or best in (1e-6, 10.0)


def test_the_walk_leaves_rates_that_ran_away_and_what_did_well_among_them_by_luck() -> None:
    losses = {10.0: 0.2, 10 ** (2 / 3): 0.1, 10 ** (1 / 3): 5.0}
    tried = walk(lambda rate: losses.get(rate, 9.0 if rate > 0.5 else abs(np.log(rate / 0.01))), 10.0, 1e-6, 10.0, 1.0)
    rates = np.array(sorted(tried))
    trials = LearningRateTrials(rates, np.array([tried[rate] for rate in rates]), rates > 0, 1.0, 20)
    assert rates[trials.best] == pytest.approx(0.01)
    assert rates[0] < rates[trials.best]


def test_the_walk_goes_both_ways_while_nothing_has_changed() -> None:
    tried = walk(lambda rate: 1.0, 1e-2, 1e-6, 10.0, 1.0)
    assert (min(tried), max(tried)) == (1e-6, 10.0)


def test_the_lowest_point_is_that_of_the_parabola() -> None:
    rates = np.array([0.001, 0.01, 0.05])
    trials = LearningRateTrials(rates, 1 + np.log(rates / 0.008) ** 2, rates > 0, 1e9, 20)
    assert lowest_point(trials) == pytest.approx(0.008)
    at_end = LearningRateTrials(rates, np.array([1.0, 2.0, 3.0]), rates > 0, 9.0, 20)
    assert lowest_point(at_end) == 0.001
