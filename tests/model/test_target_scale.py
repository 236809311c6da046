"""Numbers may be learned on another scale; whatever is given to a model and comes from it is in their own unit."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina import Monitor, TabularRegressor, fit_table, load_model
from lamina.data import DataWarning
from lamina.errors import DataError, InvalidSettingError, NonFiniteError
from lamina.metrics import NUMBER_METRICS
from lamina.model import OptimizationSettings, TableSettings
from lamina.model.scale_choice import Trial, is_skewed, log_is_better
from lamina.model.target_scale import LinearScale, LogScale, QuantileScale, get_scale, scale_of_means
from lamina.model.upgrades import UPGRADES

RNG = np.random.default_rng(0)
N = 600
FRAME = pd.DataFrame(RNG.normal(size=(N, 3)), columns=["size", "age", "noise"])
PRICE = np.exp(8 + 1.5 * FRAME["size"] - FRAME["age"] + 0.2 * RNG.normal(size=N)).to_numpy()
PLAIN = (3 * FRAME["size"] - FRAME["age"] + 100).to_numpy()
ALL = ["linear", "log", "quantile"]


USUAL = {"hidden": 16, "max_epochs": 40, "random_state": 0, "n_threads": 1, "preset": "fast"}


def regressor(**parameters: Any) -> TabularRegressor:
    return TabularRegressor(**{**USUAL, **parameters})


# The scales.


@given(st.lists(st.floats(1e-3, 1e6), min_size=3, max_size=50, unique=True))
def test_the_inverse_of_a_scale_gives_back_what_went_in(values: list[float]) -> None:
    y = np.array(values)
    for scale in (LinearScale.learn(y), LogScale.learn(y), LogScale.learn(y, lowest=0.0), QuantileScale.learn(y)):
        for known in (scale, get_scale(json.loads(json.dumps(scale.to_dict())))):
            beyond = np.concatenate([y, [y.max() * 2]])
            np.testing.assert_allclose(known.inverse(known.forward(beyond)), beyond, rtol=1e-6, atol=1e-6 * y.max())


@pytest.mark.parametrize("scale", [LinearScale, LogScale, QuantileScale])
def test_a_scale_keeps_the_order_of_its_targets_and_centers_them(scale: Any) -> None:
    z = scale.learn(PRICE).forward(np.sort(PRICE))
    assert (np.diff(z) >= 0).all()
    assert z.mean() == pytest.approx(0, abs=0.01)
    assert z.std() == pytest.approx(1, abs=0.02)


def test_targets_of_0_have_a_place_on_a_log_scale() -> None:
    scale = LogScale.learn(np.array([0.0, 10.0, 20.0, 30.0]))
    assert scale.offset == 2.0
    np.testing.assert_allclose(scale.inverse(scale.forward(np.array([0.0, 5.0]))), [0.0, 5.0], atol=1e-12)
    assert scale.inverse(np.array([-50.0])) == 0.0


def test_a_log_scale_of_means_has_the_mean_of_the_targets() -> None:
    y, predicted = np.array([1.0, 2.0, 6.0]), np.array([1.0, 2.0, 3.0])
    scale = LogScale.learn(y)
    corrected = scale_of_means(scale, y, predicted)
    assert corrected.factor == 1.5
    np.testing.assert_allclose(corrected.inverse(scale.forward(predicted)), 1.5 * predicted)
    weighted = scale_of_means(scale, y, predicted, np.array([1.0, 1.0, 0.0]))
    assert weighted.factor == 1.0


@pytest.mark.parametrize(("y", "predicted"), [([0.0, 0.0], [1.0, 2.0]), ([0.0, 9.0], [0.0, 0.0]), ([0.0, 0.0], [0.0, 0.0])])
def test_where_no_factor_gives_the_mean_a_log_scale_stays(y: list[float], predicted: list[float]) -> None:
    scale = LogScale(offset=1.0, factor=2.0)
    assert scale_of_means(scale, np.array(y), np.array(predicted)) == scale


def test_a_log_scale_on_which_all_is_predicted_as_0_is_no_error() -> None:
    y = np.zeros(200)
    y[::50] = 1e6
    parameters = {"target_scale": "log", "hidden": 4, "learning_rate": 1e-9, "weight_init": "zeros", "max_epochs": 2}
    model = regressor(**parameters).fit(FRAME[:200], y)
    assert model.predict(FRAME[:200]).tolist() == [0.0] * 200


def test_a_far_prediction_on_a_log_scale_is_finite() -> None:
    assert np.isfinite(LogScale.learn(PRICE).inverse(np.array([1e30, -1e30]))).all()


@pytest.mark.parametrize("values", [[], [1.0], [2.0, 1.0], [1.0, 1.0]])
def test_knots_must_rise(values: list[float]) -> None:
    with pytest.raises(DataError, match="must be two or more pairs that rise"):
        QuantileScale(tuple(values), tuple(range(len(values))))


# The choice.


def test_skewness_alone_is_not_enough() -> None:
    assert is_skewed(PRICE, np.log(PRICE))
    assert not is_skewed(PLAIN, np.log(PLAIN))
    tail = np.concatenate([np.full(500, 1.0), np.full(5, 2.0)])
    assert not is_skewed(tail, np.log(tail))  # logarithms are as skewed


def test_a_scale_that_is_better_by_chance_alone_is_not_better() -> None:
    noise = RNG.normal(size=N)
    linear = Trial(PLAIN, PLAIN + noise, PLAIN + noise)
    alike = Trial(PLAIN, PLAIN - noise, PLAIN - noise)
    with pytest.warns(DataWarning, match="is skewed; a log scale was not clearly better"):
        assert not log_is_better("price", linear, alike, "loss")
    better = Trial(PLAIN, PLAIN + noise / 2, PLAIN + noise / 2)
    with pytest.warns(
        DataWarning, match=r"learned on a log scale, which was better in a short trial \(MAE 0\.\d+, linear 0\.\d+; R2 "
    ):
        assert log_is_better("price", linear, better, "rmse")


def test_better_medians_do_not_make_up_for_worse_means() -> None:
    linear = Trial(PLAIN, PLAIN + 1, PLAIN + 1)
    far = np.where(np.arange(N) % 10 == 0, 9.0, 0.0)
    log = Trial(PLAIN, PLAIN + far, PLAIN + far)
    with pytest.warns(DataWarning):
        assert not log_is_better("price", linear, log, "r2")
        assert log_is_better("price", linear, replace_predicted(log), "mae")


def replace_predicted(trial: Trial) -> Trial:
    return trial._replace(medians=trial.y)


def test_a_skewed_target_is_learned_on_the_scale_that_is_better_which_a_note_says() -> None:
    with pytest.warns(
        DataWarning,
        match=r"target 'y': learned on a log scale, which was better in a short trial \(MAE .*, linear .*; R2 0\.\d+, linear",
    ):
        chosen = regressor(bins=0).fit(FRAME, PRICE)
    assert isinstance(chosen.model_.scale, LogScale)
    asked, linear = (regressor(bins=0, target_scale=scale).fit(FRAME, PRICE) for scale in ("log", "linear"))
    assert np.array_equal(chosen.predict(FRAME), asked.predict(FRAME))
    assert chosen.score(FRAME, PRICE) > linear.score(FRAME, PRICE)


@pytest.mark.parametrize(
    ("y", "parameters"),
    [
        pytest.param(PLAIN, {}, id="not skewed"),
        pytest.param(PRICE - 1.01 * PRICE.min(), {}, id="negative"),
        pytest.param(PRICE, {"loss": "huber"}, id="another loss"),
        pytest.param(PRICE, {"loss": "poisson"}, id="a loss of its own scale"),
        pytest.param(np.zeros(N), {}, id="constant"),
    ],
)
def test_other_targets_are_learned_as_they_are_without_a_word(y: np.ndarray, parameters: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", DataWarning)
        model = regressor(max_epochs=3, **parameters).fit(FRAME, y)
    assert np.array_equal(
        model.predict(FRAME), regressor(max_epochs=3, target_scale="linear", **parameters).fit(FRAME, y).predict(FRAME)
    )


@pytest.mark.parametrize(
    ("loss", "rule", "value"),
    [("gamma", "must be positive", 0.0), ("tweedie", "must not be negative", -1.0), ("poisson", "must not be negative", -1.0)],
)
def test_a_target_that_the_loss_does_not_take_is_refused_by_its_name(loss: str, rule: str, value: float) -> None:
    table = FRAME.assign(price=np.where(np.arange(N) == 0, value, PRICE))
    with pytest.raises(DataError, match=f"target 'price' {rule} with the loss {loss}, got {value}"):
        regressor(loss=loss).fit(table, "price")


def test_without_validation_rows_no_scale_is_tried() -> None:
    with pytest.warns(DataWarning, match="is skewed and learned as it is: without validation rows"):
        model = regressor(max_epochs=3, validation=0).fit(FRAME, PRICE)
    assert isinstance(model.model_.scale, LinearScale)


def test_where_a_trial_diverges_no_scale_is_chosen_and_the_training_itself_says_so() -> None:
    monitor = Monitor()
    with pytest.raises(NonFiniteError):
        regressor(optimizer="nesterov", learning_rate=1e6, callbacks=monitor).fit(FRAME, PRICE)
    assert monitor.record.failure is not None


def test_validation_rows_of_0_among_positive_numbers_are_taken() -> None:
    table = FRAME.assign(price=np.where(np.arange(N) == N - 1, 0.0, PRICE))
    settings = TableSettings(optimization=OptimizationSettings(target_scale="log"))
    model = fit_table(table[:-20], "price", validation=table[-20:], test=0, settings=settings).model
    assert isinstance(model.scale, LogScale)
    assert model.scale.offset > 0


# Everything else is in the target's own unit.


@pytest.mark.parametrize("scale", ALL)
def test_a_model_predicts_in_the_target_s_unit_and_is_saved_with_its_scale(scale: str, tmp_path: Path) -> None:
    model = regressor(target_scale=scale).fit(FRAME, PRICE)
    assert model.model_.scale.kind == scale
    assert 0.5 < np.median(model.predict(FRAME)) / np.median(PRICE) < 2
    assert model.evaluate(FRAME, PRICE)["model"]["r2"] == model.score(FRAME, PRICE)
    model.save(tmp_path / "m.lamina")
    loaded = load_model(tmp_path / "m.lamina")
    assert np.array_equal(loaded.predict(FRAME), model.predict(FRAME))


@pytest.mark.parametrize(("averaging", "recorded"), [(None, "averaged_validation"), (0.0, "validation")])
@pytest.mark.parametrize("scale", ALL)
@pytest.mark.parametrize("metric", ["mae", "rmse"])
def test_a_metric_decides_in_the_target_s_unit(scale: str, metric: str, averaging: float | None, recorded: str) -> None:
    settings = {"target_scale": scale, "eval_metric": metric, "averaging": averaging, "preset": "default"}
    model = regressor(**settings).fit(FRAME, PRICE, X_val=FRAME, y_val=PRICE)
    predicted = model.predict(FRAME)
    if isinstance(model.model_.scale, LogScale):
        predicted = predicted / model.model_.scale.factor
    best = min(model.history_[:, f"{recorded}_{metric}"])
    assert NUMBER_METRICS[metric](PRICE, predicted) == pytest.approx(best, rel=1e-3)


def test_a_log_scale_predicts_means_unless_medians_are_asked_for() -> None:
    weight = RNG.uniform(0.5, 2, N)
    means = regressor(target_scale="log", validation=0).fit(FRAME, PRICE, weight)
    assert np.average(means.predict(FRAME), weights=weight) == pytest.approx(np.average(PRICE, weights=weight))
    for parameters in ({"eval_metric": "mae"}, {"loss": "absolute_error"}):
        scale = regressor(target_scale="log", max_epochs=3, **parameters).fit(FRAME, PRICE).model_.scale
        assert scale.factor == 1.0


@pytest.mark.parametrize("scale", ["log", "quantile"])
def test_several_quantiles_are_in_the_target_s_unit(scale: str) -> None:
    settings = {"loss": "quantile:levels=0.1,0.5,0.9", "bins": 0, "max_epochs": 100}
    model = regressor(target_scale=scale, **settings).fit(FRAME, PRICE)
    low, middle, high = model.predict(FRAME).T
    assert 0.03 < (low > PRICE).mean() < 0.25
    assert 0.3 < (middle > PRICE).mean() < 0.7
    assert 0.75 < (high > PRICE).mean() < 0.97


def test_a_file_of_version_3_has_a_linear_scale() -> None:
    upgraded = UPGRADES[3]({"table": {"center": 3.0, "scale": 2.0, "threshold": None}})
    assert get_scale(upgraded["table"]["scale"]) == LinearScale(3.0, 2.0)
    assert UPGRADES[3]({"table": None}) == {"table": None}


# What cannot be.


@pytest.mark.parametrize(
    ("y", "parameters", "words"),
    [
        (
            -PRICE,
            {"target_scale": "log"},
            r"target 'y' must hold numbers >= 0, and not only 0, .* Use a quantile or a linear scale",
        ),
        (np.zeros(N), {"target_scale": "log"}, "must hold numbers >= 0, and not only 0"),
        (np.ones(N), {"target_scale": "quantile"}, "target 'y' must hold different numbers"),
        (PRICE, {"target_scale": "logs"}, "TabularRegressor: target_scale must be one of .* Did you mean 'log'"),
        (PRICE, {"target_scale": "log", "loss": "poisson"}, "target_scale must be 'linear' with the loss poisson"),
        (PRICE, {"target_scale": "log", "loss": "gamma"}, "target_scale must be 'linear' with the loss gamma"),
        (PRICE - PRICE.min(), {"loss": "gamma"}, r"target 'y' must be positive with the loss gamma, got 0\.0"),
    ],
)
def test_a_scale_that_makes_no_sense_is_rejected(y: np.ndarray, parameters: dict[str, Any], words: str) -> None:
    with pytest.raises((DataError, InvalidSettingError), match=words):
        regressor(**parameters).fit(FRAME, y)


def test_classes_have_no_scale() -> None:
    settings = TableSettings(optimization=replace(OptimizationSettings(), target_scale="log"))
    with pytest.raises(InvalidSettingError, match="fit_table: target_scale must be left out for a classification, got 'log'"):
        fit_table(FRAME.assign(dear=np.median(PRICE) < PRICE), "dear", settings=settings)
