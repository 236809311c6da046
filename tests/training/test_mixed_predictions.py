"""Predictions in mixed precision where the caller asks for them: of trainers, models, estimators and tables; what stays full."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lamina import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor, Trainer, load_model, save_model
from lamina.errors import InvalidSettingError
from lamina.layers import Dense
from lamina.losses.members import joint_logits
from lamina.model import NetworkModel
from lamina.network import Ensemble, Graph, Input, Sequential
from lamina.training import TrainingWarning, slow_precision

RNG = np.random.default_rng(12)
X = RNG.normal(size=(400, 12)).astype(np.float32)
Y = (X[:, 0] * X[:, 1] > 0).astype(np.int64)
NUMBERS = X[:, 0] * X[:, 1]
ROUNDING = 0.03  # of numbers of about 1, behind a few layers

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(autouse=True)
def _fast_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """No warning of slowness, whatever machine this is."""
    monkeypatch.setattr(slow_precision, "_multiplies_bfloat16", lambda: True)
    slow_precision._warn_once.cache_clear()


def _differ_by_rounding(mixed: np.ndarray, full: np.ndarray) -> bool:
    scale = max(1.0, float(np.abs(full).max()))
    return mixed.shape == full.shape and 0 < np.abs(mixed - full).max() < ROUNDING * scale


def _trainer(network: Any = None, **settings: Any) -> Trainer:
    network = network or Sequential([Dense(24, activation="relu"), Dense(17, activation="tanh"), Dense(6)], 12)
    return Trainer(network, "softmax_cross_entropy", **{"seed": 3} | settings).build()


@pytest.mark.parametrize("method", ["predict", "predict_logits"])
def test_a_trainer_and_the_model_in_its_file_predict_the_same(method: str, tmp_path) -> None:
    trainer = _trainer()
    save_model(tmp_path / "net.lamina", trainer)
    model = load_model(tmp_path / "net.lamina")
    assert isinstance(model, NetworkModel)
    mixed = getattr(trainer, method)(X, precision="mixed")
    assert _differ_by_rounding(mixed, getattr(trainer, method)(X))
    np.testing.assert_array_equal(getattr(model, method)(X, precision="mixed"), mixed)
    np.testing.assert_array_equal(getattr(model, method)(X, precision="full"), getattr(trainer, method)(X))


def test_blocks_are_predicted_as_their_rows_are() -> None:
    trainer = _trainer()
    blocks = [X[:150], X[150:170], X[170:]]
    together = trainer.predict(X, precision="mixed")
    rounding = np.linalg.norm(together - trainer.predict(X))
    for found in (
        np.concatenate(list(trainer.predict_blocks(blocks, precision="mixed"))),
        trainer.predict(iter(blocks), precision="mixed"),
    ):
        assert np.linalg.norm(found - together) < 0.1 * rounding


@pytest.mark.parametrize("precision", ["full", "mixed"])
def test_how_a_network_was_trained_does_not_change_its_predictions(precision: str) -> None:
    trainer = _trainer(precision=precision)
    trainer.fit(X, Y, max_epochs=2)
    other = _trainer()
    other.weights = trainer.weights
    np.testing.assert_array_equal(trainer.predict(X), other.predict(X))
    np.testing.assert_array_equal(trainer.predict(X, precision="mixed"), other.predict(X, precision="mixed"))


def test_each_prediction_is_of_the_weights_of_the_moment() -> None:
    trainer = _trainer()
    for _ in range(3):
        trainer.fit(X, Y, max_epochs=1)
        fresh = _trainer()
        fresh.weights = trainer.weights
        np.testing.assert_array_equal(trainer.predict(X, precision="mixed"), fresh.predict(X, precision="mixed"))


def test_several_outputs_are_all_rounded() -> None:
    x = Input(12)
    hidden = Dense(24, activation="relu")(x)
    trainer = Trainer(Graph(x, [Dense(6)(hidden), Dense(7)(hidden)]), ["softmax_cross_entropy", "squared_error"]).build()
    for mixed, full in zip(trainer.predict(X, precision="mixed"), trainer.predict(X), strict=True):
        assert _differ_by_rounding(mixed, full)


def test_an_ensemble_predicts_the_mean_of_its_members_rounded_logits() -> None:
    trainer = _trainer(Ensemble(Sequential([Dense(24, activation="relu"), Dense(6)], 12), 3))
    logits = trainer.executor.predict([X], mixed=True)[0]
    mixed = trainer.predict_logits(X, precision="mixed")
    np.testing.assert_array_equal(mixed, joint_logits("softmax", logits, 3))
    assert _differ_by_rounding(trainer.predict(X, precision="mixed"), trainer.predict(X))
    np.testing.assert_allclose(trainer.predict_members(X).mean(axis=0), trainer.predict(X), atol=1e-6)  # in full precision


def test_a_classifier_decides_and_rates_by_the_rounded_logits() -> None:
    model = MLPClassifier(32, max_iter=20, learning_rate_init=0.01, random_state=0).fit(
        X, np.array(list("abcdef"))[Y + 4 * (X[:, 2] > 0)]
    )
    mixed = model.predict_proba(X, precision="mixed")
    assert _differ_by_rounding(mixed, model.predict_proba(X))
    assert model.predict(X, precision="mixed").tolist() == model.classes_[mixed.argmax(axis=1)].tolist()
    np.testing.assert_allclose(model.predict_log_proba(X, precision="mixed"), np.log(mixed), rtol=1e-6)


def test_decisions_without_probabilities_are_those_of_the_rounded_logits() -> None:
    model = MLPClassifier(32, loss="hinge", max_iter=5, random_state=0).fit(X, Y)
    mixed = model.decision_function(X, precision="mixed")
    assert _differ_by_rounding(mixed, model.decision_function(X))
    assert model.predict(X, precision="mixed").tolist() == (mixed > 0).astype(int).tolist()


def test_a_regressor_predicts_rounded_numbers() -> None:
    model = MLPRegressor(hidden_layer_sizes=(32, 16), max_iter=20, random_state=0).fit(X, NUMBERS)
    assert _differ_by_rounding(model.predict(X, precision="mixed"), model.predict(X))


FRAME = pd.DataFrame(X[:, :4], columns=list("abcd"))
KINDS = np.where(Y > 0, "up", "down")


@pytest.fixture(scope="module")
def labels() -> TabularClassifier:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return TabularClassifier(random_state=0, max_epochs=20, hidden=(32, 16), decision_threshold=0.3).fit(FRAME, KINDS)


def test_a_table_model_of_classes_keeps_its_threshold_and_its_temperature(labels: TabularClassifier) -> None:
    assert labels.model_.temperature != 1
    mixed = labels.predict_proba(FRAME, precision="mixed")
    assert _differ_by_rounding(mixed, labels.predict_proba(FRAME))
    assert labels.predict(FRAME, precision="mixed").tolist() == np.where(mixed[:, 1] > 0.3, "up", "down").tolist()
    logits = labels.decision_function(FRAME, precision="mixed")
    np.testing.assert_allclose(logits, np.log(mixed[:, 1] / mixed[:, 0]) - np.log(0.3 / 0.7), rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(labels.model_.predict_proba(FRAME, precision="mixed"), mixed)


def test_a_table_model_of_numbers_predicts_them_in_their_unit() -> None:
    prices = 1000 + 100 * NUMBERS
    model = TabularRegressor(random_state=0, max_epochs=20, hidden=(32, 16)).fit(FRAME, prices)
    mixed, full = model.predict(FRAME, precision="mixed"), model.predict(FRAME)
    assert mixed.dtype == full.dtype == np.float64
    assert 0 < np.abs(mixed - full).max() < ROUNDING * prices.std()
    np.testing.assert_array_equal(model.model_.predict(FRAME, precision="mixed"), mixed)


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_masks_of_dropout_are_drawn_in_full_precision(method: str, labels: TabularClassifier) -> None:
    dropout = MLPClassifier(16, dropout=0.2, max_iter=2, random_state=0).fit(X, Y)
    message = "precision must be 'full' with mc_samples, got 'mixed'. Leave out one of the two."
    for model, rows in ((dropout, X), (labels, FRAME), (labels.model_, FRAME)):
        with pytest.raises(InvalidSettingError, match=message):
            getattr(model, method)(rows, mc_samples=3, precision="mixed")
    assert len(getattr(dropout, method)(X, mc_samples=3)) == len(X)


def test_numbers_over_masks_are_full_too() -> None:
    model = MLPRegressor(hidden_layer_sizes=8, dropout=0.2, max_iter=2, random_state=0).fit(X, NUMBERS)
    table = TabularRegressor(random_state=0, max_epochs=2, hidden=8, dropout=0.2, members=1).fit(FRAME, NUMBERS)
    for predictor, rows in ((model, X), (table, FRAME)):
        with pytest.raises(InvalidSettingError, match="precision must be 'full' with mc_samples"):
            predictor.predict(rows, mc_samples=3, precision="mixed")


def test_models_of_float64_say_so() -> None:
    message = r"precision must be 'full' with float64: .*Leave it out, or train in float32\."
    trainer = _trainer(dtype="float64")
    estimator = MLPClassifier(8, max_iter=2).fit(X.astype(np.float64), Y)
    for predict in (trainer.predict, NetworkModel.of(trainer).predict_logits, estimator.predict, estimator.predict_proba):
        with pytest.raises(InvalidSettingError, match=message):
            predict(X, precision="mixed")
    with pytest.raises(InvalidSettingError, match=message):
        next(trainer.predict_blocks([X], precision="mixed"))


@pytest.mark.parametrize("precision", ["half", None, np.array(["full", "mixed"])])
def test_another_precision_is_refused(precision: Any) -> None:
    with pytest.raises(InvalidSettingError, match="precision must be one of 'full', 'mixed', got"):
        _trainer().predict(X, precision=precision)


@pytest.mark.parametrize("method", ["predict", "predict_logits"])
def test_a_refused_precision_builds_no_network(method: str) -> None:
    trainer = Trainer(Sequential([Dense(8), Dense(1)]), "squared_error")
    with pytest.raises(InvalidSettingError, match="precision must be one of"):
        getattr(trainer, method)(X, precision="half")
    assert not trainer.network.is_built


@pytest.mark.parametrize(("precision", "count"), [("mixed", 1), ("full", 0)])
def test_a_processor_without_bfloat16_is_told_of_once_a_process(precision: str, count: int, monkeypatch) -> None:
    monkeypatch.setattr(slow_precision, "_multiplies_bfloat16", lambda: False)
    trainer = _trainer()
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for predict in (trainer.predict, trainer.predict_logits, NetworkModel.of(trainer).predict):
            predict(X, precision=precision)
    assert [warning.category for warning in told] == [TrainingWarning] * count
    assert all("this processor multiplies no bfloat16" in str(warning.message) for warning in told)
    assert all(warning.filename == __file__ for warning in told)


def test_the_reference_engine_is_told_of() -> None:
    with pytest.warns(TrainingWarning, match="brings no speed here: the reference engine multiplies no bfloat16"):
        _trainer(engine="reference").predict(X, precision="mixed")
