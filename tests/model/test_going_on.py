"""Going on from a model with new rows: what is trained, what stays, which settings hold, and what is refused."""

from __future__ import annotations

import pickle
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from lamina import Adam, Callback, TableModel, TabularClassifier, TabularRegressor, fit_table, load_model, save_model
from lamina.data import DataWarning
from lamina.errors import DataError, InvalidSettingError
from lamina.losses import Huber
from lamina.model import (
    EncodingSettings,
    FitInterrupted,
    NetworkSettings,
    OptimizationSettings,
    RunSettings,
    StoppingSettings,
    TableSettings,
)

STORED = Path(__file__).parent / "stored"
TOWNS = ["Rome", "Oslo", "Bern"]


def flats(num_rows: int, seed: int, *, noise: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    size, town = rng.uniform(20, 200, num_rows).round(1), rng.choice(TOWNS, num_rows)
    rent = 10 * size + np.where(town == "Oslo", 400, 0) + rng.normal(0, 200 * noise, num_rows)
    frame = pd.DataFrame({"size": size, "town": town, "rent": rent.round(), "dear": np.where(rent > 1100, "dear", "cheap")})
    frame["class"] = pd.cut(rent, [-np.inf, 700, 1500, np.inf], labels=["low", "middle", "high"]).astype(str)
    return frame


OLD, NEW = flats(200, 0), flats(200, 1)
SMALL = TableSettings(
    network=NetworkSettings(hidden=(8,)), stopping=StoppingSettings(max_epochs=6, patience=4), run=RunSettings(threads=1)
)


def trained(target: str = "dear", settings: TableSettings = SMALL, table: pd.DataFrame = OLD) -> TableModel:
    return fit_table(_only(table, target), target, settings=settings, test=0).model


def gone_on(model: TableModel, table: pd.DataFrame = NEW, settings: TableSettings | None = None, **others: Any) -> TableModel:
    target = model.target.name
    given = {"test": 0, "settings": settings, **others}
    return fit_table(_only(table, target), target, continue_from=model, **given).model


def optimized(**settings: Any) -> TableSettings:
    return TableSettings(optimization=OptimizationSettings(**settings))


def scaled(scale: Any) -> TableSettings:
    return replace(SMALL, optimization=OptimizationSettings(target_scale=scale))


def positive(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(rent=table["rent"].clip(1))


def classifier(**parameters: Any) -> TabularClassifier:
    return TabularClassifier(
        **{"hidden": 8, "max_epochs": 6, "random_state": 0, "n_threads": 1, "warm_start": True, **parameters}
    )


def _only(table: pd.DataFrame, target: str) -> pd.DataFrame:
    return table[["size", "town", target]]


def numbers(model: TableModel) -> np.ndarray:
    table = NEW[["size", "town"]]
    return model.predict(table) if model.target.task == "regression" else model.predict_proba(table)


def measured(model: TableModel, table: pd.DataFrame) -> dict[str, float]:
    return model.evaluate(_only(table, model.target.name))["model"]


# What is trained, and what stays.


@pytest.mark.parametrize("target", ["dear", "class", "rent"])
def test_only_weights_change_and_the_model_before_stays_as_it_was(target: str) -> None:
    model = trained(target)
    before, summary = numbers(model), dict(model.summary)
    after = gone_on(model)
    np.testing.assert_array_equal(numbers(model), before)
    assert model.summary == summary
    assert (numbers(after) != before).any()
    assert after.encoder.to_dict() == model.encoder.to_dict()
    assert (after.target, after.scale) == (model.target, model.scale)
    assert after.estimator.network_.to_dict() == model.estimator.network_.to_dict()


@pytest.mark.parametrize("target", ["dear", "rent"])
@pytest.mark.parametrize("validation", [0.2, 0])
def test_weights_that_no_epoch_improves_on_are_kept_to_the_bit(target: str, validation: float) -> None:
    model = trained(target, replace(SMALL, stopping=StoppingSettings(max_epochs=60, patience=60)))
    ruinous = TableSettings(
        network=NetworkSettings(dropout=(0.9,)),
        optimization=OptimizationSettings(learning_rate=30.0, clip_norm=1.0),
        stopping=StoppingSettings(max_epochs=3),
    )
    with pytest.warns(DataWarning, match="no epoch was better than the model that training went on from"):
        after = gone_on(model, settings=ruinous, validation=validation)
    np.testing.assert_array_equal(numbers(after), numbers(model))
    assert after.summary["best_epoch"] == 0


@pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")
@pytest.mark.parametrize(
    ("target", "metric", "sign"), [("dear", "loss", -1), ("dear", "auc", 1), ("dear", "accuracy", 1), ("rent", "mae", -1)]
)
def test_what_decides_is_never_worse_afterwards_on_the_validation_rows(target: str, metric: str, sign: int) -> None:
    model, name = trained(target), {"loss": "log_loss"}.get(metric, metric)
    for seed in range(20):
        judges = _only(flats(60, 100 + seed), target)
        more = TableSettings(
            optimization=OptimizationSettings(learning_rate=10.0 ** (seed % 4 - 3)),
            stopping=StoppingSettings(max_epochs=2, eval_metric=metric),
            run=RunSettings(seed=seed),
        )
        after = gone_on(model, flats(40, seed, noise=4), more, validation=judges)
        before, now = (measured(each, judges)[name] for each in (model, after))
        assert sign * (now - before) >= -1e-6


@pytest.mark.parametrize("target", ["dear", "rent"])
def test_a_model_from_a_file_goes_on_as_the_one_that_was_saved(target: str, tmp_path: Path) -> None:
    model = trained(target)
    save_model(tmp_path / "before", model)
    for name, each in (("memory", model), ("file", load_model(tmp_path / "before"))):
        save_model(tmp_path / name, gone_on(each))
    assert (tmp_path / "memory").read_bytes() == (tmp_path / "file").read_bytes()
    again = gone_on(gone_on(model), flats(100, 2))
    save_model(tmp_path / "again", again)
    np.testing.assert_array_equal(numbers(load_model(tmp_path / "again")), numbers(again))


def test_going_on_reaches_what_half_of_the_rows_did_not() -> None:
    table, judges = flats(1000, 3), flats(1000, 4)
    model = trained(table=table[:60])
    after = gone_on(model, table[60:], TableSettings(stopping=StoppingSettings(max_epochs=60, patience=15)))
    before, now = (measured(each, judges)["auc"] for each in (model, after))
    assert now > before
    assert now > 0.93


def test_the_summary_tells_of_all_trainings() -> None:
    model = fit_table(_only(OLD, "dear"), "dear", settings=SMALL).model
    after = gone_on(gone_on(model, test=0.2), flats(100, 2))
    first, second = after.summary["earlier"]
    assert first == {name: model.summary[name] for name in ("rows", "metrics", "best_epoch")}
    assert (first["rows"]["training"], second["rows"]["training"], after.summary["rows"]["training"]) == (144, 143, 90)
    assert second["metrics"]["model"].keys() == first["metrics"]["model"].keys()
    assert after.summary["metrics"] == {}


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_file_of_every_version_is_gone_on_from(version: int) -> None:
    model = load_model(STORED / str(version) / "table.model")
    assert isinstance(model, TableModel)
    rng = np.random.default_rng(version)
    size = rng.normal(size=80)
    columns = {
        "size": size,
        "color": rng.choice(["red", "blue", "green"], 80),
        "day": np.datetime64("2020-01-01") + np.arange(80),
        "flag": rng.random(80) > 0.5,
        "kind": np.where(size > 0, "high", "low"),
    }
    after = fit_table(pa.table(columns), "kind", continue_from=model).model
    assert (after.estimator.members, after.estimator.bins) == (1, 0)
    assert len(after.estimator.history_) <= 5  # as stored
    assert after.summary["earlier"][0]["rows"] == model.summary["rows"]
    assert after.summary["best_epoch"] > 0


# Settings.


@pytest.mark.filterwarnings("ignore:no epoch was better")
def test_settings_hold_unless_they_are_named_anew() -> None:
    first = TableSettings(
        network=NetworkSettings(hidden=(8,), dropout=(0.2,)),
        optimization=OptimizationSettings(learning_rate=0.01, optimizer="nadam", class_weight="balanced"),
        stopping=StoppingSettings(max_epochs=7, patience=3, eval_metric="auc"),
        run=RunSettings(seed=5),
    )
    model = trained(settings=first)
    same = gone_on(model).estimator.get_params()
    assert {name: value for name, value in model.estimator.get_params().items() if same[name] != value} == {}
    kept = gone_on(model).summary["settings"]
    assert (kept["patience"], kept["eval_metric"], kept["seed"], kept["batch_size"]) == (3, "auc", 5, None)
    # the default, named
    anew = gone_on(model, settings=optimized(learning_rate=OptimizationSettings.learning_rate, batch_size=16))
    assert anew.estimator.learning_rate_init == OptimizationSettings.learning_rate
    assert (anew.estimator.batch_size, anew.estimator.optimizer, anew.estimator.random_state) == (16, "nadam", 5)


def test_objects_and_class_weights_by_label_hold_too(tmp_path: Path) -> None:
    labels = OLD["dear"] == "dear"
    model = TabularClassifier(hidden=8, max_epochs=3, optimizer=Adam(0.02), class_weight={False: 1, True: 3}, random_state=0)
    model.fit(OLD[["size", "town"]], labels)
    model.save(tmp_path / "a")
    new = NEW[["size", "town"]].assign(y=NEW["dear"] == "dear")
    target = model.model_.target.name
    for each in (model.model_, load_model(tmp_path / "a")):
        after = fit_table(new.rename(columns={"y": target}), target, continue_from=each).model
        assert after.estimator.optimizer == Adam(0.02)
        assert after.estimator.class_weight == {0: 1, 1: 3}


def test_a_threshold_is_chosen_anew() -> None:
    model = trained(settings=replace(SMALL, optimization=OptimizationSettings(decision_threshold="f1")))
    after = gone_on(model, flats(200, 5, noise=3))
    assert after.threshold is not None
    assert after.threshold != model.threshold
    assert gone_on(model, settings=optimized(decision_threshold=0.25)).threshold == 0.25


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (TableSettings(network=NetworkSettings(hidden=(16,))), "hidden must stay 8, as the model to go on from has learned it"),
        (TableSettings(network=NetworkSettings(activation=("relu",))), "activation must stay 'mish'"),
        (TableSettings(network=NetworkSettings(batch_norm=True)), "batch_norm must stay False"),
        (TableSettings(network=NetworkSettings(weight_init="he")), "weight_init must stay 'auto'"),
        (optimized(loss="hinge"), "loss must stay 'log_loss'"),
        (TableSettings(encoding=EncodingSettings(kinds=("size=category",))), "kinds must stay {}"),
        (TableSettings(encoding=EncodingSettings(scaling="standard")), "scaling must stay 'robust'"),
        (TableSettings(encoding=EncodingSettings(missing=("x",))), r"missing must stay \(\)"),
        (TableSettings(run=RunSettings(restarts=2)), "restarts must be 1 to go on from a model"),
    ],
)
def test_settings_against_what_was_learned_are_refused_by_name(settings: TableSettings, words: str) -> None:
    with pytest.raises(InvalidSettingError, match=words):
        gone_on(trained(), settings=settings)


