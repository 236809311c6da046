"""What validation rows say of predictions: calibrated probabilities, intervals and sets that cover, unfamiliar rows."""

from __future__ import annotations

import pickle
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from lamina import TabularClassifier, TabularRegressor, Trainer, load_model, save_model
from lamina.data import DataWarning
from lamina.errors import DataError, InvalidSettingError
from lamina.metrics import log_loss
from lamina.model import OptimizationSettings, RunSettings, StoppingSettings, TableSettings, fit_table
from lamina.model.conformal import conformal_quantile, fewest_rows
from lamina.model.difficulty import Difficulty, learn_slope
from lamina.model.golden_section import golden_section
from lamina.model.out_of_fold import NUM_FOLDS, OutOfFoldLogits
from lamina.model.temperature import learn_temperature
from lamina.training import Callback

pytestmark = pytest.mark.filterwarnings("ignore::lamina.data.DataWarning")


def flats(num_rows: int, seed: int = 0) -> pd.DataFrame:
    """Rents whose scatter grows with the size, and whether they are dear, with a share of wrong labels."""
    rng = np.random.default_rng(seed)
    size, town = rng.uniform(-2, 2, num_rows), rng.choice(["Rome", "Oslo"], num_rows)
    rent = 900 + 100 * size + 30 * (town == "Oslo") + (5 + 40 * (size > 0)) * rng.normal(size=num_rows)
    dear = (size + 0.5 * rng.normal(size=num_rows) > 0) ^ (rng.random(num_rows) < 0.15)
    return pd.DataFrame(
        {"size": size, "town": town, "rent": rent, "area": 50 + 9 * size + rng.normal(size=num_rows), "dear": dear}
    )


FEATURES = ["size", "town"]
TABLE, NEW = flats(1500), flats(4000, seed=1)


USUAL = {"hidden": 16, "max_epochs": 30, "random_state": 0, "n_threads": 1, "preset": "fast"}


def regressor(**settings: Any) -> TabularRegressor:
    return TabularRegressor(**{**USUAL, **settings})


def classifier(**settings: Any) -> TabularClassifier:
    return TabularClassifier(**{**USUAL, **settings})


def covered(intervals: np.ndarray, y: Any) -> np.ndarray:
    return np.asarray((intervals[..., 0] <= y) & (y <= intervals[..., 1]))


# -- conformal prediction


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("num_rows", [9, 50, 99, 333])
def test_the_quantile_covers_a_new_score_with_the_share_that_is_asked_for(coverage: float, num_rows: int) -> None:
    """Of n + 1 scores in random order, the last is not above the quantile of the others with a known probability."""
    quantile = conformal_quantile(np.arange(1.0, num_rows + 1), coverage, owner="model")
    reached = float(quantile) / (num_rows + 1)
    assert reached >= min(coverage, num_rows / (num_rows + 1)) - 1e-12
    assert reached < coverage + 1 / (num_rows + 1) + 1e-12


@pytest.mark.parametrize("coverage", [0.1, 0.5, 0.75, 0.8, 0.9, 0.95, 0.99, 0.999])
def test_fewer_rows_than_the_fewest_do_not_suffice(coverage: float) -> None:
    fewest = fewest_rows(coverage)
    assert np.ceil((fewest + 1) * coverage - 1e-9) <= fewest
    assert np.ceil(fewest * coverage - 1e-9) > fewest - 1


def test_a_coverage_that_needs_more_rows_is_said_to_and_gets_the_largest_score() -> None:
    with pytest.warns(DataWarning, match=r"coverage 0.95 needs 19 rows to calibrate on, of which there are 9: .* covers 0.9\."):
        assert conformal_quantile(np.arange(1.0, 10.0), 0.95, owner="model") == 9


def test_a_coverage_is_said_with_all_of_its_digits() -> None:
    said = r"coverage 0\.9999999 needs 9,999,999 rows to calibrate on, of which there are 5,000: what is given covers 0\.9998\."
    with pytest.warns(DataWarning, match=said):
        conformal_quantile(np.arange(5000.0), 0.9999999, owner="model")


