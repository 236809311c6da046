"""The estimators of tables: raw frames in, labels or numbers out, with everything that scikit-learn expects."""

from __future__ import annotations

import inspect
import pickle
from dataclasses import fields
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError
from sklearn.inspection import PartialDependenceDisplay, permutation_importance
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from lamina import (
    Adam,
    Callback,
    Monitor,
    Quantile,
    TableModel,
    TabularClassifier,
    TabularRegressor,
    fit_table,
    load_model,
    save_model,
)
from lamina import permutation_importance as own_importance
from lamina.data import DataWarning
from lamina.errors import BusyError, DataError, InvalidSettingError
from lamina.metrics import LABEL_METRICS, NUMBER_METRICS, PROBABILITY_METRICS, SMALLER_IS_BETTER
from lamina.model import RunSettings, StoppingSettings, TableSettings
from lamina.model.table_fit import train

mpl.use("agg")
RNG = np.random.default_rng(0)
N = 240
SIZE = RNG.uniform(20, 200, N).round(1)
TOWN = RNG.choice(["Rome", "Oslo", "Bern"], N)
FRAME = pd.DataFrame(
    {
        "size": SIZE,
        "town": TOWN,
        "built": pd.date_range("1990-01-01", periods=N, freq="30D").strftime("%Y-%m-%d"),
        "garden": RNG.random(N) > 0.5,
    }
)
FRAME.loc[::17, "town"] = None
FRAME.loc[::19, "size"] = np.nan
RENT = 10 * SIZE + np.where(TOWN == "Oslo", 400, 0) + RNG.normal(0, 20, N)
DEAR = np.where(np.median(RENT) < RENT, "dear", "cheap")
TABLE = FRAME.assign(rent=RENT, dear=DEAR)


USUAL = {"hidden": 16, "max_epochs": 20, "random_state": 0, "n_threads": 1, "preset": "fast"}


def classifier(**parameters: Any) -> TabularClassifier:
    return TabularClassifier(**{**USUAL, **parameters})


def regressor(**parameters: Any) -> TabularRegressor:
    return TabularRegressor(**{**USUAL, **parameters})


# Parameters.


@pytest.mark.parametrize("estimator", [TabularClassifier, TabularRegressor])
def test_every_setting_is_a_keyword_with_its_default(estimator: type) -> None:
    own = {"seed": "random_state", "threads": "n_threads", "restarts": "n_restarts"}
    of_classes, of_numbers = ("class_weight", "label_smoothing", "decision_threshold"), ("target_scale",)
    of_the_other = of_classes if estimator is TabularRegressor else of_numbers
    of_workers = ("workers", "ray", "way")  # which an estimator gets by lamina.distributed
    defaults = {
        own.get(name, name): value
        for group in fields(TableSettings)
        for name, value in vars(getattr(TableSettings(), group.name)).items()
        if name not in (*of_the_other, *of_workers)
    }
    given = {name: parameter.default for name, parameter in inspect.signature(estimator).parameters.items()}
    others = {"random_state": None, "validation": 0.1, "warm_start": False, "callbacks": (), "verbose": False}
    others["on_interrupt"] = "raise"
    assert given == {**defaults, **others}
    assert all(p.kind == p.KEYWORD_ONLY for p in inspect.signature(estimator).parameters.values())


def test_a_clone_has_the_parameters_and_nothing_learned() -> None:
    model = classifier(kinds={"town": "category"}, optimizer=Adam(0.01)).fit(FRAME, DEAR)
    copy = clone(model)
    assert copy.get_params() == model.get_params()
    assert not hasattr(copy, "model_")
    with pytest.raises(NotFittedError):
        copy.predict(FRAME)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"hidden": 0}, "TabularClassifier: hidden must be an integer >= 1"),
        ({"n_restarts": 0}, "TabularClassifier: n_restarts must be"),
        ({"random_state": -1}, "TabularClassifier: random_state must be"),
        ({"n_threads": 0}, "TabularClassifier: n_threads must be"),
        ({"validation": 1}, r"TabularClassifier: validation must be a number in \[0, 1\)"),
        ({"patience": -1}, "TabularClassifier: patience must be"),
        ({"target_loss": "x"}, "TabularClassifier: target_loss must be"),
        ({"gradient_tol": -1}, "TabularClassifier: gradient_tol must be"),
        ({"learning_rate": 0, "max_epochs": 0}, "learning_rate must be .*\nTabularClassifier: max_epochs must be"),
        ({"schedule": "cosin"}, "TabularClassifier: schedule must be .* Did you mean 'cosine'"),
        ({"scaling": "x"}, "TabularClassifier: scaling must be"),
        ({"kinds": {"twon": "category"}}, "TabularClassifier: kinds must be one of .* Did you mean 'town'"),
        ({"missing": 5}, "TabularClassifier: missing must be"),
        ({"loss": "mean"}, "TabularClassifier: loss must be"),
        ({"class_weight": {"chep": 2}}, "TabularClassifier: class_weight must name classes among .*'cheap'"),
        ({"callbacks": 3}, "TabularClassifier: callbacks must be"),
        ({"batch_size": "auto"}, "TabularClassifier: batch_size must be"),
        (
            {"dropout": 0, "dropout_schedule": "cosine"},
            "TabularClassifier: dropout_schedule must be 'constant' with a dropout of 0",
        ),
        ({"weight_decay": 0, "weight_decay_schedule": "cosine"}, "weight_decay_schedule must be 'constant' with a weight decay"),
    ],
)
def test_errors_speak_in_the_names_of_the_parameters(parameters: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidSettingError, match=words):
        classifier(**parameters).fit(FRAME, DEAR)