@pytest.mark.filterwarnings("ignore:column 'size'. values that are not numbers count as missing")
def test_settings_that_say_what_was_learned_are_none_against_it() -> None:
    loss = replace(SMALL, optimization=OptimizationSettings(loss="huber:delta=2"))
    model = trained("rent", loss)
    again = TableSettings(
        network=NetworkSettings(hidden=(8,), activation=("mish",), dropout=(0.0,)),
        optimization=OptimizationSettings(loss="huber:delta=2"),
        encoding=EncodingSettings(min_count=5, kinds=(), on_error="missing"),
    )
    after = gone_on(model, NEW.assign(size=NEW["size"].astype(str).where(NEW.index > 3, "many")), again)
    assert after.estimator.loss == Huber(2.0)
    assert (after.encoder.on_error, model.encoder.on_error) == ("missing", "fail")


def test_the_factor_of_a_log_scale_is_found_anew_and_not_piled_up() -> None:
    model = trained("rent", scaled("log"), positive(OLD))
    assert model.scale.factor != 1.0
    again, without = (gone_on(each, positive(NEW)) for each in (model, replace(model, scale=replace(model.scale, factor=1.0))))
    assert again.scale == without.scale
    assert np.array_equal(numbers(again), numbers(without))


@pytest.mark.parametrize(("learned", "asked"), [("linear", "log"), ("log", "linear"), ("log", "quantile")])
def test_another_scale_of_numbers_is_refused(learned: Any, asked: Any) -> None:
    model = trained("rent", scaled(learned), positive(OLD))
    words = rf"target_scale must stay as the model to go on from has learned it \('{learned}'\), got '{asked}'"
    with pytest.raises(InvalidSettingError, match=words):
        gone_on(model, positive(NEW), optimized(target_scale=asked))
    for same in (learned, "auto"):
        assert gone_on(model, positive(NEW), optimized(target_scale=same)).scale.kind == learned


