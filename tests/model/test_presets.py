"""What models of tables are by default: the presets, members and bins, and the average of the weights."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from lamina import (
    AveragedWeights,
    Callback,
    Checkpoint,
    TableModel,
    TabularClassifier,
    TabularRegressor,
    fit_table,
    load_model,
    save_model,
)
from lamina.errors import InvalidSettingError
from lamina.layers import PiecewiseLinear
from lamina.metrics import NUMBER_METRICS, PROBABILITY_METRICS, SMALLER_IS_BETTER
from lamina.model import (
    FitInterrupted,
    NetworkSettings,
    OptimizationSettings,
    RunSettings,
    StoppingSettings,
    TableSettings,
)
from lamina.model.out_of_fold import OutOfFoldLogits
from lamina.model.table_settings import PRESETS
from lamina.network import Ensemble

pytestmark = pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")

STORED = Path(__file__).parent / "stored"
RNG = np.random.default_rng(0)
N = 200
FRAME = pd.DataFrame({"size": RNG.uniform(20, 200, N), "town": RNG.choice(["Rome", "Oslo"], N), "rooms": RNG.integers(1, 6, N)})
RENT = 10 * FRAME["size"] + np.where(FRAME["town"] == "Oslo", 400, 0) + RNG.normal(0, 100, N)
DEAR = np.where(RENT > 1300, "dear", "cheap")
TABLE = FRAME.assign(dear=DEAR)
COMPARING = ("lbfgs", "perturb-one", "perturb-all")
BY_PRESET = [(preset, name, value) for preset, values in PRESETS.items() for name, value in values.items()]


def classifier(**parameters: Any) -> TabularClassifier:
    return TabularClassifier(**{"hidden": 8, "max_epochs": 4, "random_state": 0, "n_threads": 1, **parameters})


def regressor(**parameters: Any) -> TabularRegressor:
    return TabularRegressor(**{"hidden": 8, "max_epochs": 4, "random_state": 0, "n_threads": 1, **parameters})


def settings(**named: Any) -> TableSettings:
    usual = {"hidden": (8,), "max_epochs": 4, "threads": 1}
    of_groups = {
        "network": (NetworkSettings, ("hidden", "members", "bins")),
        "optimization": (OptimizationSettings, ("averaging", "optimizer", "learning_rate", "clip_norm")),
        "stopping": (StoppingSettings, ("max_epochs", "patience", "eval_metric", "max_time")),
        "run": (RunSettings, ("threads", "preset")),
    }
    given = {**usual, **named}
    return TableSettings(
        **{group: kind(**{n: given[n] for n in names if n in given}) for group, (kind, names) in of_groups.items()}
    )


def learned(table: pd.DataFrame = TABLE, **named: Any) -> TableModel:
    return fit_table(table, "dear", settings=settings(**named), test=0).model


def form(model: TableModel) -> tuple[int, int]:
    """The members of a model's network, and the bins of its numbers."""
    network = model.estimator.network_
    bins = [node.layer.fixed_width for node in network.nodes if isinstance(node.layer, PiecewiseLinear)]
    return (network.members if isinstance(network, Ensemble) else 1), sum(bins)


def used(model: TableModel) -> dict[str, Any]:
    """What a model was trained with of the settings that a preset has."""
    kept = model.summary["settings"]
    return {
        "members": model.estimator.members,
        "bins": model.estimator.bins,
        "averaging": kept["averaging"],
        "patience": kept["patience"],
    }


# Presets.


def test_a_model_is_an_ensemble_with_bins_beside_its_numbers() -> None:
    model = learned()
    members, _ = form(model)
    assert str(model).endswith(f"by a network of {model.estimator.network_.num_parameters:,} parameters and {members} members.")
    assert members == PRESETS["default"]["members"] > 1
    (layer,) = (node.layer for node in model.estimator.network_.nodes if isinstance(node.layer, PiecewiseLinear))
    names = [name for encoder in model.encoder.encoders_ for name in encoder.feature_names]
    with_bins = {name for name, edges in zip(names, layer.edges, strict=True) if edges}
    assert with_bins == {"size", "rooms"}


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_says_what_is_not_given(preset: str) -> None:
    assert used(learned(preset=preset)) == PRESETS[preset]
    assert used(classifier(preset=preset).fit(TABLE, "dear").model_) == PRESETS[preset]
    assert form(learned(preset="fast"))[0] == 1


