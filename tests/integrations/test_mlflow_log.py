"""MLflowLog on SQLite, and what MLflow's client reads back (make test-integrations)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.integrations.tracked import ROWS, Kill, KilledError, X, Y, trainer

from lamina import save_model
from lamina.errors import FileError, InvalidSettingError
from lamina.estimators import MLPClassifier
from lamina.training import Callback, Checkpoint, MLflowLog, TrainingWarning

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*loader strategy is deprecated"),  # of SQLAlchemy 2.1, which MLflow asks for
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One file for all tests, since MLflow takes seconds to make one."""
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow') / 'mlflow.db'}"


@pytest.fixture
def mlflow(store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """MLflow with an experiment of the test's own."""
    import mlflow

    monkeypatch.chdir(tmp_path)
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(store)
    mlflow.create_experiment(tmp_path.name, artifact_location=(tmp_path / "artifacts").as_uri())
    mlflow.set_experiment(tmp_path.name)
    yield mlflow
    while mlflow.active_run() is not None:
        mlflow.end_run()
    mlflow.set_tracking_uri(before)


def runs(mlflow: Any, name: str) -> list[Any]:
    """All runs of an experiment, the oldest first."""
    client = mlflow.MlflowClient()
    found = client.get_experiment_by_name(name)
    return list(client.search_runs([found.experiment_id], order_by=["attributes.start_time"]))


def points(mlflow: Any, run: str, key: str) -> list[tuple[int, float]]:
    return [(metric.step, metric.value) for metric in mlflow.MlflowClient().get_metric_history(run, key)]


@pytest.mark.smoke
def test_mlflow_has_what_the_history_has(mlflow: Any, tmp_path: Path) -> None:
    log = MLflowLog(name="first")
    trained = trainer(log)
    trained.fit(X[:60], Y[:60], max_epochs=4, **ROWS)
    (run,) = runs(mlflow, tmp_path.name)
    assert (run.info.run_id, run.info.run_name, run.info.status) == (log.run, "first", "FINISHED")
    for key in ("loss", "validation_loss", "validation_accuracy", "learning_rate"):
        assert points(mlflow, log.run, key) == list(enumerate(trained.history[:, key], 1))
    wanted = {"optimizer": "adam", "optimizer.learning_rate": "0.001", "network.layers": "Dense(8, relu), Dense(2)", "seed": "1"}
    assert wanted.items() <= run.data.params.items()
    assert "Dense(8, relu)" in run.data.tags["mlflow.note.content"]
    assert run.data.tags["lamina.stop_reason"] == "All 4 epochs asked for were run."
    trained.fit(X[:60], Y[:60], max_epochs=2, **ROWS)  # goes on
    assert [step for step, _ in points(mlflow, log.run, "loss")] == [1, 2, 3, 4, 5, 6]


def test_an_open_run_is_used_and_stays_open_and_later_fits_are_runs_within_it(mlflow: Any, tmp_path: Path) -> None:
    with mlflow.start_run() as opened:
        mlflow.log_params({"seed": "mine"})
        first = MLflowLog()
        trained = trainer(first)
        trained.fit(X, Y, max_epochs=2)
        trained.fit(X, Y, max_epochs=1)
        assert first.run == opened.info.run_id == mlflow.active_run().info.run_id
        model = MLPClassifier((4,), max_iter=2, random_state=0, callbacks=[MLflowLog(name="cv")])
        model.fit(X, Y).set_params(n_restarts=2).fit(X, Y)
    own, *within = runs(mlflow, tmp_path.name)
    assert (own.info.status, own.data.params["seed"]) == ("FINISHED", "mine")
    assert points(mlflow, own.info.run_id, "epoch") == [(1, 1.0), (2, 2.0), (3, 3.0)]
    assert sorted(run.info.run_name for run in within) == ["cv", "cv.restart1", "cv.restart2"]
    assert {run.data.tags["mlflow.parentRunId"] for run in within} == {own.info.run_id}


@pytest.mark.parametrize(("ends", "status"), [("interrupt", "KILLED"), ("raise", "FAILED"), ("diverge", "FAILED")])
def test_mlflow_hears_how_the_training_ended(ends: str, status: str, mlflow: Any, tmp_path: Path) -> None:
    class End(Callback):
        def on_epoch_end(self, trainer: Any, record: Any) -> None:
            if ends == "diverge":
                trainer.weights["dense_1.weight"][:] = np.inf
            else:
                raise KeyboardInterrupt if ends == "interrupt" else ZeroDivisionError

    with pytest.raises((KeyboardInterrupt, ZeroDivisionError, TrainingWarning)):
        trainer(End(), MLflowLog()).fit(X, Y, max_epochs=3)
    assert [run.info.status for run in runs(mlflow, tmp_path.name)] == [status]


def test_a_killed_run_goes_on_and_no_epoch_is_logged_twice(mlflow: Any, tmp_path: Path) -> None:
    def fit(epoch: int) -> Any:
        log = MLflowLog()
        trained = trainer(log, Checkpoint(tmp_path / "checkpoint", every=2, resume=True), Kill(epoch))
        return trained, lambda: trained.fit(X[:60], Y[:60], max_epochs=7, **ROWS)

    with pytest.raises(KilledError):
        fit(5)[1]()
    resumed, go_on = fit(0)
    go_on()
    (run,) = runs(mlflow, tmp_path.name)
    assert run.info.status == "FINISHED"
    assert points(mlflow, run.info.run_id, "loss") == list(enumerate(resumed.history[:, "loss"], 1))
    # As in a program that opens its run anew: this has the whole course.
    with mlflow.start_run() as opened:
        fit(0)[1]()
    assert points(mlflow, opened.info.run_id, "loss") == list(enumerate(resumed.history[:, "loss"], 1))


def test_each_fit_of_a_cross_validation_is_a_run(mlflow: Any, tmp_path: Path) -> None:
    from sklearn.model_selection import cross_val_score

    model = MLPClassifier((4,), max_iter=3, random_state=0, callbacks=[MLflowLog(f"{tmp_path.name} cv")])
    cross_val_score(model, X, Y, cv=3)
    found = runs(mlflow, f"{tmp_path.name} cv")
    assert [run.data.metrics["epoch"] for run in found] == [3.0, 3.0, 3.0]


def test_a_model_is_an_artifact_of_its_run(mlflow: Any, tmp_path: Path) -> None:
    log = MLflowLog()
    with pytest.raises(InvalidSettingError, match="there is no run yet"):
        log.log_artifact("model.lamina")
    model = MLPClassifier((4,), max_iter=3, random_state=0, callbacks=[log]).fit(X, Y)
    save_model(tmp_path / "model.lamina", model)
    log.log_artifact(tmp_path / "model.lamina")
    assert [file.path for file in mlflow.MlflowClient().list_artifacts(log.run)] == ["model.lamina"]


def test_names_and_numbers_that_mlflow_does_not_take_are_no_failure(mlflow: Any, tmp_path: Path) -> None:
    class Odd(Callback):
        def on_epoch_end(self, trainer: Any, record: Any) -> None:
            record |= {"f1 (macro) @5": 0.5, "none": float("nan"), "endless": np.inf, "text": "x"}

    log = MLflowLog()
    trainer(Odd(), log).fit(X, Y, max_epochs=1)
    assert log.run is not None
    assert points(mlflow, log.run, "f1 _macro_ _5") == [(1, 0.5)]
    assert str(points(mlflow, log.run, "none")) == "[(1, nan)]"


def test_many_short_epochs_are_told_together(mlflow: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    log_batch = mlflow.MlflowClient.log_batch

    def counted(self: Any, run: str, metrics: Any = (), **rest: Any) -> Any:
        calls.append(len(metrics))
        return log_batch(self, run, metrics=metrics, **rest)

    monkeypatch.setattr(mlflow.MlflowClient, "log_batch", counted)
    log = MLflowLog()
    trainer(log, batch_size=None).fit(X, Y, max_epochs=500)
    assert log.run is not None
    assert len(points(mlflow, log.run, "loss")) == 500
    assert max(calls) <= 1000
    assert len(calls) < 20


def test_a_store_that_is_lost_ends_no_training(mlflow: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Lose(Callback):
        def on_epoch_end(self, trainer: Any, record: Any) -> None:
            def lost(*_: Any, **__: Any) -> None:
                raise ConnectionError("the server is gone")

            monkeypatch.setattr(mlflow.MlflowClient, "log_batch", lost)

    plain, trained = trainer(), trainer(Lose(), MLflowLog())
    plain.fit(X, Y, max_epochs=3)
    with pytest.warns(TrainingWarning) as said:
        trained.fit(X, Y, max_epochs=3)
    assert len(said) == 2
    assert "the server is gone" in str(said[0].message)
    assert "3 epochs could not be logged" in str(said[1].message)
    np.testing.assert_array_equal(trained.executor.snapshot().parameters, plain.executor.snapshot().parameters)


def test_an_address_that_is_none_is_noticed_before_the_training() -> None:
    trained = trainer(MLflowLog(tracking_uri="nonsense://"))
    with pytest.raises(FileError, match="MLflowLog: no run could be opened: "):
        trained.fit(X, Y, max_epochs=1)
    assert trained.epoch == 0