# Rows.


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("rent", [0.0, -1.0])
def test_numbers_that_have_no_place_on_the_learned_scale_are_refused(rent: float, apart: bool) -> None:
    model, plain = trained("rent", scaled("log"), positive(OLD)), positive(NEW)
    odd = plain.assign(rent=plain["rent"].where(plain.index != 3, rent))
    words = rf"target 'rent' must hold numbers > 0, as the model to go on from has learned it on a log scale, got {rent}\. Leave"
    with pytest.raises(DataError, match=words):
        gone_on(model, plain if apart else odd, **({"validation": _only(odd, "rent")} if apart else {}))


def test_a_log_scale_that_has_a_place_for_0_takes_it_again() -> None:
    model = trained("rent", scaled("log"), OLD.assign(rent=OLD["rent"].clip(0) * (OLD.index % 9 > 0)))
    assert np.isfinite(numbers(gone_on(model, NEW.assign(rent=0.0)))).all()
    with pytest.raises(DataError, match="must hold numbers >= 0, as the model"):
        gone_on(model, NEW.assign(rent=-1.0))


def test_new_rows_may_lack_classes_and_have_categories_of_their_own() -> None:
    model = trained("class")
    rows = NEW[NEW["class"] != "high"].assign(town=np.where(NEW["class"][NEW["class"] != "high"] == "low", "Kiel", "Rome"))
    with pytest.warns(DataWarning, match=r"column 'town': \d+ rows of values not seen in training \('Kiel'\)"):
        after = gone_on(model, rows)
    assert after.target.classes == ("high", "low", "middle")
    assert numbers(after).shape == (200, 3)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (NEW.assign(dear="new"), r"target 'dear' must hold the classes of training \('cheap', 'dear'\), got 'new'"),
        (NEW.drop(columns="town"), "every column the model was trained on, got none named 'town'"),
        (NEW.assign(size="many"), "column 'size' must hold numbers"),
        (NEW[:5], "at least 10 rows"),
    ],
)
def test_rows_that_the_model_cannot_read_are_refused(table: pd.DataFrame, words: str) -> None:
    with pytest.raises(DataError, match=words):
        fit_table(table.drop(columns=["rent", "class"]), "dear", continue_from=trained())