def test_a_regressor_of_labels_is_told_of_the_classifier() -> None:
    with pytest.raises(DataError, match="use TabularClassifier"):
        regressor().fit(FRAME, DEAR)


# What X and y may be.

FRAMES = {"pandas": FRAME, "polars": pl.from_pandas(FRAME), "pyarrow": pa.Table.from_pandas(FRAME, preserve_index=False)}


@pytest.mark.parametrize("library", FRAMES)
def test_frames_of_all_libraries_give_the_same_model(library: str) -> None:
    expected = classifier().fit(FRAME, DEAR).predict_proba(FRAME)
    model = classifier().fit(FRAMES[library], DEAR)
    assert np.array_equal(model.predict_proba(FRAMES[library]), expected)
    assert model.feature_names_in_.tolist() == list(FRAME.columns)
    assert model.n_features_in_ == 4


@pytest.mark.parametrize(
    "y",
    [
        pytest.param(list(DEAR), id="list"),
        pytest.param(pd.Series(DEAR, name="price"), id="pandas"),
        pytest.param(pd.Series(DEAR).astype("category"), id="categorical"),
        pytest.param(pl.Series("price", DEAR), id="polars"),
        pytest.param(pa.chunked_array([DEAR]), id="pyarrow"),
        pytest.param(DEAR.astype(object), id="objects"),
    ],
)
def test_series_of_all_libraries_give_the_same_model(y: Any) -> None:
    expected = classifier().fit(FRAME, DEAR)
    model = classifier().fit(FRAME, y)
    assert np.array_equal(model.predict_proba(FRAME), expected.predict_proba(FRAME))
    assert model.classes_.tolist() == ["cheap", "dear"]
    assert model.score(FRAME, y) == expected.score(FRAME, DEAR)


@pytest.mark.parametrize(
    "labels",
    [
        np.array([0, 1], np.int32),
        np.array([3, 7]),
        np.array([1.0, 2.0]),
        np.array([False, True]),
        np.array(["10", "9"]),
        np.array(["a", "b "]),
        np.array(["no", "yes"], object),
        np.array(["1", "true"]),
    ],
    ids=str,
)
def test_labels_come_back_as_they_were(labels: np.ndarray) -> None:
    y = labels[(DEAR == "dear").astype(int)]
    model = classifier().fit(FRAME, y)
    assert model.classes_.dtype == y.dtype
    assert model.classes_.tolist() == np.unique(y).tolist()
    predicted = model.predict(FRAME)
    assert predicted.dtype == y.dtype
    assert (predicted == y).mean() > 0.8
    assert model.score(FRAME, y) == (predicted == y).mean()
    assert np.array_equal(model.classes_[model.predict_proba(FRAME).argmax(axis=1)], predicted)


def test_the_names_of_a_column_and_its_values_give_the_same_model() -> None:
    by_name = classifier().fit(TABLE.drop(columns="rent"), "dear")
    by_series = classifier().fit(TABLE.drop(columns="rent"), TABLE["dear"])
    apart = classifier().fit(FRAME, TABLE["dear"])
    for model in (by_name, by_series):
        assert model.feature_names_in_.tolist() == list(FRAME.columns)
        assert np.array_equal(model.predict_proba(TABLE.drop(columns="rent")), apart.predict_proba(FRAME))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
def test_a_frame_of_one_column_is_that_column() -> None:
    model = classifier().fit(TABLE.drop(columns="rent"), TABLE[["dear"]])
    assert model.feature_names_in_.tolist() == list(FRAME.columns)


def test_a_series_that_only_has_a_column_s_name_leaves_that_column() -> None:
    table = FRAME.assign(rent=RENT)
    with pytest.warns(DataWarning, match="y has the name of column 'rent' of X but other values"):
        model = regressor().fit(table[:-1], table["rent"].shift(-1)[:-1])
    assert "rent" in model.feature_names_in_


def test_labels_of_text_are_taken_as_they_are_written() -> None:
    labels = np.array(["1.1", "1.10", "2.0"])[np.arange(240) % 3]
    by_name = classifier().fit(FRAME.assign(version=labels), "version")
    by_array = classifier().fit(FRAME, labels)
    assert by_name.classes_.tolist() == by_array.classes_.tolist() == ["1.1", "1.10", "2.0"]
    assert np.array_equal(by_name.predict_proba(FRAME), by_array.predict_proba(FRAME))


