"""``precision="mixed"``: of trainers, estimators and tables; what it changes, what it leaves, and what it does not go with."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from lamina import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor, Trainer, load_model, save_model
from lamina.errors import InvalidSettingError, NonFiniteError
from lamina.layers import Dense
from lamina.network import Sequential
from lamina.training import Checkpoint, TrainerSettings, TrainingWarning, slow_precision

RNG = np.random.default_rng(11)
X = RNG.normal(size=(90, 12)).astype(np.float32)
Y = (X[:, 0] * X[:, 1] > 0).astype(np.int64)


@pytest.fixture(autouse=True)
def _fast_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """No warning of slowness, whatever machine this is."""
    monkeypatch.setattr(slow_precision, "_multiplies_bfloat16", lambda: True)
    slow_precision._warn_once.cache_clear()


def _trainer(precision: str = "mixed", **settings: object) -> Trainer:
    network = Sequential([Dense(24, activation="relu"), Dense(17, activation="tanh"), Dense(6)], 12)
    return Trainer(network, "softmax_cross_entropy", **{"batch_size": 16, "seed": 3, "precision": precision} | settings)


def _weights(trainer: Trainer) -> np.ndarray:
    return np.concatenate([array.ravel() for array in trainer.weights.values()])


@pytest.fixture(params=["native", "reference"])
def engine(request: pytest.FixtureRequest) -> str:
    if request.param == "native":
        pytest.importorskip("lamina.engine._native")
    return str(request.param)


def test_training_is_close_to_that_of_full_precision_and_not_the_same(engine: str) -> None:
    mixed, full = (_trainer(precision, engine=engine) for precision in ("mixed", "full"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)
        histories = [trainer.fit(X, Y, max_epochs=4) for trainer in (mixed, full)]
    assert histories[0][-1]["loss"] == pytest.approx(histories[1][-1]["loss"], rel=0.02)
    assert not np.array_equal(_weights(mixed), _weights(full))
    np.testing.assert_allclose(_weights(mixed), _weights(full), atol=0.02)


def test_a_trainer_predicts_and_measures_in_full_precision(engine: str) -> None:
    mixed = _trainer(engine=engine)
    full = _trainer("full", engine=engine)
    np.testing.assert_array_equal(mixed.predict(X), full.predict(X))
    assert mixed.evaluate(X, Y) == full.evaluate(X, Y)


def test_threads_change_no_bit() -> None:
    trainers = [_trainer(n_threads=threads) for threads in (1, 3)]
    for trainer in trainers:
        trainer.fit(X, Y, max_epochs=2)
    np.testing.assert_array_equal(*map(_weights, trainers))


def test_a_run_that_goes_on_from_a_checkpoint_is_the_same_to_the_bit(tmp_path) -> None:
    whole, first, second = (_trainer() for _ in range(3))
    whole.fit(X, Y, max_epochs=6)
    first.fit(X, Y, max_epochs=3)
    first.save_checkpoint(tmp_path / "run")
    second.load_checkpoint(tmp_path / "run").fit(X, Y, max_epochs=3)
    np.testing.assert_array_equal(_weights(second), _weights(whole))


def test_a_checkpoint_of_the_other_precision_is_refused(tmp_path) -> None:
    _trainer().save_checkpoint(tmp_path / "run")
    with pytest.raises(InvalidSettingError, match=r"Trainer: precision must be 'mixed', as in the run that wrote .*, got 'full'"):
        _trainer("full").load_checkpoint(tmp_path / "run")


def test_settings_go_to_json_and_back_and_a_change_takes_effect() -> None:
    trainer = _trainer()
    assert TrainerSettings.from_settings(trainer.settings.to_dict()) == trainer.settings
    assert trainer.settings.plan().mixed
    trainer.precision = "full"
    assert not trainer.settings.plan().mixed
    assert Trainer.from_settings(trainer.settings).precision == "full"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"dtype": "float64"},
            r"precision must be 'full' with float64: mixed precision rounds float32, got 'mixed'. Use dtype=\"float32\".",
        ),
        ({"optimizer": "lbfgs", "batch_size": None}, "precision must be 'full' with LBFGS, .*got 'mixed'.*such as Adam"),
        ({"optimizer": "perturb-one"}, "precision must be 'full' with PerturbOne"),
        ({"precision": "half"}, "precision must be one of 'full', 'mixed', got 'half'"),
    ],
)
def test_what_mixed_precision_does_not_go_with_is_named(settings: dict, message: str) -> None:
    with pytest.raises(InvalidSettingError, match=message):
        _trainer(**settings)


def test_an_operand_that_rounds_to_infinity_stops_the_training(engine: str) -> None:
    rows = X.copy()
    rows[5, 3] = 3.4e38
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)
        with pytest.raises(NonFiniteError, match="dense_1"):
            _trainer(engine=engine).fit(rows, Y)


@pytest.mark.parametrize(("precision", "count"), [("mixed", 1), ("full", 0)])
def test_a_processor_without_bfloat16_is_told_of_once_a_process(precision, count, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_precision, "_multiplies_bfloat16", lambda: False)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for _ in range(2):
            _trainer(precision).fit(X, Y, max_epochs=1)
    texts = [str(warning.message) for warning in told]
    assert len(texts) == count
    assert all("precision 'mixed' brings no speed here: this processor multiplies no bfloat16" in text for text in texts)


def _learned(model) -> list[bytes]:
    return [array.tobytes() for array in (*model.coefs_, *model.intercepts_)]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_an_estimator_learns_in_mixed_precision_what_a_file_does_not_say(tmp_path) -> None:
    mixed, again, full = (
        MLPClassifier(16, max_iter=5, random_state=0, precision=precision).fit(X, Y) for precision in ("mixed", "mixed", "full")
    )
    assert _learned(mixed) == _learned(again) != _learned(full)
    assert mixed.score(X, Y) == pytest.approx(full.score(X, Y), abs=0.05)
    save_model(tmp_path / "a.lamina", mixed)
    loaded = load_model(tmp_path / "a.lamina")
    assert loaded.precision == "full"
    np.testing.assert_array_equal(loaded.predict_proba(X), mixed.predict_proba(X))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"solver": "lbfgs"}, "precision must be 'full' with solver 'lbfgs', got 'mixed'. It compares losses more finely"),
        ({"solver": "perturb-all"}, "precision must be 'full' with solver 'perturb-all'"),
    ],
)
def test_estimators_name_what_it_does_not_go_with(parameters: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MLPRegressor(precision="mixed", **parameters).fit(X, X[:, 0])


def test_estimators_ask_for_rows_of_float32() -> None:
    with pytest.raises(ValueError, match=r"MLPClassifier: precision must be 'full' with float64: .*Give X as float32\."):
        MLPClassifier(precision="mixed").fit(X.astype(np.float64), Y)


@pytest.fixture
def frame() -> Iterator[pd.DataFrame]:
    yield pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "c": np.where(X[:, 2] > 0, "yes", "no")})


@pytest.mark.parametrize(
    ("kind", "target"), [(TabularClassifier, np.where(Y > 0, "up", "down")), (TabularRegressor, X[:, 0] * 2)]
)
def test_models_of_tables_learn_in_mixed_precision(kind, target, frame: pd.DataFrame) -> None:
    mixed, full = (
        kind(precision=precision, random_state=0, max_epochs=5, hidden=(32, 16), calibration=False).fit(frame, target)
        for precision in ("mixed", "full")
    )
    one, other = (model.model_.estimator.history_[-1]["loss"] for model in (mixed, full))
    assert one != other
    assert one == pytest.approx(other, rel=0.05)


def test_a_resumed_fit_of_an_estimator_asks_for_the_same_precision(tmp_path) -> None:
    def fitted(precision: str) -> MLPClassifier:
        callbacks = [Checkpoint(tmp_path / "run", resume=True)]
        return MLPClassifier(8, max_iter=3, random_state=0, precision=precision, callbacks=callbacks).fit(X, Y)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted("mixed")
        with pytest.raises(InvalidSettingError, match="precision must be 'mixed'"):
            fitted("full")