@pytest.mark.parametrize(("preset", "name", "value"), BY_PRESET)
def test_what_is_given_wins_over_a_preset(preset: str, name: str, value: Any) -> None:
    for given in (1, 0) if name in ("bins",) else (0,) if name == "averaging" else (1,):
        expected = {**PRESETS[preset], name: given}
        assert used(learned(preset=preset, **{name: given})) == expected
        assert used(classifier(preset=preset, **{name: given}).fit(TABLE, "dear").model_) == expected


def test_no_members_are_refused_as_such() -> None:
    with pytest.raises(InvalidSettingError, match="members must be an integer >= 1, got 0"):
        learned(members=0)


@pytest.mark.parametrize("wrong", ["quick", None, 1, ["fast"]])
def test_a_wrong_preset_is_named_in_words(wrong: Any) -> None:
    words = "preset must be one of 'default', 'fast', got "
    with pytest.raises(InvalidSettingError, match=f"fit_table: {words}"):
        learned(preset=wrong)
    for model, name in ((classifier(preset=wrong), "TabularClassifier"), (regressor(preset=wrong), "TabularRegressor")):
        with pytest.raises(InvalidSettingError, match=f"{name}: {words}"):
            model.fit(FRAME, DEAR if name == "TabularClassifier" else RENT)


@pytest.mark.parametrize("wrong", [-0.1, 1, 1.0, "much", True])
def test_a_wrong_share_of_the_average_is_named_in_words(wrong: Any) -> None:
    with pytest.raises(InvalidSettingError, match=r"averaging must be a number in \[0, 1\), got"):
        learned(averaging=wrong)


@pytest.mark.parametrize("optimizer", COMPARING)
@pytest.mark.parametrize("preset", PRESETS)
def test_where_losses_are_compared_there_is_one_network_without_bins_and_averages(optimizer: str, preset: str) -> None:
    model = learned(optimizer=optimizer, preset=preset)
    assert used(model) == {"members": 1, "bins": 0, "averaging": 0.0, "patience": 30}
    assert form(model) == (1, 0)
    assert not any(key.startswith("averaged") for key in model.estimator.history_[-1])


def test_they_take_members_and_bins_that_are_given() -> None:
    assert form(learned(optimizer="lbfgs", members=2, bins=3))[0] == 2


def test_presets_are_parameters_that_are_searched_over() -> None:
    search = GridSearchCV(classifier(max_epochs=1), {"preset": list(PRESETS)}, cv=2).fit(FRAME, DEAR)
    assert search.best_params_["preset"] in PRESETS
    model = clone(regressor(preset="fast", members=None, bins=0))
    assert (model.preset, model.members, model.bins, model.averaging) == ("fast", None, 0, None)