def test_scores_take_weights_and_unknown_labels() -> None:
    model = classifier().fit(FRAME, DEAR)
    weight = np.where(DEAR[0] == DEAR, 1000.0, 1.0)
    assert model.score(FRAME.assign(dear=DEAR), "dear", weight) == model.score(FRAME, DEAR, weight)
    assert model.score(FRAME, DEAR, weight) == pytest.approx(np.average(model.predict(FRAME) == DEAR, weights=weight))
    assert model.score(FRAME, np.full(240, "neither")) == 0


@pytest.mark.parametrize(
    "labels",
    [
        pd.date_range("2024-01-01", periods=2).to_numpy()[np.arange(240) % 2],
        np.array([True, False], dtype=object)[np.arange(240) % 2],
        np.array([3, 5], dtype=object)[np.arange(240) % 2],
        pd.cut(pd.Series(np.arange(240) % 2), 2),
    ],
    ids=["dates", "objects of truth", "objects of numbers", "intervals"],
)
def test_rarer_labels_are_learned_and_scored(labels: Any) -> None:
    model = classifier().fit(FRAME.assign(even=np.arange(240) % 2), labels)
    assert len(model.classes_) == 2
    assert 0 <= model.score(FRAME.assign(even=np.arange(240) % 2), labels) <= 1


def test_what_stands_for_missing_does_not_in_labels_and_truth_values() -> None:
    frame = FRAME.assign(balcony=np.arange(240) % 2 == 0)
    model = classifier(missing=["0"]).fit(frame, (DEAR[0] == DEAR).astype(int))
    assert model.classes_.tolist() == [0, 1]
    assert next(row.missing for row in model.columns_ if row.column == "balcony") == 0


def test_labels_with_fractions_are_refused_by_name_too() -> None:
    with pytest.raises(DataError, match="Unknown label type: continuous"):
        classifier().fit(FRAME.assign(level=np.arange(240) % 3 / 2), "level")


def test_names_of_columns_that_are_no_text_are_found_in_any_order() -> None:
    frame = FRAME.set_axis([30, 20, 10, (0, 1)][: len(FRAME.columns)], axis=1)
    model = classifier().fit(frame, DEAR)
    assert np.array_equal(model.predict_proba(frame[frame.columns[::-1]]), model.predict_proba(frame))
    assert [row.column for row in model.columns_] == ["30", "20", "10", "(0, 1)"]
    assert not hasattr(model, "feature_names_in_")


def test_several_targets_are_found_by_name() -> None:
    truth = TABLE.assign(twice=2 * RENT)[["rent", "twice"]]
    model = regressor(target_scale="linear").fit(FRAME, truth)
    turned = truth[["twice", "rent"]]
    assert model.score(FRAME, turned) == model.score(FRAME, truth)
    assert model.score(FRAME.assign(**turned), ["twice", "rent"]) == model.score(FRAME, truth)
    settings = {"target_scale": "linear", "warm_start": True}
    again, other = (regressor(**settings).fit(FRAME, truth).fit(FRAME, given) for given in (truth, turned))
    assert np.array_equal(again.predict(FRAME), other.predict(FRAME))


def test_what_stands_for_missing_does_not_in_a_target_by_name() -> None:
    rooms = np.arange(240) % 2
    by_name = regressor(missing=["0"]).fit(FRAME.assign(rooms=rooms), "rooms")
    by_array = regressor(missing=["0"]).fit(FRAME, rooms)
    assert by_name.model_.summary["rows"]["dropped"] == 0
    assert np.array_equal(by_name.predict(FRAME), by_array.predict(FRAME))


@pytest.mark.parametrize("names", [pd.Index(["rent"]), np.array(["rent"]), pd.Series(["rent"])])
def test_an_index_or_array_of_numbers_or_names_may_be_given(names: Any) -> None:
    table = TABLE.drop(columns="dear")
    expected = regressor().fit(table, "rent").predict(FRAME)
    assert np.array_equal(regressor().fit(table, names).predict(FRAME), expected)
    assert np.array_equal(regressor().fit(FRAME, pd.Index(RENT)).predict(FRAME), expected)


def test_intervals_are_categories_in_every_form() -> None:
    frame = FRAME.assign(band=pd.cut(SIZE, [0, 50, 120, 300]))
    model = classifier().fit(frame, DEAR)
    expected = model.predict_proba(frame[:3])
    for given in (
        frame[:3].assign(band=frame["band"][:3].astype(object)),
        frame[:3].to_dict("records"),
        frame[:3].assign(band=pd.array(frame["band"][:3].to_numpy())),
    ):
        assert np.array_equal(model.predict_proba(given), expected)
    assert np.array_equal(model.predict_proba(frame.iloc[0].to_dict()), model.predict_proba(frame[:1]))


def test_settings_of_objects_are_parameters() -> None:
    model = classifier(optimizer=Adam(0.1)).set_params(optimizer__learning_rate=0.3)
    assert model.optimizer.learning_rate == 0.3
    assert model.get_params()["optimizer__learning_rate"] == 0.3
    assert "optimizer__learning_rate" not in model.get_params(deep=False)