def test_a_golden_section_finds_the_lowest_point_also_at_an_end() -> None:
    assert golden_section(lambda x: (x - 0.7) ** 2, -3, 3, 1e-6) == pytest.approx(0.7, abs=1e-5)
    assert golden_section(lambda x: x, 0, 1, 1e-3) == pytest.approx(0, abs=1e-3)


# -- rows that choose nothing


class Rebuilt(Callback):
    """All logits of the validation rows, of the weights or of their average, epoch by epoch, to choose from by hand."""

    def __init__(self, decay: float) -> None:
        self.decay, self.logits, self.average = decay, list[np.ndarray](), list[np.ndarray]()

    def on_epoch_end(self, trainer: Trainer, record: dict[str, Any]) -> None:  # type: ignore[override]
        data: Any = trainer.validation_data
        self.targets = data.targets[0][:, 0]
        present = trainer.executor.snapshot()[:2]
        share = max(1 - self.decay, 1 / (len(self.logits) + 1))
        parts = zip(self.average or present, present, strict=True)
        self.average = [w if share == 1 else average + share * (w - average) for average, w in parts]
        trainer.executor.restore(*self.average)
        self.logits.append(np.asarray(trainer.predict_logits(data.inputs[0])))
        trainer.executor.restore(*present)


@pytest.mark.parametrize("members", [1, 4])
@pytest.mark.parametrize("averaging", [0.0, 0.8])
@pytest.mark.parametrize("metric", ["loss", "mae", "r2"])
def test_a_row_is_predicted_by_the_epoch_that_the_other_folds_choose(
    monkeypatch: pytest.MonkeyPatch, metric: str, averaging: float, members: int
) -> None:
    watching: list[OutOfFoldLogits] = []
    begin = OutOfFoldLogits.on_fit_begin
    monkeypatch.setattr(OutOfFoldLogits, "on_fit_begin", lambda self, trainer: (watching.append(self), begin(self, trainer))[1])
    rebuilt = Rebuilt(averaging)
    settings = {"eval_metric": metric, "target_scale": "linear", "averaging": averaging, "members": members, "patience": 30}
    regressor(callbacks=rebuilt, learning_rate=0.05, **settings).fit(TABLE[FEATURES], TABLE["rent"])
    kept = watching[0].kept
    assert kept is not None
    assert len(set(kept.rows.tolist())) == len(kept.rows) == len(rebuilt.targets)
    logits, targets = np.array(rebuilt.logits)[:, kept.rows, 0], rebuilt.targets[kept.rows]
    errors = np.abs(logits - targets) ** (1 if metric == "mae" else 2)
    for fold in range(NUM_FOLDS):
        inside = kept.folds == fold
        best = errors[:, ~inside].mean(axis=1).argmin()
        np.testing.assert_array_equal(kept.logits[inside, 0], logits[best, inside])
    # One network's epochs differ more, so that folds choose several of them.
    assert members > 1 or (kept.logits[:, 0] != logits[errors.mean(axis=1).argmin()]).any()


@pytest.mark.parametrize("seed", range(3))
def test_predictions_are_what_they_are_without_calibration(seed: int) -> None:
    run = RunSettings(seed=seed, threads=1, preset="fast" if seed else "default")
    settings = TableSettings(run=run, stopping=StoppingSettings(max_epochs=15))
    plain = replace(settings, run=replace(settings.run, calibration=False))
    for target in ("rent", "dear"):
        columns = TABLE[[*FEATURES, target]]
        with_it, without = (fit_table(columns, target, settings=each).model for each in (settings, plain))
        np.testing.assert_array_equal(with_it.predict(NEW), without.predict(NEW))
        np.testing.assert_array_equal(with_it.estimator.coefs_[0], without.estimator.coefs_[0])
        assert with_it.summary == without.summary
        assert without.calibration is None