def test_another_target_task_or_model_is_refused() -> None:
    model = trained()
    with pytest.raises(DataError, match="target must be 'dear', as of the model to go on from, got 'class'"):
        fit_table(_only(NEW, "class"), "class", continue_from=model)
    with pytest.raises(InvalidSettingError, match="task must be auto or classification"):
        fit_table(_only(NEW, "dear"), "dear", task="regression", continue_from=model)
    with pytest.raises(InvalidSettingError, match="continue_from must be an instance of TableModel"):
        fit_table(NEW, "dear", continue_from="a.lamina")


# Ends.


class PressCtrlC(Callback):
    def on_epoch_end(self, trainer: Any, record: dict[str, Any]) -> None:
        raise KeyboardInterrupt


def test_ctrl_c_keeps_the_better_weights_and_is_raised() -> None:
    model = trained(settings=replace(SMALL, stopping=StoppingSettings(max_epochs=1)))
    with pytest.raises(FitInterrupted) as caught:
        gone_on(model, settings=TableSettings(stopping=StoppingSettings(max_epochs=50)), callbacks=[PressCtrlC()])
    result = caught.value.result
    assert len(result.model.estimator.history_) == 1
    assert result.model.summary["earlier"]


def test_a_limit_of_time_ends_it() -> None:
    began = time.perf_counter()
    after = gone_on(trained(), settings=TableSettings(stopping=StoppingSettings(max_epochs=10**6, patience=10**6, max_time=0.3)))
    assert after.estimator.stop_reason_.code == "time_limit"
    assert time.perf_counter() - began < 10


# The estimators.