def test_schedules_change_the_dropout_and_the_decay_that_tables_have() -> None:
    model = classifier(max_epochs=2, dropout_schedule="cosine", weight_decay_schedule="cosine").fit(FRAME, DEAR)
    assert model.model_.estimator.dropout_schedule == "cosine"


def test_no_weight_decay_is_none() -> None:
    given, named = (
        classifier(max_epochs=2, weight_decay=0, optimizer=rule).fit(FRAME, DEAR) for rule in ("adamw", "adamw:weight_decay=0")
    )
    usual = classifier(max_epochs=2).fit(FRAME, DEAR)
    probabilities = [model.predict_proba(FRAME) for model in (given, named, usual)]
    np.testing.assert_array_equal(probabilities[0], probabilities[1])
    assert not np.array_equal(probabilities[0], probabilities[2])


def test_a_table_and_the_function_fit_table_give_the_same_model() -> None:
    settings = TableSettings(run=RunSettings(seed=3), stopping=StoppingSettings(max_epochs=5))
    result = fit_table(TABLE.drop(columns="dear"), "rent", test=0, settings=settings)
    model = TabularRegressor(random_state=3, max_epochs=5).fit(TABLE.drop(columns="dear"), "rent")
    assert np.array_equal(result.model.predict(FRAME), model.predict(FRAME))
    assert model.model_.summary == result.model.summary


def test_arrays_have_columns_by_number() -> None:
    rows = FRAME.to_numpy()
    model = classifier(kinds={"x3": "category"}).fit(rows, DEAR)
    assert [row.column for row in model.columns_] == ["x0", "x1", "x2", "x3"]
    assert not hasattr(model, "feature_names_in_")
    assert np.array_equal(model.predict(rows), model.predict(rows.tolist()))
    with pytest.raises(DataError, match="X has 3 features, but TabularClassifier is expecting 4"):
        model.predict(rows[:, :3])
    with pytest.raises(DataError, match="y must be an array, because X has no names"):
        classifier().fit(rows, "x3")


def test_a_list_of_rows_keeps_numbers_beside_texts() -> None:
    rows = [[float(size), town] for size, town in zip(SIZE, TOWN, strict=True)]
    model = classifier().fit(rows, DEAR)
    assert [row.kind for row in model.columns_] == ["number", "category"]


def test_columns_are_found_by_name() -> None:
    model = classifier().fit(FRAME, DEAR)
    expected = model.predict(FRAME)
    assert np.array_equal(model.predict(FRAME[FRAME.columns[::-1]]), expected)
    with pytest.raises(DataError, match="got none named 'size'"):
        model.predict(FRAME.drop(columns="size"))
    with pytest.warns(DataWarning, match="ignored 1 column "):
        assert np.array_equal(model.predict(FRAME.assign(color="red")), expected)
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        assert np.array_equal(model.predict(FRAME.to_numpy()), expected)


def test_rows_without_a_target_are_dropped_by_name_and_refused_in_an_array() -> None:
    table = TABLE.drop(columns="dear")
    table.loc[:9, "rent"] = np.nan
    with pytest.warns(DataWarning, match="dropped 10 of 240 rows"):
        assert regressor().fit(table, "rent").model_.summary["rows"]["dropped"] == 10
    with pytest.raises(DataError, match="y must hold a value in every row"):
        regressor().fit(FRAME, table["rent"])
    with pytest.raises(DataError, match="contains NaN"):
        regressor().fit(FRAME, table["rent"].to_numpy())
    with pytest.raises(DataError, match="row 3 holds counts as missing, got 'None'"):
        classifier().fit(FRAME, ["a", "b", "None"] * 80)


def test_two_labels_that_are_one_class_are_refused() -> None:
    with pytest.raises(DataError, match="names differ in more than the spaces around them"):
        classifier().fit(FRAME, ["a", "a ", "b"] * 80)


def test_numbers_may_be_text() -> None:
    texts = [f"{rent:.2f}" for rent in RENT]
    model = regressor().fit(FRAME, texts)
    assert np.array_equal(model.predict(FRAME), regressor().fit(FRAME, RENT.round(2)).predict(FRAME))
    assert model.score(FRAME, texts) == pytest.approx(model.score(FRAME, RENT.round(2)))


# Validation and weights.


def test_separate_validation_rows_decide_when_to_stop() -> None:
    train, held = TABLE.iloc[:180], TABLE.iloc[180:]
    by_name = classifier().fit(train.drop(columns="rent"), "dear", X_val=held.drop(columns="rent"))
    apart = classifier().fit(FRAME.iloc[:180], TABLE["dear"].iloc[:180], X_val=FRAME.iloc[180:], y_val=TABLE["dear"].iloc[180:])
    assert by_name.model_.summary["rows"] == {"read": 180, "dropped": 0, "training": 180, "validation": 60, "test": 0}
    assert np.array_equal(by_name.predict_proba(FRAME), apart.predict_proba(FRAME))
    with pytest.raises(DataError, match="must be given together"):
        classifier().fit(FRAME, DEAR, X_val=FRAME)