def test_the_best_restart_calibrates_on_its_own_logits() -> None:
    model = regressor(n_restarts=3, validation=0.4).fit(TABLE[FEATURES], TABLE["rent"])
    assert 0.86 < covered(model.predict_interval(NEW), NEW["rent"].to_numpy()).mean() < 0.94


# -- temperature


def test_a_temperature_undoes_a_factor_of_logits() -> None:
    rng = np.random.default_rng(0)
    honest = rng.normal(size=2000) * 2
    y = rng.random(2000) < 1 / (1 + np.exp(-honest))
    logits = 3 * honest * np.where(y, 1, -1)
    temperature, of_others = learn_temperature(lambda t: np.logaddexp(0, -logits / t), np.arange(2000) % 10)
    assert temperature == pytest.approx(3, rel=0.15)
    assert of_others == pytest.approx(np.full(2000, temperature), rel=0.1)


@pytest.mark.parametrize("seed", range(20))
def test_probabilities_that_are_right_keep_a_temperature_of_1_or_nearly(seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=200) * 2
    signed = logits * np.where(rng.random(200) < 1 / (1 + np.exp(-logits)), 1, -1)
    temperature, of_others = learn_temperature(lambda t: np.logaddexp(0, -signed / t), np.arange(200) % 10)
    assert 0.8 < temperature < 1.25
    assert (of_others == 1).all() == (temperature == 1)


def test_too_unsure_a_classifier_is_told_so() -> None:
    model = classifier(label_smoothing=0.5, validation=0.3).fit(TABLE[FEATURES], TABLE["dear"]).model_
    assert model.temperature < 0.8
    truth, raw = NEW["dear"].to_numpy().astype(int), model.estimator.predict_proba(model.encoder.transform(NEW[FEATURES]))
    calibrated = model.predict_proba(NEW)
    assert log_loss(truth, calibrated) < log_loss(truth, raw)
    np.testing.assert_allclose(calibrated.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(calibrated.argmax(axis=1), raw.argmax(axis=1))
    second = 1 / (1 + np.exp(-model.decision_function(NEW)))
    np.testing.assert_allclose(second, calibrated[:, 1], atol=1e-6)
    assert model.evaluate(NEW)["model"]["log_loss"] == pytest.approx(log_loss(truth, calibrated))


def test_a_threshold_is_chosen_on_calibrated_probabilities() -> None:
    settings = {"label_smoothing": 0.5, "validation": 0.3}
    plain, chosen = (
        classifier(decision_threshold=threshold, **settings).fit(TABLE[FEATURES], TABLE["dear"]).model_
        for threshold in (None, "f1")
    )
    assert plain.temperature == chosen.temperature < 0.8
    by_hand = plain.predict_proba(NEW)[:, 1] > chosen.threshold
    np.testing.assert_array_equal(chosen.predict(NEW), by_hand)
    np.testing.assert_array_equal(chosen.decision_function(NEW) > 0, by_hand)


# -- intervals


@pytest.fixture(scope="module")
def of_eight_seeds() -> list[TabularRegressor]:
    """Models of so many validation rows that chance moves their coverage by 2 % or less."""
    tables = [flats(1000, seed=100 + seed) for seed in range(8)]
    return [
        regressor(validation=0.5, random_state=i, preset="default").fit(each[FEATURES], each["rent"])
        for i, each in enumerate(tables)
    ]


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9])
def test_intervals_cover_new_rows_of_every_seed(of_eight_seeds: list[TabularRegressor], coverage: float) -> None:
    found = [covered(model.predict_interval(NEW, coverage), NEW["rent"].to_numpy()).mean() for model in of_eight_seeds]
    assert coverage - 0.02 < np.mean(found) < coverage + 0.03
    assert min(found) > coverage - 0.1


