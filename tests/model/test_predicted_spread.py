"""Models of tables that predict a mean and a spread, with the loss ``gaussian_nll``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lamina import Dense, Dropout, Sequential, TabularClassifier, TabularRegressor, Trainer, load_model, save_model
from lamina.cli.main import main
from lamina.data import read_table
from lamina.errors import InvalidSettingError, ShapeError
from lamina.metrics import r2
from lamina.model import OptimizationSettings, StoppingSettings, TableSettings, fit_table

RNG = np.random.default_rng(0)
N = 800
FRAME = pd.DataFrame({"size": RNG.uniform(-2, 2, N), "town": RNG.choice(["Rome", "Oslo"], N)})
SPREAD = 500 + 200 * FRAME["size"]
FRAME["price"] = 9000 + 1000 * FRAME["size"] + SPREAD * RNG.normal(size=N)
FRAME["age"] = 0.01 * (FRAME["size"] + 0.5 * RNG.normal(size=N))
FEATURES = FRAME[["size", "town"]]
BOTH = FRAME[["price", "age"]]


def regressor(**settings: Any) -> TabularRegressor:
    return TabularRegressor(**{"loss": "gaussian_nll", "max_epochs": 60, "random_state": 0, "hidden": 16, **settings})


def test_mean_and_spread_are_in_the_unit_of_the_target() -> None:
    model = regressor(learning_rate=0.01).fit(FEATURES, FRAME["price"])
    found = model.predict_distribution(FEATURES)
    np.testing.assert_array_equal(found.mean, model.predict(FEATURES))
    assert model.score(FEATURES, FRAME["price"]) == r2(FRAME["price"].to_numpy(), found.mean) > 0.75
    assert np.corrcoef(found.spread, SPREAD)[0, 1] > 0.9
    assert 0.60 < np.mean(np.abs(FRAME["price"] - found.mean) < found.spread) < 0.76


def test_several_targets_have_a_spread_each_on_their_own_scales() -> None:
    model = regressor(learning_rate=0.01).fit(FEATURES, BOTH)
    found = model.predict_distribution(FEATURES)
    assert found.mean.shape == found.spread.shape == (N, 2)
    inside = np.mean(np.abs(BOTH.to_numpy() - found.mean) < found.spread, axis=0)
    assert ((inside > 0.6) & (inside < 0.76)).all()
    assert model.evaluate(FEATURES, BOTH)["model"]["r2"] == pytest.approx(model.score(FEATURES, BOTH))


@pytest.mark.parametrize("target", ["price", ["price", "age"]])
def test_one_row_predicts_what_the_table_does(target: Any) -> None:
    model = regressor(max_epochs=3).fit(FRAME, target)
    table, row = model.predict_distribution(FRAME[:1]), FRAME.iloc[0].to_dict()
    found = model.predict_distribution(row)
    np.testing.assert_allclose(found.mean, table.mean, rtol=1e-6)
    np.testing.assert_allclose(found.spread, table.spread, rtol=1e-6)
    np.testing.assert_allclose(model.predict(row), found.mean, rtol=1e-6)


@pytest.mark.parametrize("target", ["price", ["price", "age"]])
def test_a_model_from_a_file_predicts_the_same_and_goes_on(target: Any, tmp_path: Path) -> None:
    model = regressor(max_epochs=3, dropout=0.2).fit(FRAME, target)
    save_model(tmp_path / "a.lamina", model)
    again = load_model(tmp_path / "a.lamina")
    for mc_samples in (None, 5):
        found, expected = (each.predict_distribution(FRAME, mc_samples=mc_samples) for each in (again, model))
        np.testing.assert_array_equal(found.mean, expected.mean)
        np.testing.assert_array_equal(found.spread, expected.spread)
    further = fit_table(FRAME, target, continue_from=again).model
    assert further.predict_distribution(FRAME).spread.shape == found.spread.shape


def test_dropout_adds_to_the_variance_in_the_unit_of_the_target() -> None:
    model = regressor(max_epochs=10, dropout=0.3).fit(FRAME, "price")
    of_target, total = (model.predict_distribution(FRAME, mc_samples=count) for count in (None, 300))
    assert np.mean(total.spread > of_target.spread) > 0.9
    assert np.abs(total.mean - of_target.mean).max() < 3000


def test_other_losses_have_the_spread_over_masks_on_any_scale() -> None:
    settings = {"loss": None, "max_epochs": 3, "dropout": 0.3}
    for scale in ("linear", "log"):
        found = regressor(target_scale=scale, **settings).fit(FRAME, "price").predict_distribution(FRAME, mc_samples=50)
        assert (found.spread > 1).all() and np.abs(found.mean - 9000).max() < 9000
    labels = TabularClassifier(max_epochs=3, dropout=0.3, random_state=0).fit(FRAME, "town")
    found = labels.predict_distribution(FRAME, mc_samples=20)
    np.testing.assert_allclose(found.mean.sum(axis=1), 1.0)
    with pytest.raises(InvalidSettingError, match="must have a dropout layer"):
        regressor(loss=None, max_epochs=2, dropout=0.0, members=1).fit(FRAME, "price").predict_distribution(FRAME)


@pytest.mark.parametrize("scale", ["linear", "log", "quantile"])
def test_members_have_a_spread_around_the_prediction_on_any_scale(scale: str) -> None:
    model = regressor(loss=None, target_scale=scale, dropout=0.3).fit(FEATURES, FRAME["price"])
    found = model.predict_distribution(FEATURES)
    assert found.mc_samples == 0
    np.testing.assert_array_equal(found.mean, model.predict(FEATURES))
    own = model.model_.estimator
    logits = own.predict_distribution(model.model_.encoder.transform(FEATURES)).spread
    assert (found.spread > 0).all()
    if scale == "linear":
        np.testing.assert_allclose(found.spread, logits * model.model_.scale.scale, rtol=1e-4)  # type: ignore[union-attr]
    of_table = model.model_.predict_distribution(FEATURES)
    np.testing.assert_array_equal(of_table.spread, found.spread)


def test_members_of_classes_have_a_spread_of_each_probability() -> None:
    model = TabularClassifier(hidden=16, max_epochs=10, random_state=0, calibration=False).fit(FEATURES[["size"]], FRAME["town"])
    found = model.predict_distribution(FEATURES[["size"]])
    np.testing.assert_allclose(found.mean, model.predict_proba(FEATURES[["size"]]), atol=1e-6)
    assert (found.spread > 0).all()
    np.testing.assert_allclose(found.spread[:, 0], found.spread[:, 1], rtol=1e-3, atol=1e-6)  # two classes move together


@pytest.mark.parametrize("scale", ["log", "quantile"])
def test_a_scale_that_bends_the_target_is_refused(scale: str) -> None:
    with pytest.raises(InvalidSettingError, match="target_scale must be 'linear' with the loss gaussian_nll, whose spread"):
        regressor(target_scale=scale).fit(FRAME, "price")


def test_a_skewed_target_is_learned_as_it_is() -> None:
    model = regressor(max_epochs=3).fit(FEATURES, np.exp(FRAME["size"].to_numpy() * 2))
    assert [scale.kind for scale in model.model_.scales] == ["linear"]


@pytest.mark.parametrize(("targets", "kept"), [(("price",), ()), (("price",), ("price",)), (("price", "age"), ())])
def test_the_command_line_writes_the_spread_beside_the_mean(
    targets: tuple[str, ...], kept: tuple[str, ...], tmp_path: Path
) -> None:
    table, model, out = (str(tmp_path / name) for name in ("t.csv", "a.lamina", "out.csv"))
    FRAME.to_csv(table, index=False)
    options = [
        *(word for name in targets for word in ("--target", name)),
        "--loss",
        "gaussian_nll",
        "--max-epochs",
        "3",
        "-o",
        model,
        "--quiet",
    ]
    assert main(["train", table, *options]) == 0
    assert main(["evaluate", model, table]) == 0
    assert main(["predict", model, table, "-o", out, *(["--keep", *kept] if kept else [])]) == 0
    names = [f"predicted {name}" if name in kept else name for name in targets]
    predicted = pd.read_csv(out)
    assert list(predicted.columns) == [*kept, *(column for name in names for column in (name, f"{name} spread"))]
    found = load_model(model).predict_distribution(read_table(table))
    np.testing.assert_allclose(predicted[names], found.mean.reshape(N, -1), rtol=1e-6)
    np.testing.assert_allclose(predicted[[f"{name} spread" for name in names]], found.spread.reshape(N, -1), rtol=1e-6)


def test_a_kept_column_with_the_name_of_a_spread_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    table, model = str(tmp_path / "t.csv"), str(tmp_path / "a.lamina")
    FRAME.assign(**{"price spread": 1.0}).to_csv(table, index=False)
    assert main(["train", table, "--target", "price", "--loss", "gaussian_nll", "--max-epochs", "2", "-o", model, "--quiet"]) == 0
    assert main(["predict", model, table, "-o", str(tmp_path / "out.csv"), "--keep", "price spread"]) == 1
    assert "--keep must not name a predicted column, got 'price spread'" in capfd.readouterr().err


def test_a_network_from_a_file_predicts_means_and_spreads(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    X = RNG.normal(size=(60, 3))
    trainer = Trainer(Sequential([Dropout(0.1), Dense(4)]), "gaussian_nll", seed=0)
    trainer.fit(X, X[:, :2], max_epochs=2)
    path, table, out = (str(tmp_path / name) for name in ("a.lamina", "t.csv", "out.csv"))
    save_model(path, trainer)
    model = load_model(path)
    for mc_samples in (None, 5):
        found, expected = (each.predict_distribution(X, mc_samples=mc_samples) for each in (model, trainer))
        np.testing.assert_array_equal(found.mean, expected.mean)
        np.testing.assert_array_equal(found.spread, expected.spread)
    found = model.predict_distribution(X)
    np.testing.assert_array_equal(found.mean, trainer.predict(X))
    assert model.predict(X).shape == (60, 2) and model.predict_logits(X).shape == (60, 4)
    assert "gaussian_nll, predicts means and spreads" in model.summary()
    pd.DataFrame(X, columns=["a", "b", "c"]).to_csv(table, index=False)
    assert main(["predict", path, table, "-o", out]) == 0
    predicted = pd.read_csv(out)
    name = model.output_names[0]
    assert list(predicted.columns) == [f"{name}[0]", f"{name}[0] spread", f"{name}[1]", f"{name}[1] spread"]
    np.testing.assert_allclose(predicted.to_numpy()[:, [1, 3]], found.spread, rtol=1e-5)


def test_a_trainer_refuses_a_wrong_number_of_outputs_and_of_targets() -> None:
    X = np.zeros((10, 3))
    with pytest.raises(ShapeError, match="even number of outputs"):
        Trainer(Sequential([Dense(3)]), "gaussian_nll").fit(X, X[:, 0])
    with pytest.raises(ShapeError, match=r"must have shape \(10, 1\) .* For 2 targets, use 4 outputs"):
        Trainer(Sequential([Dense(2)]), "gaussian_nll").fit(X, X[:, :2])
    settings = TableSettings(stopping=StoppingSettings(max_epochs=1), optimization=OptimizationSettings(loss="gaussian_nll"))
    with pytest.raises(InvalidSettingError, match="loss"):
        fit_table(FRAME, "town", settings=settings)