def test_without_validation_the_training_loss_decides() -> None:
    model = classifier(validation=0).fit(FRAME, DEAR)
    assert "validation_loss" not in model.history_[-1]
    assert model.model_.summary["rows"]["training"] == N


@pytest.mark.parametrize(("averaging", "recorded"), [(None, "averaged_validation"), (0.0, "validation")])
@pytest.mark.parametrize("metric", [*LABEL_METRICS, *PROBABILITY_METRICS])
def test_a_metric_of_classes_decides_when_to_stop(metric: str, averaging: float | None, recorded: str) -> None:
    settings = {"eval_metric": metric, "patience": 3, "max_epochs": 60, "calibration": False}  # a temperature comes after
    model = classifier(**settings, averaging=averaging, preset="default").fit(FRAME, DEAR, X_val=FRAME, y_val=DEAR)
    curve = np.array(model.history_[:, f"{recorded}_{metric}"])
    best = curve.min() if metric in SMALLER_IS_BETTER else curve.max()
    assert curve[model.best_epoch_ - 1] == best
    found = model.evaluate(FRAME, DEAR)["model"]
    if metric in found:
        assert found[metric] == pytest.approx(best, abs=1e-5)
    assert metric.replace("_", " ") in model.stop_reason_.text or model.stop_reason_.code == "max_epochs"


@pytest.mark.parametrize(("averaging", "recorded"), [(None, "averaged_validation"), (0.0, "validation")])
@pytest.mark.parametrize("metric", NUMBER_METRICS)
def test_a_metric_of_numbers_decides_in_their_own_unit(metric: str, averaging: float | None, recorded: str) -> None:
    model = regressor(eval_metric=metric, averaging=averaging, preset="default").fit(FRAME, RENT, X_val=FRAME, y_val=RENT)
    curve = np.array(model.history_[:, f"{recorded}_{metric}"])
    best = curve.min() if metric in SMALLER_IS_BETTER else curve.max()
    assert NUMBER_METRICS[metric](RENT, model.predict(FRAME)) == pytest.approx(best, rel=1e-4)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"eval_metric": "r2"}, "TabularClassifier: eval_metric must be one of 'loss', 'accuracy'"),
        ({"eval_metric": "auc", "validation": 0}, "eval_metric must be 'loss' without validation rows, got 'auc'"),
        ({"eval_metric": "auc", "loss": "hinge"}, "gives no probabilities, got 'auc'. Use accuracy"),
    ],
)
def test_a_metric_that_cannot_be_measured_is_rejected(parameters: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidSettingError, match=words):
        classifier(**parameters).fit(FRAME, DEAR)


@pytest.mark.parametrize("metric", ["f1", "balanced_accuracy"])
def test_a_threshold_is_the_best_on_the_validation_rows_and_is_saved(metric: str, tmp_path: Path) -> None:
    rare = np.where(np.quantile(RENT, 0.8) < RENT, "rare", "common")
    model = classifier(decision_threshold=metric).fit(FRAME, rare, X_val=FRAME, y_val=rare)
    threshold, probability = model.model_.threshold, model.predict_proba(FRAME)[:, 1]
    assert threshold is not None
    assert np.array_equal(model.predict(FRAME) == "rare", probability > threshold)
    score = LABEL_METRICS[metric]
    reached = score(rare == "rare", model.predict(FRAME) == "rare")
    assert reached == pytest.approx(
        max(score(rare == "rare", probability > at) for at in np.linspace(0.001, 0.999, 999)), abs=0.01
    )
    assert model.evaluate(FRAME, rare)["model"]["accuracy"] == model.score(FRAME, rare)
    model.save(tmp_path / "m.lamina")
    assert load_model(tmp_path / "m.lamina").predict(FRAME).tolist() == model.predict(FRAME).tolist()


def test_a_threshold_may_be_a_number() -> None:
    model = classifier(decision_threshold=0.9).fit(FRAME, DEAR)
    assert np.array_equal(model.predict(FRAME) == "dear", model.predict_proba(FRAME)[:, 1] > 0.9)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"decision_threshold": 1.5}, "TabularClassifier: decision_threshold must be .*, got 1.5"),
        ({"decision_threshold": "f1", "validation": 0}, "must not be given by a metric without validation rows"),
        ({"decision_threshold": 0.3, "loss": "hinge"}, "must not be given with a loss that gives no probabilities"),
    ],
)
def test_a_threshold_that_makes_no_sense_is_rejected(parameters: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidSettingError, match=words):
        classifier(**parameters).fit(FRAME, DEAR)


def test_a_threshold_is_for_two_classes() -> None:
    with pytest.raises(InvalidSettingError, match="decision_threshold must not be given with 3 classes"):
        classifier(decision_threshold=0.3).fit(FRAME, ["a", "b", "c"] * 80)


def test_rows_of_weight_0_are_as_if_left_out() -> None:
    weight = np.ones(N)
    weight[::3] = 0
    kept = weight > 0
    weighted = classifier().fit(FRAME, DEAR, weight)
    assert np.array_equal(weighted.predict_proba(FRAME), classifier().fit(FRAME[kept], DEAR[kept]).predict_proba(FRAME))