def test_an_interval_is_wide_where_the_scatter_is_and_holds_the_prediction() -> None:
    model = regressor(max_epochs=60).fit(TABLE[FEATURES], TABLE["rent"])
    intervals, predicted = model.predict_interval(NEW), model.predict(NEW)
    assert ((intervals[:, 0] < predicted) & (predicted < intervals[:, 1])).all()
    width = intervals[:, 1] - intervals[:, 0]
    small, large = (NEW["size"] < -0.5).to_numpy(), (NEW["size"] > 0.5).to_numpy()
    assert np.median(width[large]) > 2 * np.median(width[small])
    assert covered(intervals, NEW["rent"].to_numpy())[large].mean() > 0.8


def test_wider_intervals_hold_narrower_ones() -> None:
    model = regressor().fit(TABLE[FEATURES], TABLE["rent"])
    narrow, wide = (model.predict_interval(NEW, coverage) for coverage in (0.5, 0.9))
    assert ((wide[:, 0] <= narrow[:, 0]) & (narrow[:, 1] <= wide[:, 1])).all()


@pytest.mark.parametrize("scale", ["linear", "log", "quantile"])
def test_intervals_cover_on_every_scale(scale: Any) -> None:
    model = regressor(target_scale=scale, validation=0.3).fit(TABLE[FEATURES], TABLE["rent"])
    intervals = model.predict_interval(NEW)
    assert np.isfinite(intervals).all()
    assert 0.86 < covered(intervals, NEW["rent"].to_numpy()).mean() < 0.95


@pytest.mark.parametrize("loss", ["gamma", "poisson", "tweedie"])
def test_no_interval_reaches_below_targets_that_are_never_negative(loss: str) -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-2, 2, 4000)
    cost = rng.gamma(0.7, np.exp(x)) + 1e-6
    if loss != "gamma":
        cost = np.floor(cost)
    model = regressor(loss=loss).fit(x[:2000, None], cost[:2000])
    intervals, predicted = model.predict_interval(x[2000:, None], 0.95), model.predict(x[2000:, None])
    assert intervals.min() >= 0
    assert ((intervals[:, 0] <= predicted) & (predicted <= intervals[:, 1])).all()
    assert 0.92 < covered(intervals, cost[2000:]).mean() < 0.98


def test_targets_that_may_be_negative_keep_their_lower_ends() -> None:
    assert regressor().fit(TABLE[FEATURES], TABLE["rent"] - 900).predict_interval(NEW).min() < 0


def test_each_of_several_targets_has_its_interval() -> None:
    model = regressor(validation=0.3).fit(TABLE[FEATURES], TABLE[["rent", "area"]])
    intervals = model.predict_interval(NEW)
    assert intervals.shape == (len(NEW), 2, 2)
    assert ((covered(intervals, NEW[["rent", "area"]].to_numpy()).mean(axis=0) - 0.9) ** 2 < 0.04**2).all()


@pytest.mark.parametrize("loss", ["gaussian_nll", "quantile:levels=0.1,0.5,0.9", "absolute_error", "poisson"])
def test_intervals_go_with_every_kind_of_loss(loss: str) -> None:
    model = regressor(loss=loss, validation=0.3, learning_rate=0.01).fit(TABLE[FEATURES], TABLE["rent"])
    assert 0.86 < covered(model.predict_interval(NEW), NEW["rent"].to_numpy()).mean() < 0.95


def test_one_row_and_rows_of_sparse_features_have_intervals() -> None:
    model = regressor(max_epochs=5).fit(TABLE[FEATURES], TABLE["rent"])
    of_table, of_row = model.predict_interval(NEW[:1]), model.predict_interval(NEW[FEATURES].iloc[0].to_dict())
    np.testing.assert_allclose(of_row, of_table, rtol=1e-5)
    many = TABLE.assign(town=[f"town {i % 40}" for i in range(len(TABLE))])
    model = regressor(max_epochs=5, validation=0.2).fit(many[[*FEATURES, "area"]], many["rent"])
    assert sparse.issparse(model.model_.encoder.transform(many))
    assert covered(model.predict_interval(many), many["rent"].to_numpy()).mean() > 0.85