def test_files_and_pickles_predict_the_same(tmp_path: Path) -> None:
    model = regressor().fit(FRAME, RENT)
    model.save(tmp_path / "a")
    for restored in (load_model(tmp_path / "a"), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(restored.predict(FRAME), model.predict(FRAME))
        np.testing.assert_array_equal(restored.predict_distribution(FRAME).spread, model.predict_distribution(FRAME).spread)


def test_several_starts_are_averaged_each() -> None:
    model = classifier(n_restarts=3, max_epochs=8).fit(TABLE, "dear")
    averages = model.history_[:, "averaged_validation_loss"]
    assert model.best_epoch_ == int(np.argmin(averages)) + 1
    assert min(row.best for row in model.model_.estimator.restarts_) == pytest.approx(min(averages))


# Averages.


@pytest.mark.parametrize("metric", ["auc", "loss", "log_loss"])
def test_the_model_is_the_average_that_is_best_by_what_decides(metric: str) -> None:
    notes = Averages(0.8)
    judges = {"X_val": FRAME, "y_val": DEAR}
    model = classifier(eval_metric=metric, averaging=0.8, callbacks=notes, max_epochs=12, calibration=False)
    model.fit(FRAME, DEAR, **judges)
    curve = np.array(model.history_[:, f"averaged_validation_{metric}"])
    best = curve.argmin() if metric == "loss" or metric in SMALLER_IS_BETTER else curve.argmax()
    assert model.best_epoch_ == best + 1
    weights = model.model_.estimator
    expected = notes.averages[best]
    twin = pickle.loads(pickle.dumps(weights))
    for own, part in zip(flat(twin), expected, strict=True):
        np.testing.assert_array_equal(own, part)
    if metric != "loss":
        truth = (DEAR == "dear").astype(int)
        found = PROBABILITY_METRICS[metric](truth, model.predict_proba(FRAME))
        assert found == pytest.approx(curve[best], abs=1e-6)


def test_a_metric_of_numbers_decides_about_averages_too() -> None:
    model = regressor(eval_metric="rmse", max_epochs=12).fit(FRAME, RENT, X_val=FRAME, y_val=RENT)
    curve = model.history_[:, "averaged_validation_rmse"]
    assert model.best_epoch_ == int(np.argmin(curve)) + 1
    assert NUMBER_METRICS["rmse"](RENT.to_numpy(), model.predict(FRAME)) == pytest.approx(min(curve), rel=1e-5)


def test_training_itself_is_the_same_with_averages() -> None:
    with_them, without = (classifier(averaging=share).fit(TABLE, "dear") for share in (0.8, 0))
    for key in ("loss", "validation_loss"):
        assert with_them.history_[:, key] == without.history_[:, key]
    assert without.best_epoch_ == int(np.argmin(without.history_[:, "validation_loss"])) + 1


@pytest.mark.parametrize("preset", ["default", "fast"])
def test_the_average_that_is_kept_is_the_one_that_the_end_tells_of(preset: str) -> None:
    model = learned(preset=preset, max_epochs=1000, patience=3, learning_rate=0.05)
    reason, best = model.estimator.stop_reason_, model.summary["best_epoch"]
    assert reason.code == "no_improvement"
    assert f"in epoch {best}." in str(reason)
    assert len(model.estimator.history_) <= best + 3
    assert str(reason).startswith("The averaged validation loss did not improve")


def test_a_model_tells_whether_its_weights_are_an_average(tmp_path: Path) -> None:
    for told, named in ((True, {}), (False, {"averaging": 0}), (False, {"optimizer": "lbfgs"})):
        model = learned(**named)
        save_model(tmp_path / "a", model)
        assert model.is_averaged == load_model(tmp_path / "a").is_averaged == told  # type: ignore[union-attr]
    ruinous = settings(learning_rate=30.0, clip_norm=1.0, max_epochs=2)
    again = fit_table(TABLE, "dear", continue_from=learned(max_epochs=30), settings=ruinous, validation=TABLE, test=0).model
    assert again.summary["best_epoch"] == 0
    assert not again.is_averaged


def test_without_validation_rows_there_is_no_average() -> None:
    with_setting, without = (classifier(validation=0, averaging=share).fit(TABLE, "dear") for share in (None, 0))
    assert not any(key.startswith("averaged") for key in with_setting.history_[-1])
    np.testing.assert_array_equal(with_setting.predict_proba(FRAME), without.predict_proba(FRAME))


def test_an_average_of_ones_own_takes_the_place_of_the_usual_one() -> None:
    own = AveragedWeights(decay=0.5, start=2)
    model = classifier(callbacks=own, max_epochs=8).fit(TABLE, "dear")
    recorded = ["averaged_validation_loss" in record for record in model.history_]
    assert recorded == [False, False, *[True] * 6]
    assert model.best_epoch_ == own.best_epoch > 2
    alone = AveragedWeights(decay=0.5, start=2)
    plain = classifier(callbacks=alone, max_epochs=8, averaging=0).fit(TABLE, "dear")
    np.testing.assert_array_equal(plain.predict_proba(FRAME), model.predict_proba(FRAME))


class PressCtrlC(Callback):
    """In the third epoch."""

    def on_epoch_end(self, trainer: Any, record: dict[str, Any]) -> None:
        if record["epoch"] == 3:
            raise KeyboardInterrupt


def test_ctrl_c_keeps_the_best_average() -> None:
    with pytest.raises(FitInterrupted) as caught:
        fit_table(TABLE, "dear", settings=settings(max_epochs=50), test=0, callbacks=[PressCtrlC()])
    model = caught.value.result.model
    averages = model.estimator.history_[:, "averaged_validation_loss"]
    assert len(averages) == 3
    assert model.summary["best_epoch"] == int(np.argmin(averages)) + 1
    three = learned(max_epochs=3)
    np.testing.assert_array_equal(model.predict_proba(FRAME), three.predict_proba(FRAME))


def test_a_limit_of_time_keeps_the_best_average() -> None:
    model = learned(max_epochs=10**6, patience=10**6, max_time=0.3)
    assert model.estimator.stop_reason_.code == "time_limit"
    averages = model.estimator.history_[:, "averaged_validation_loss"]
    assert model.summary["best_epoch"] == int(np.argmin(averages)) + 1


@pytest.mark.parametrize("rate", [0.002, 1.0])
@pytest.mark.parametrize("killed_after", [1, 3])
def test_a_training_that_resumes_from_a_checkpoint_ends_as_one_that_was_never_stopped(
    tmp_path: Path, killed_after: int, rate: float
) -> None:
    path = tmp_path / "run-{epoch}.checkpoint"
    whole = classifier(max_epochs=6, learning_rate=rate, callbacks=Checkpoint(path)).fit(TABLE, "dear")
    for late in range(killed_after + 1, 7):
        (tmp_path / f"run-{late}.checkpoint").unlink()
    resumed = classifier(max_epochs=6, learning_rate=rate, callbacks=Checkpoint(path, resume=True)).fit(TABLE, "dear")
    assert resumed.best_epoch_ == whole.best_epoch_
    for own, part in zip(flat(resumed.model_.estimator), flat(whole.model_.estimator), strict=True):
        np.testing.assert_array_equal(own, part)
    assert resumed.history_[:, "averaged_validation_loss"] == whole.history_[:, "averaged_validation_loss"]
    assert resumed.model_.temperature == whole.model_.temperature
    np.testing.assert_array_equal(resumed.predict_set(FRAME), whole.predict_set(FRAME))


def test_calibration_is_that_of_the_averages(monkeypatch: pytest.MonkeyPatch) -> None:
    watching: list[OutOfFoldLogits] = []
    begin = OutOfFoldLogits.on_fit_begin
    monkeypatch.setattr(OutOfFoldLogits, "on_fit_begin", lambda self, trainer: (watching.append(self), begin(self, trainer))[1])
    usual = regressor(target_scale="linear", members=1, max_epochs=1).fit(FRAME, RENT, X_val=FRAME, y_val=RENT)
    assert watching[0].is_asked
    kept = watching[0].kept
    assert kept is not None
    # with one epoch to choose, every fold has the logits of the model
    np.testing.assert_array_equal(
        kept.logits[:, 0], usual.model_.estimator.predict(usual.model_.encoder.transform(FRAME))[kept.rows]
    )
    own = AveragedWeights(0.5)
    regressor(callbacks=own).fit(FRAME, RENT)
    assert watching[1].averaging is own and not watching[1].is_asked
    regressor(averaging=0).fit(FRAME, RENT)
    assert watching[2].averaging is None and not watching[2].is_asked


class Averages(Callback):
    """The average of the weights after every epoch, by the formula."""

    def __init__(self, decay: float) -> None:
        self.decay, self.averages = decay, list[list[np.ndarray]]()

    def on_epoch_end(self, trainer: Any, record: dict[str, Any]) -> None:
        present = trainer.executor.snapshot()[:2]
        share = max(1 - self.decay, 1 / (len(self.averages) + 1))
        before = self.averages[-1] if self.averages else present
        self.averages.append([part + share * (w - part) for part, w in zip(before, present, strict=True)])


def flat(estimator: Any) -> list[np.ndarray]:
    """Parameters and running statistics of a fitted estimator."""
    from lamina.estimators.fitted import fit_of

    return list(fit_of(estimator).trainer.executor.snapshot()[:2])


# Going on.


@pytest.mark.parametrize("preset", PRESETS)
def test_going_on_keeps_members_and_bins(preset: str) -> None:
    model = learned(preset=preset)
    for named in ({}, {"preset": "default"}, {"preset": "fast"}):
        again = fit_table(TABLE, "dear", continue_from=model, settings=settings(**named), test=0).model
        assert again.estimator.network_ == model.estimator.network_
        expected = PRESETS[named.get("preset", preset)]
        assert {name: used(again)[name] for name in ("averaging", "patience")} == {
            name: expected[name] for name in ("averaging", "patience")
        }


def test_other_members_and_bins_are_refused() -> None:
    model = learned(members=2, bins=5)
    for name, was, given in (("members", 2, 4), ("bins", 5, 16)):
        with pytest.raises(InvalidSettingError, match=f"{name} must stay {was}, .* got {given}"):
            fit_table(TABLE, "dear", continue_from=model, settings=settings(**{name: given}))
        warm = classifier(warm_start=True, members=2, bins=5).fit(TABLE, "dear")
        with pytest.raises(InvalidSettingError, match=f"{name} must stay {was}, .* got {given}"):
            warm.set_params(**{name: given}).fit(TABLE, "dear")
    fit_table(TABLE, "dear", continue_from=model, settings=settings(members=2, bins=5))


def test_a_warm_start_with_another_preset_takes_its_patience_and_keeps_the_network() -> None:
    model = classifier(warm_start=True).fit(TABLE, "dear")
    before = model.model_.estimator.network_
    model.set_params(preset="fast").fit(TABLE, "dear")
    assert model.model_.estimator.network_ == before
    assert model.model_.summary["settings"]["patience"] == PRESETS["fast"]["patience"]


@pytest.mark.parametrize("metric", ["loss", "auc"])
def test_going_on_never_ends_worse_with_averages(metric: str) -> None:
    model = learned(max_epochs=30, eval_metric=metric)
    judges = TABLE.sample(80, random_state=1)
    for rate in (30.0, 0.003):
        more = settings(learning_rate=rate, clip_norm=1.0, eval_metric=metric, max_epochs=3)
        again = fit_table(TABLE[:60], "dear", continue_from=model, settings=more, validation=judges, test=0).model
        name = "log_loss" if metric == "loss" else metric
        # temperatures are not part of what decides
        was, now = (replace(each, calibration=None).evaluate(judges)["model"][name] for each in (model, again))
        assert (now - was) * (-1 if metric == "loss" else 1) >= -1e-6
        if rate == 30.0:
            assert again.summary["best_epoch"] == 0
            np.testing.assert_array_equal(flat(again.estimator)[0], flat(model.estimator)[0])


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_a_model_of_an_earlier_version_goes_on_as_the_one_network_that_it_is(version: int) -> None:
    model = load_model(STORED / str(version) / "table.model")
    assert isinstance(model, TableModel)
    assert (model.estimator.members, model.estimator.bins) == (1, 0)
    size = RNG.normal(size=80)
    columns = {
        "size": size,
        "color": RNG.choice(["red", "blue", "green"], 80),
        "day": np.datetime64("2020-01-01") + np.arange(80),
        "flag": RNG.random(80) > 0.5,
        "kind": np.where(size > 0, "high", "low"),
    }
    for named in ({}, {"preset": "fast"}):
        more = TableSettings(run=RunSettings(**named))
        again = fit_table(pa.table(columns), "kind", continue_from=model, settings=more).model
        assert form(again) == (1, 0)
        assert again.estimator.network_ == model.estimator.network_
    with pytest.raises(InvalidSettingError, match="bins must stay 0, as the model to go on from has learned it, got 16"):
        fit_table(pa.table(columns), "kind", continue_from=model, settings=settings(bins=16))


def test_a_model_file_tells_what_it_was_trained_with(tmp_path: Path) -> None:
    model = learned(members=3, bins=4, averaging=0.5, patience=9)
    save_model(tmp_path / "a", model)
    restored = load_model(tmp_path / "a")
    assert isinstance(restored, TableModel)
    assert used(restored) == {"members": 3, "bins": 4, "averaging": 0.5, "patience": 9}