def test_weights_reach_the_network_and_the_validation_rows() -> None:
    weight = np.where(DEAR == "dear", 5.0, 1.0)
    plain, weighted = classifier().fit(FRAME, DEAR), classifier().fit(FRAME, DEAR, weight)
    assert weighted.predict_proba(FRAME)[:, 1].mean() > plain.predict_proba(FRAME)[:, 1].mean()
    scaled = classifier().fit(FRAME, DEAR, 2 * weight)
    assert weighted.history_[0, "validation_loss"] == pytest.approx(scaled.history_[0, "validation_loss"], rel=1e-3)
    separate = classifier(validation=0.25).fit(FRAME, DEAR, weight).history_[0, "validation_loss"]
    assert separate != classifier(validation=0.25).fit(FRAME, DEAR).history_[0, "validation_loss"]


def test_class_weights_are_by_label() -> None:
    weighted = classifier(class_weight={"dear": 5}).fit(FRAME, DEAR)
    by_rows = classifier().fit(FRAME, DEAR)
    assert weighted.predict_proba(FRAME)[:, 1].mean() > by_rows.predict_proba(FRAME)[:, 1].mean()


# With scikit-learn.


def test_a_whole_frame_goes_into_cross_validation() -> None:
    scores = cross_val_score(classifier(), TABLE.drop(columns="rent"), TABLE["dear"], cv=3)
    assert scores.shape == (3,)
    assert scores.min() > 0.7


def test_a_whole_frame_goes_into_a_search_and_a_pipeline() -> None:
    search = GridSearchCV(regressor(), {"hidden": [4, (8, 4)], "activation": ["relu"]}, cv=2).fit(FRAME, RENT)
    assert search.best_estimator_.predict(FRAME).shape == (N,)
    pipeline = make_pipeline(FunctionTransformer(lambda frame: frame.drop(columns="garden")), regressor())
    assert pipeline.fit(FRAME, RENT).score(FRAME, RENT) > 0.5


def test_importances_and_partial_dependences_take_frames() -> None:
    model = regressor(max_epochs=60).fit(FRAME, RENT)
    importance = permutation_importance(model, FRAME, RENT, n_repeats=2, random_state=0).importances_mean
    assert importance.argmax() == 0
    display = PartialDependenceDisplay.from_estimator(model, FRAME.dropna(), ["size", "town"], categorical_features=["town"])
    assert len(display.axes_.ravel()) == 2


def test_our_own_importances_take_frames() -> None:
    table = TABLE.drop(columns="dear")
    importance = own_importance(regressor(max_epochs=60).fit(table, "rent"), table, "rent", repeats=2)
    assert importance.names[importance.order[0]] == "size"


def test_confusion_calibration_and_thresholds_take_frames() -> None:
    display = ConfusionMatrixDisplay.from_estimator(classifier().fit(FRAME, DEAR), FRAME, DEAR)
    assert display.confusion_matrix.sum() == N
    calibrated = CalibratedClassifierCV(classifier(), cv=2).fit(FRAME, DEAR)
    assert calibrated.predict_proba(FRAME).shape == (N, 2)
    tuned = TunedThresholdClassifierCV(classifier(), cv=2).fit(FRAME, DEAR)
    assert set(tuned.predict(FRAME)) <= {"cheap", "dear"}


def test_a_pickle_predicts_the_same() -> None:
    model = classifier().fit(FRAME, DEAR)
    assert np.array_equal(pickle.loads(pickle.dumps(model)).predict_proba(FRAME), model.predict_proba(FRAME))


# What was learned.


def test_a_saved_model_is_that_of_save_model_and_predicts_the_same(tmp_path: Path) -> None:
    model = classifier().fit(FRAME, ["b ", "a"] * 120)
    model.save(tmp_path / "own.lamina")
    save_model(tmp_path / "model.lamina", model.model_)
    save_model(model, tmp_path / "estimator.lamina")
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1
    loaded = load_model(tmp_path / "own.lamina")
    assert isinstance(loaded, TableModel)
    assert loaded.predict(FRAME).tolist() == model.predict(FRAME).tolist()
    with pytest.raises(NotFittedError):
        classifier().save(tmp_path / "none.lamina")


def test_what_was_learned_is_shown() -> None:
    model = classifier().fit(FRAME, DEAR)
    assert model.n_iter_ == len(model.history_)
    assert 1 <= model.best_epoch_ <= model.n_iter_
    assert model.stop_reason_.code in ("no_improvement", "max_epochs")
    assert [row.column for row in model.columns_] == list(FRAME.columns)
    assert model.plot().get_lines()
    with pytest.raises(AttributeError, match="before it is fitted"):
        classifier().history_  # noqa: B018


def test_metrics_are_those_of_the_model_beside_those_of_a_constant() -> None:
    model = classifier().fit(FRAME, DEAR)
    found = model.evaluate(FRAME, DEAR)
    assert found["model"]["accuracy"] == model.score(FRAME, DEAR)
    assert found == model.model_.evaluate(FRAME.assign(y=DEAR))
    assert model.score(TABLE.drop(columns="rent"), "dear") == model.score(FRAME, DEAR)
    number = regressor().fit(FRAME, RENT)
    assert number.evaluate(FRAME, RENT)["model"]["r2"] == number.score(FRAME, RENT)
    assert number.evaluate(FRAME, RENT)["baseline"]["r2"] == 0