def test_a_difficulty_counts_as_far_as_errors_follow_it() -> None:
    rng = np.random.default_rng(0)
    logarithms = rng.normal(size=5000)
    for slope in (0.0, 0.4, 1.0):
        errors = rng.exponential(size=5000) * np.exp(slope * logarithms)
        assert learn_slope(logarithms, errors) == pytest.approx(slope, abs=0.05)


def test_targets_without_scatter_have_no_difficulty() -> None:
    X, flat = np.zeros((50, 2), np.float32), np.zeros((50, 1))
    assert Difficulty.learn(X, flat, flat, RunSettings()) is None
    assert Difficulty.learn(X, flat, flat + 1, RunSettings()) is None


# -- sets of classes


def test_sets_of_classes_cover_new_rows_and_hold_the_most_probable() -> None:
    found = []
    for seed in range(8):
        table = flats(700, seed=100 + seed)
        model = classifier(validation=0.2, random_state=seed).fit(table[FEATURES], table["dear"])
        sets = model.predict_set(NEW, 0.9)
        assert sets.dtype == bool
        assert sets[np.arange(len(NEW)), model.predict_proba(NEW).argmax(axis=1)].all()
        found.append(sets[np.arange(len(NEW)), NEW["dear"].to_numpy().astype(int)].mean())
    assert 0.88 < np.mean(found) < 0.94
    assert min(found) > 0.82


def test_larger_sets_hold_smaller_ones() -> None:
    model = classifier().fit(TABLE[FEATURES], TABLE["dear"])
    assert (model.predict_set(NEW, 0.95) >= model.predict_set(NEW, 0.8)).all()


# -- where there is nothing to say


@pytest.mark.parametrize("settings", [{"validation": 0.0}, {"calibration": False}])
def test_without_calibration_it_is_said_what_to_do(settings: dict[str, Any]) -> None:
    numbers = regressor(max_epochs=2, **settings).fit(TABLE[FEATURES], TABLE["rent"])
    classes = classifier(max_epochs=2, **settings).fit(TABLE[FEATURES], TABLE["dear"])
    repair = "Train again with validation rows, and without calibration=False"
    with pytest.raises(DataError, match=f"predict_interval needs a model that was calibrated .* {repair}"):
        numbers.predict_interval(NEW)
    with pytest.raises(DataError, match=f"predict_set needs a model that was calibrated .* {repair}"):
        classes.predict_set(NEW)


def test_numbers_have_no_sets_and_classes_no_intervals() -> None:
    numbers = regressor(max_epochs=2).fit(TABLE[FEATURES], TABLE["rent"]).model_
    classes = classifier(max_epochs=2).fit(TABLE[FEATURES], TABLE["dear"]).model_
    with pytest.raises(DataError, match="Use predict_set"):
        classes.predict_interval(NEW)
    with pytest.raises(DataError, match="predict_set needs a classifier"):
        numbers.predict_set(NEW)
    hinge = classifier(max_epochs=2, loss="hinge").fit(TABLE[FEATURES], TABLE["dear"])
    assert not hasattr(hinge, "predict_set")
    with pytest.raises(AttributeError, match="predict_set") as refused:
        hinge.predict_set(NEW)
    assert "loss must be one that gives probabilities, such as 'log_loss', got 'hinge'" in str(refused.value.__cause__)
    assert hinge.model_.calibration is None


@pytest.mark.parametrize("coverage", [0, 1, 1.5, "much", None])
def test_a_coverage_outside_of_0_and_1_is_refused(coverage: Any) -> None:
    model = regressor(max_epochs=2).fit(TABLE[FEATURES], TABLE["rent"])
    with pytest.raises(InvalidSettingError, match=r"^TabularRegressor: coverage must be a number"):
        model.predict_interval(NEW, coverage)
    with pytest.raises(InvalidSettingError, match=r"^TableModel: coverage must be a number"):
        model.model_.predict_interval(NEW, coverage)