@pytest.mark.parametrize(("estimator", "target"), [(TabularClassifier, "dear"), (TabularRegressor, "rent")])
def test_a_warm_start_goes_on_as_fit_table_does(estimator: type, target: str) -> None:
    parameters: dict[str, Any] = {"hidden": 8, "max_epochs": 6, "patience": 4, "random_state": 0, "n_threads": 1}
    for by_name in (True, False):
        model = estimator(**parameters, warm_start=True)
        for table in (OLD, NEW):
            X, y = _only(table, target), target
            model.fit(X if by_name else X.drop(columns=target), y if by_name else table[target])
        np.testing.assert_array_equal(
            numbers(model.model_) if target == "rent" else model.predict_proba(NEW[["size", "town"]]),
            numbers(gone_on(trained(target))),
        )
        assert model.feature_names_in_.tolist() == ["size", "town"]
        assert model.model_.summary["earlier"][0]["rows"]["read"] == 200


def test_without_a_warm_start_and_in_a_clone_all_begins_anew() -> None:
    X, y = NEW[["size", "town"]], NEW["dear"]
    fresh = classifier(warm_start=False).fit(X, y)
    for model in (classifier(warm_start=False).fit(OLD[["size", "town"]], OLD["dear"]), clone(classifier().fit(X, y))):
        np.testing.assert_array_equal(model.fit(X, y).predict_proba(X), fresh.predict_proba(X))


def test_a_warm_start_is_searched_over_and_pickled() -> None:
    X, y = OLD[["size", "town"]], OLD["dear"]
    search = GridSearchCV(classifier(max_epochs=2), {"learning_rate": [0.001, 0.01]}, cv=2).fit(X, y)
    best = search.best_estimator_.fit(NEW[["size", "town"]], NEW["dear"])
    copied = pickle.loads(pickle.dumps(best))
    for model in (best, copied):
        model.fit(X, y)
    np.testing.assert_array_equal(copied.predict_proba(X), best.predict_proba(X))


def test_arrays_are_gone_on_with_by_position() -> None:
    X, y = OLD[["size"]].to_numpy(), (OLD["dear"] == "dear").to_numpy().astype(int)
    model = classifier().fit(X, y).fit(X[:100], y[:100])
    assert model.classes_.tolist() == [0, 1]
    assert model.classes_.dtype == y.dtype
    with pytest.raises(ValueError, match="X has 2 features, but TabularClassifier is expecting 1"):
        model.fit(np.hstack([X, X]), y)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"hidden": 16}, "TabularClassifier: hidden must stay 8"),
        ({"loss": "hinge"}, "TabularClassifier: loss must stay 'log_loss'"),
        ({"kinds": {"size": "category"}}, "TabularClassifier: kinds must stay {}"),
        ({"n_restarts": 2}, "TabularClassifier: n_restarts must be 1 with warm_start"),
        ({"warm_start": 1}, "TabularClassifier: warm_start must be True or False"),
    ],
)
def test_a_warm_start_refuses_what_is_against_it(change: dict[str, Any], words: str) -> None:
    X, y = OLD[["size", "town"]], OLD["dear"]
    model = classifier().fit(X, y)
    before = model.predict_proba(X)
    with pytest.raises(InvalidSettingError, match=words):
        model.set_params(**change).fit(X, y)
    np.testing.assert_array_equal(model.model_.predict_proba(X), before)


def test_a_warm_start_refuses_new_classes_and_other_targets() -> None:
    model = classifier().fit(_only(OLD, "dear"), "dear")
    with pytest.raises(DataError, match="must be 'dear', as in the last fit, got 'town'"):
        model.fit(OLD, "town")
    with pytest.raises(DataError, match=r"the classes of training \('cheap', 'dear'\), got 'free'"):
        model.fit(OLD[["size", "town"]], np.where(OLD["size"] < 50, "free", "dear"))
    with pytest.raises(DataError, match="must hold a value in every row"):
        model.fit(OLD[["size", "town"]], OLD["dear"].where(OLD["size"] > 50))
    assert model.classes_.tolist() == ["cheap", "dear"]


def test_a_warm_start_takes_weights_and_validation_rows() -> None:
    X, y = OLD[["size", "town"]], OLD["dear"]
    model = classifier().fit(X, y)
    model.fit(NEW[["size", "town"]], NEW["dear"], np.arange(200) % 3, X_val=X, y_val=y)
    assert model.model_.summary["rows"] == {"read": 133, "dropped": 0, "training": 133, "validation": 200, "test": 0}