def test_several_quantiles_have_a_column_each() -> None:
    model = regressor(loss=Quantile((0.1, 0.5, 0.9))).fit(FRAME, RENT)
    assert model.predict(FRAME).shape == (N, 3)
    assert np.isfinite(model.score(FRAME, RENT))


def test_a_loss_without_probabilities_has_none() -> None:
    model = classifier(loss="hinge").fit(FRAME, DEAR)
    assert not hasattr(model, "predict_proba")
    assert not hasattr(model, "predict_log_proba")
    assert model.score(FRAME, DEAR) > 0.6


@pytest.mark.parametrize("parameters", [{}, {"decision_threshold": 0.2}, {"loss": "hinge"}, {"loss": "squared_error"}])
def test_of_two_classes_the_second_is_predicted_where_the_decision_is_above_0(parameters: dict[str, Any]) -> None:
    model = classifier(**parameters).fit(FRAME, DEAR)
    decided = model.decision_function(FRAME)
    assert decided.shape == (N,)
    np.testing.assert_array_equal(model.classes_[(decided > 0).astype(int)], model.predict(FRAME))
    assert cross_val_score(classifier(**parameters), FRAME, DEAR, cv=2, scoring="roc_auc").min() > 0.7


@pytest.mark.parametrize("parameters", [{}, {"decision_threshold": 0.2}, {"loss": "softmax_cross_entropy"}])
def test_decisions_are_the_log_odds_less_those_of_the_threshold(parameters: dict[str, Any]) -> None:
    model = classifier(**parameters).fit(FRAME, DEAR)
    second, threshold = model.predict_proba(FRAME)[:, 1].astype(float), parameters.get("decision_threshold", 0.5)
    odds = np.log(second / (1 - second)) - np.log(threshold / (1 - threshold))
    np.testing.assert_allclose(model.decision_function(FRAME), odds, atol=1e-4)


def test_of_several_classes_the_largest_decision_is_predicted() -> None:
    model = classifier().fit(FRAME, np.digitize(RENT, [700, 1500]))
    decided = model.decision_function(FRAME)
    assert decided.shape == (N, 3)
    np.testing.assert_array_equal(decided.argmax(axis=1), model.predict(FRAME))
    np.testing.assert_array_equal(model.predict_log_proba(FRAME), np.log(model.predict_proba(FRAME)))


# Groups.


class _Spy:
    """In place of ``train``: keeps the rows that it is given."""

    prepared: Any

    def __call__(self, prepared: Any, *given: Any, **settings: Any) -> Any:
        self.prepared = prepared
        return train(prepared, *given, **settings)

    def groups(self) -> list[list[int]]:
        """The groups of the training rows and of those held out, by a column that holds them."""
        return [part.table["group"].array.tolist() for part in (self.prepared.training, self.prepared.validation)]


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> _Spy:
    monkeypatch.setattr("lamina.model.tabular.train", found := _Spy())
    return found


@pytest.mark.parametrize("kind", [lambda groups: groups, lambda groups: [f"g{group}" for group in groups], pl.Series])
def test_groups_stay_on_one_side(spy: _Spy, kind: Any) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        group = rng.integers(0, 30, N)
        model = classifier(max_epochs=1, validation=0.3, random_state=seed)
        model.fit(FRAME[["size"]].assign(group=group), DEAR, groups=kind(group))
        training, held = spy.groups()
        assert not set(training) & set(held)
        assert len(training) + len(held) == N
        assert 0.1 < len(held) / N < 0.5


def test_groups_and_copies_of_rows_stay_together(spy: _Spy) -> None:
    group = np.arange(N) // 4
    table = pd.DataFrame({"group": group // 2, "size": np.arange(N) % 4})  # pairs of groups hold the same rows
    for seed in range(20):
        classifier(max_epochs=1, validation=0.3, random_state=seed).fit(table, DEAR, groups=group)
        training, held = spy.groups()
        assert not set(training) & set(held)


def test_groups_of_weight_0_and_of_rows_without_a_target_are_left_out(spy: _Spy) -> None:
    group = np.arange(N) // 6
    table, weight = FRAME[["size"]].assign(group=group), (group != 3).astype(float)
    model = classifier(max_epochs=1)
    with pytest.warns(DataWarning, match="dropped 6 of 234 rows"):
        model.fit(table.assign(dear=pd.Series(DEAR).where(group != 5)), "dear", weight, groups=group)
    training, held = map(set, spy.groups())
    assert not training & held
    assert training | held == set(group.tolist()) - {3, 5}


@pytest.mark.filterwarnings(r"ignore:class rare has only one row \(or group of rows\), which is kept")
def test_a_class_of_one_group_is_learned() -> None:
    labels = np.where(np.arange(N) < 20, "rare", DEAR)
    group = np.where(np.arange(N) < 20, 0, np.arange(N) // 20)
    for seed in range(20):
        model = classifier(max_epochs=1, random_state=seed, validation=0.4).fit(FRAME, labels, groups=group)
        assert model.predict_proba(FRAME).shape == (N, 3)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"groups": np.zeros(N)}, "groups must be at least two that share no copy of a row"),
        ({"groups": np.arange(N - 1)}, "inconsistent numbers of samples"),
        ({"groups": [None, *range(N - 1)]}, "groups must have an entry in every row, and row 1 has none"),
        ({"groups": np.ones((N, 2))}, "y should be a 1d array|shape"),
        ({"groups": np.arange(N), "X_val": FRAME, "y_val": DEAR}, "groups must not be given together with X_val"),
    ],
)
def test_groups_that_make_no_sense_are_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        classifier().fit(FRAME, DEAR, **given)