@pytest.mark.parametrize("num_rows", [10, 12, 20, 40])
@pytest.mark.parametrize("target", ["rent", "dear"])
def test_few_rows_are_calibrated_on_as_far_as_they_go(num_rows: int, target: str) -> None:
    model = fit_table(TABLE[[*FEATURES, target]][:num_rows], target).model
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if model.calibration is None:
            assert model.summary["rows"]["validation"] < 2
            with pytest.raises(DataError, match="too few validation rows, 1 and not 2"):
                model.predict_interval(NEW) if target == "rent" else model.predict_set(NEW)
        elif target == "rent":
            assert np.isfinite(model.predict_interval(NEW)).all()
        else:
            assert model.predict_set(NEW).any(axis=1).all()


# -- files, pickles, going on


@pytest.mark.parametrize("target", ["rent", ["rent", "area"], "dear"])
def test_a_file_and_a_pickle_hold_the_calibration(tmp_path: Path, target: Any) -> None:
    settings = TableSettings(stopping=StoppingSettings(max_epochs=10))
    model = fit_table(TABLE[[*FEATURES, *([target] if isinstance(target, str) else target)]], target, settings=settings).model
    save_model(tmp_path / "a", model)
    for restored in (load_model(tmp_path / "a"), pickle.loads(pickle.dumps(model))):
        save_model(tmp_path / "b", restored)
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
        asked = "predict_set" if target == "dear" else "predict_interval"
        np.testing.assert_array_equal(getattr(restored, asked)(NEW), getattr(model, asked)(NEW))


def test_a_model_that_goes_on_is_calibrated_anew_or_not_at_all() -> None:
    settings = TableSettings(stopping=StoppingSettings(max_epochs=2), optimization=OptimizationSettings(learning_rate=0.003))
    model = fit_table(TABLE[[*FEATURES, "rent"]][:100], "rent", settings=settings).model
    again = fit_table(flats(600, seed=5)[[*FEATURES, "rent"]], "rent", continue_from=model).model
    assert len(again.calibration.scores) != len(model.calibration.scores)  # type: ignore[union-attr]
    with pytest.warns(DataWarning, match="the calibration of the model that training went on from is lost"):
        assert fit_table(TABLE[[*FEATURES, "rent"]], "rent", continue_from=model, validation=0).model.calibration is None


# -- unfamiliar rows


def test_unfamiliar_cells_are_out_of_range_unseen_or_missing() -> None:
    days = pd.date_range("2024-01-01", periods=200)
    table = pd.DataFrame({"x": np.arange(200.0), "day": days, "town": ["Rome", "Oslo"] * 100, "new": [True, False] * 100})
    model = regressor(max_epochs=2).fit(table, np.arange(200.0))
    rows = pd.DataFrame(
        {
            "x": [5.0, -1.0, 200.0, np.nan, np.inf],
            "day": [days[0], days[0] - pd.Timedelta(days=1), days[-1] + pd.Timedelta(days=1), pd.NaT, days[3]],
            "town": ["Rome", "Bonn", "Oslo", None, "Rome"],
            "new": [True, False, True, None, True],
        }
    )
    found = model.unfamiliar(rows)
    assert found.columns == ("x", "day", "town", "new")
    assert found.cells.astype(int).tolist() == [[0, 0, 0, 0], [1, 1, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1], [1, 0, 0, 0]]
    assert found.counts.tolist() == [0, 3, 2, 4, 1]
    assert found.to_frame().sum().to_dict() == {"x": 4, "day": 3, "town": 2, "new": 1}
    assert str(found).startswith("4 of 5 rows are unlike those of training, in these columns:\ncolumn  rows\n")
    labeled = rows.set_axis(list("abcde"), axis=0)[1:4]
    for frame in (model.unfamiliar(labeled).to_frame(), model.model_.unfamiliar(labeled).to_frame()):
        assert frame.index.tolist() == ["b", "c", "d"]
        np.testing.assert_array_equal(frame, found.cells[1:4])
    assert model.unfamiliar(table).counts.sum() == 0
    assert str(model.unfamiliar(table)) == "0 of 200 rows are unlike those of training."
    assert model.unfamiliar({"x": 500.0, "day": days[0], "town": "Rome", "new": True}).counts.tolist() == [1]
