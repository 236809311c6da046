"""Several columns of numbers are learned by one network, and come back as they went in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from sklearn.model_selection import cross_val_score

from lamina import Quantile, TabularClassifier, TabularRegressor, fit_table, load_model
from lamina.data import DataWarning
from lamina.errors import DataError, FileError, InvalidSettingError
from lamina.files import read_tensors, write_tensors
from lamina.losses import NUMBER_LOSSES
from lamina.model import OptimizationSettings, RunSettings, StoppingSettings, TableSettings
from lamina.model.target_scale import LinearScale, LogScale, SeveralScales

RNG = np.random.default_rng(0)
N = 400
FRAME = pd.DataFrame({"size": RNG.normal(size=N), "town": RNG.choice(["Rome", "Oslo"], N), "noise": RNG.normal(size=N)})
RENT = (500 + 100 * FRAME["size"] + 50 * (FRAME["town"] == "Oslo")).to_numpy()
PRICE = np.exp(11 + 1.2 * FRAME["size"] + 0.2 * RNG.normal(size=N)).to_numpy()
BOTH = np.column_stack([RENT, PRICE])
TABLE = FRAME.assign(rent=RENT, price=PRICE)
NAMES = ["rent", "price"]


def regressor(**parameters: Any) -> TabularRegressor:
    usual = {"hidden": 16, "max_epochs": 30, "random_state": 0, "n_threads": 1, "target_scale": "linear", "preset": "fast"}
    return TabularRegressor(**{**usual, **parameters})


FORMS = {
    "array": BOTH,
    "list of rows": BOTH.tolist(),
    "pandas": TABLE[NAMES],
    "polars": pl.from_pandas(TABLE[NAMES]),
    "pyarrow": pa.Table.from_pandas(TABLE[NAMES], preserve_index=False),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_several_targets_gives_the_same_model(form: str) -> None:
    expected = regressor().fit(TABLE, NAMES).predict(FRAME)
    assert expected.shape == (N, 2)
    assert expected.dtype == np.float64
    model = regressor().fit(FRAME, FORMS[form])
    assert np.array_equal(model.predict(FRAME), expected)
    assert model.n_features_in_ == 3
    assert model.score(FRAME, FORMS[form]) == model.score(TABLE, NAMES) == pytest.approx(r2_score(BOTH, expected))
    assert model.model_.target.names == (("rent", "price") if form in ("pandas", "polars", "pyarrow") else ("y0", "y1"))


def test_the_function_fit_table_gives_the_same_model_and_it_is_saved(tmp_path: Path) -> None:
    settings = TableSettings(run=RunSettings(seed=3), stopping=StoppingSettings(max_epochs=5))
    with pytest.warns(DataWarning, match="target 'price'"):
        result = fit_table(TABLE, NAMES, test=0, settings=settings)
        model = TabularRegressor(random_state=3, max_epochs=5).fit(TABLE, NAMES)
    assert np.array_equal(result.model.predict(FRAME), model.predict(FRAME))
    model.save(tmp_path / "m.lamina")
    loaded = load_model(tmp_path / "m.lamina")
    assert np.array_equal(loaded.predict(FRAME), model.predict(FRAME))
    assert loaded.evaluate(TABLE) == model.evaluate(TABLE, NAMES)


def test_metrics_are_those_of_each_target_and_their_means_as_in_scikit_learn() -> None:
    model = regressor().fit(TABLE, NAMES)
    predicted, metrics = model.predict(FRAME), model.evaluate(TABLE, NAMES)
    for name, metric in (("r2", r2_score), ("mae", mean_absolute_error), ("rmse", root_mean_squared_error)):
        assert metrics["model"][name] == pytest.approx(metric(BOTH, predicted))
        for i, target in enumerate(NAMES):
            assert metrics["targets"][target]["model"][name] == pytest.approx(metric(BOTH[:, i], predicted[:, i]))
    assert metrics["baseline"]["r2"] == pytest.approx(0)
    weight = RNG.uniform(0, 1, N)
    assert model.score(FRAME, BOTH, weight) == pytest.approx(r2_score(BOTH, predicted, sample_weight=weight))


@pytest.mark.parametrize(("averaging", "recorded"), [(None, "averaged_validation"), (0.0, "validation")])
@pytest.mark.parametrize("metric", ["rmse", "mae", "r2"])
def test_a_metric_that_stops_is_the_mean_over_targets(metric: str, averaging: float | None, recorded: str) -> None:
    model = regressor(eval_metric=metric, averaging=averaging, preset="default").fit(FRAME, BOTH, X_val=FRAME, y_val=BOTH)
    curve = model.history_[:, f"{recorded}_{metric}"]
    best = max(curve) if metric == "r2" else min(curve)
    assert model.evaluate(FRAME, BOTH)["model"][metric] == pytest.approx(best, rel=1e-4)


def test_each_target_has_its_own_scale() -> None:
    with pytest.warns(DataWarning, match="target 'price': learned on a log scale"):
        model = regressor(target_scale="auto").fit(TABLE, NAMES).model_
    assert isinstance(model.scale, SeveralScales)
    assert [type(scale) for scale in model.scales] == [LinearScale, LogScale]
    assert model.scales[0].center == pytest.approx(RENT.mean(), rel=0.05)
    log = regressor(target_scale="log").fit(TABLE, NAMES).model_
    assert [scale.kind for scale in log.scales] == ["log", "log"]


def test_a_list_of_one_name_is_that_column() -> None:
    one = regressor().fit(TABLE.drop(columns="price"), ["rent"])
    assert np.array_equal(one.predict(FRAME), regressor().fit(TABLE.drop(columns="price"), "rent").predict(FRAME))
    settings = TableSettings(stopping=StoppingSettings(max_epochs=2))
    assert fit_table(TABLE, ["rent"], settings=settings).model.target.name == "rent"


def test_rows_without_one_of_the_targets_are_left_out() -> None:
    table = TABLE.copy()
    table.loc[:9, "rent"] = np.nan
    table.loc[5:14, "price"] = np.nan
    with pytest.warns(DataWarning, match="dropped 10 of 400 rows, whose target '(rent|price)' is missing"):
        model = regressor().fit(table, NAMES)
    assert model.model_.summary["rows"]["dropped"] == 15
    with pytest.raises(DataError, match="y must hold a value in every row"):
        regressor().fit(FRAME, table[NAMES])
    with pytest.raises(DataError, match="contains NaN"):
        regressor().fit(FRAME, table[NAMES].to_numpy())


def test_weights_and_separate_validation_rows_count() -> None:
    weight = np.ones(N)
    weight[::3] = 0
    kept = weight > 0
    parameters = {"X_val": FRAME, "y_val": BOTH}
    weighted = regressor().fit(FRAME, BOTH, weight, **parameters)
    assert np.array_equal(weighted.predict(FRAME), regressor().fit(FRAME[kept], BOTH[kept], **parameters).predict(FRAME))
    by_name = regressor().fit(TABLE, NAMES, X_val=TABLE)
    assert by_name.model_.summary["rows"]["validation"] == N


def test_several_targets_go_into_cross_validation() -> None:
    assert cross_val_score(regressor(), FRAME, BOTH, cv=2).shape == (2,)


@pytest.mark.parametrize("loss", NUMBER_LOSSES)
def test_every_loss_of_numbers_takes_several_targets(loss: str) -> None:
    assert regressor(loss=loss, max_epochs=3).fit(FRAME, BOTH).predict(FRAME).shape == (N, 2)


# What cannot be.


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (["rent", "rent"], "target must be a column, or several of different names, got"),
        (["rent", "prise"], "target must be a column of the table, got 'prise'. Did you mean 'price'"),
        (BOTH[:-1], "inconsistent numbers of samples"),
        (np.where(np.arange(2 * N).reshape(N, 2) == 3, np.inf, BOTH), "contains infinity"),
    ],
)
def test_targets_that_cannot_be_learned_are_refused(y: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        regressor().fit(TABLE, y)


def test_other_than_the_learned_number_of_targets_is_refused() -> None:
    model = regressor().fit(FRAME, BOTH)
    with pytest.raises(DataError, match="y must have the columns 'y0', 'y1', got 3 columns"):
        model.score(FRAME, np.column_stack([BOTH, RENT]))
    with pytest.raises(DataError, match="y must have the columns 'y0', 'y1', got 1 column"):
        model.evaluate(TABLE, "rent")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda table: table["scale"]["scales"].pop(), '"scales" of the targets\' scale must be a list of 2'),
        (lambda table: table.update(scale=table["scale"]["scales"][0]), "the targets' scale must have the key 'scales'"),
        (lambda table: table["scale"]["scales"][0].update(kind="cubic"), "must be one of 'linear', 'log', 'quantile'"),
        (lambda table: table["target"]["targets"][0].pop("reader"), "must have the key 'reader'"),
        (
            lambda table: (table["target"]["targets"].pop(), table["scale"]["scales"].pop()),
            "the targets must be 2, as the network's",
        ),
    ],
)
def test_a_damaged_file_is_refused(damage: Any, words: str, tmp_path: Path) -> None:
    regressor(max_epochs=2).fit(FRAME, BOTH).save(tmp_path / "m.lamina")
    arrays, header = read_tensors(tmp_path / "m.lamina")
    damage(header["table"])
    write_tensors(tmp_path / "m.lamina", arrays, header)
    with pytest.raises(FileError, match=words):
        load_model(tmp_path / "m.lamina")


def test_several_levels_of_several_targets_are_refused() -> None:
    with pytest.raises(InvalidSettingError, match="TabularRegressor: loss must have one quantile level with several targets"):
        regressor(loss=Quantile((0.1, 0.9))).fit(FRAME, BOTH)


def test_several_columns_of_classes_are_refused() -> None:
    labels = np.where(np.median(BOTH, axis=0) < BOTH, "high", "low")
    for y in (labels, pd.DataFrame(labels, columns=["a", "b"])):
        with pytest.raises(
            DataError, match=r"TabularClassifier: y must be one column of labels, got '2 columns'\. Fit a classifier"
        ):
            TabularClassifier().fit(FRAME, y)
    with pytest.raises(
        DataError, match=r"target must be one column for a classification, got \['rent', 'price'\]. Train a model for"
    ):
        TabularClassifier().fit(TABLE, NAMES)
    with pytest.raises(DataError, match="target 'town' must hold numbers"):
        fit_table(TABLE, ["rent", "town"])
    settings = TableSettings(optimization=OptimizationSettings(class_weight="balanced"))
    with pytest.raises(InvalidSettingError, match="class_weight must be left out for a regression"):
        fit_table(TABLE, NAMES, settings=settings)