def test_one_group_of_which_nothing_is_held_out_is_learned() -> None:
    assert classifier(validation=0, max_epochs=1).fit(FRAME, DEAR, groups=np.zeros(N)).n_iter_ == 1


def test_callbacks_see_the_training_and_stay_as_they_were() -> None:
    class Epochs(Callback):
        seen = 0

        def on_epoch_end(self, trainer: Any, record: dict[str, Any]) -> None:
            self.seen += 1

    callback = Epochs()
    model = classifier(callbacks=callback).fit(FRAME, DEAR)
    assert callback.seen == model.n_iter_
    assert model.callbacks is callback


# Interruption.


class PressCtrlC(Callback):
    def on_epoch_end(self, trainer: Any, record: dict[str, Any]) -> None:
        if record["epoch"] == 3:
            raise KeyboardInterrupt


def test_ctrl_c_keeps_what_was_learned_and_is_raised() -> None:
    model = classifier(callbacks=[PressCtrlC()])
    with pytest.raises(KeyboardInterrupt):
        model.fit(FRAME, DEAR)
    assert model.stop_reason_.code == "interrupted"
    assert model.n_iter_ == 3
    assert model.predict(FRAME).shape == (N,)


def test_ctrl_c_returns_with_a_warning_where_that_is_wanted() -> None:
    with pytest.warns(UserWarning, match="Training interrupted"):
        model = classifier(callbacks=[PressCtrlC()], on_interrupt="return").fit(FRAME, DEAR)
    assert model.n_iter_ == 3


def test_a_fit_within_a_fit_is_refused() -> None:
    class Again(Callback):
        def on_epoch_end(self, trainer: Any, record: dict[str, Any]) -> None:
            model.fit(FRAME, DEAR)

    model = classifier(callbacks=[Again()])
    with pytest.raises(BusyError, match=r"TabularClassifier\.fit"):
        model.fit(FRAME, DEAR)


@pytest.mark.filterwarnings("ignore:class z has only one row:lamina.data.DataWarning")
def test_a_class_of_copies_alone_is_not_held_out_whole() -> None:
    rng = np.random.default_rng(3)
    for seed in range(30):
        frame = pd.DataFrame({"a": rng.normal(size=40).round(2), "b": rng.normal(size=40)})
        labels = np.array(["x", "y"] * 20, dtype=object)
        twice, rare = pd.concat([frame, frame[:1]], ignore_index=True), [*labels, "z"]
        model = classifier(random_state=seed, validation=0.4, max_epochs=2).fit(twice, rare)
        assert model.predict_proba(twice).shape == (41, 3)


@pytest.mark.parametrize("make", [TabularClassifier, TabularRegressor])
def test_a_fit_keeps_how_each_layer_fared(tmp_path: Path, make: type) -> None:
    """At least twenty probes and one an epoch; the model's file keeps them, and training is the same without."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 3))
    y = (X[:, 0] > X[:, 1]).astype(int) if make is TabularClassifier else X[:, 0] * X[:, 1]
    settings = {"hidden": (8,), "max_epochs": 25, "patience": 99, "random_state": 1}
    model, without = make(**settings).fit(X, y), make(**settings, monitor=False).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), without.predict(X))
    assert not hasattr(without, "monitor_")
    record = model.monitor_
    assert record.layers == ("piecewise_linear_1", "concat_1", "dense_1", "dense_2")
    assert set(range(25)) <= set(record.probes.epochs.tolist())
    for name in ("one", "other"):
        model.save(tmp_path / name)
    without.save(tmp_path / "without")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
    assert (tmp_path / "one").stat().st_size < (tmp_path / "without").stat().st_size + 60_000
    assert repr(load_model(tmp_path / "one").estimator.monitor_.to_dict()) == repr(record.to_dict())
    assert not hasattr(load_model(tmp_path / "without").estimator, "monitor_")


def test_a_monitor_of_ones_own_takes_the_place_of_the_usual_one() -> None:
    X = np.random.default_rng(0).normal(size=(60, 3))
    monitor = Monitor(every=7)
    model = TabularRegressor(hidden=(4,), max_epochs=9, patience=99, callbacks=[monitor]).fit(X, X[:, 0])
    assert model.monitor_ is monitor.record
