"""WandbLog offline, and what its files hold (make test-integrations). No test reaches a network or needs an account."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.integrations.tracked import ROWS, Kill, KilledError, X, Y, trainer

from lamina import save_model
from lamina.errors import InvalidSettingError
from lamina.estimators import MLPClassifier
from lamina.training import Callback, Checkpoint, TrainingWarning, WandbLog

_BLOCK = 32768


@pytest.fixture(autouse=True)
def wandb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    import wandb

    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.chdir(tmp_path)
    yield wandb
    wandb.teardown()  # the next test has another folder


def records(path: Path) -> Iterator[Any]:
    """What is in a file of wandb's: records in pieces, in blocks, as in LevelDB's logs."""
    from wandb.proto.wandb_internal_pb2 import Record

    data, place, whole = path.read_bytes(), 7, b""
    while place + 7 <= len(data):
        left = _BLOCK - place % _BLOCK
        if left < 7:
            place += left
            continue
        _, length, kind = struct.unpack_from("<IHB", data, place)
        whole += data[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # whole, or the last piece
            record = Record()
            record.ParseFromString(whole)
            yield record
            whole = b""


class Offline:
    """An offline run, read back."""

    def __init__(self, path: Path) -> None:
        found = list(records(path))
        self.run = [each.run for each in found if each.WhichOneof("record_type") == "run"][-1]
        sent = [each.request.log_artifact.artifact for each in found if each.request.HasField("log_artifact")]
        sent += [each.artifact for each in found if each.HasField("artifact")]
        self.artifacts = [(each.type, file.path) for each in sent for file in each.manifest.contents]
        self.rows: list[dict[str, Any]] = []
        self.config: dict[str, Any] = {}
        self.summary: dict[str, Any] = {}
        self.exits = [each.exit.exit_code for each in found if each.WhichOneof("record_type") == "exit"]
        self.axes = {each.metric.name: each.metric.step_metric for each in found if each.WhichOneof("record_type") == "metric"}
        for each in found:
            self.rows += [self._plain(each.history.item)] if each.WhichOneof("record_type") == "history" else []
            self.config |= self._plain(each.config.update)
            self.summary |= self._plain(each.summary.update)
        self.config |= self._plain(self.run.config.update)

    def points(self, key: str) -> list[tuple[int, float]]:
        return [(row["epoch"], row[key]) for row in self.rows if key in row]

    @staticmethod
    def _plain(items: Any) -> dict[str, Any]:
        return {each.key or "/".join(each.nested_key): json.loads(each.value_json) for each in items}


def offline(folder: Path) -> list[Offline]:
    """All runs, the oldest first; wandb's process, which writes them, ends before."""
    import wandb

    wandb.teardown()
    found = [Offline(path) for path in folder.glob("wandb/offline-run-*/run-*.wandb")]
    return sorted(found, key=lambda each: each.run.start_time.ToNanoseconds())


@pytest.mark.smoke
def test_a_run_has_what_the_history_has(tmp_path: Path) -> None:
    log = WandbLog("lamina", "first", histograms=2)
    trained = trainer(log)
    trained.fit(X[:60], Y[:60], max_epochs=4, **ROWS)
    (found,) = offline(tmp_path)
    assert (found.run.run_id, found.run.project, found.run.display_name) == (log.run, "lamina", "first")
    for key in ("loss", "validation_loss", "validation_accuracy", "learning_rate"):
        np.testing.assert_allclose(found.points(key), list(enumerate(trained.history[:, key], 1)), rtol=1e-12)
        assert found.axes[key] == "epoch"
    assert [epoch for epoch, _ in found.points("weights/dense_1.bias/_type")] == [0, 2, 4]
    wanted = {"optimizer": "adam", "optimizer_learning_rate": 0.001, "network_layers": "Dense(8, relu), Dense(2)", "seed": 1}
    assert wanted.items() <= found.config.items()
    assert found.summary["stop_reason"] == "All 4 epochs asked for were run."
    assert "Dense(8, relu)" in found.run.notes
    assert found.exits == [0]


def test_a_run_that_is_open_is_used_and_stays_open_and_later_fits_are_runs_in_its_group(wandb: Any, tmp_path: Path) -> None:
    opened = wandb.init(project="mine", config={"seed": "mine"})
    opened.log({"loss": 7.0}, step=1000)
    first = WandbLog("other")
    trained = trainer(first)
    trained.fit(X, Y, max_epochs=2)
    trained.fit(X, Y, max_epochs=1)
    assert first.run == opened.id == wandb.run.id
    second = WandbLog("other", "second")
    trainer(second).fit(X, Y, max_epochs=1)
    assert wandb.run is opened
    wandb.finish()
    found = {each.run.run_id: each for each in offline(tmp_path)}
    assert found.keys() == {first.run, second.run}
    assert found[first.run].config["seed"] == "mine"
    assert found[first.run].points("loss") == list(enumerate(trained.history[:, "loss"], 1))
    assert (found[second.run].run.project, found[second.run].run.run_group) == ("mine", opened.id)


@pytest.mark.parametrize(("ends", "code"), [("interrupt", 255), ("raise", 1)])
def test_a_run_ends_as_its_training_did(ends: str, code: int, tmp_path: Path) -> None:
    class End(Callback):
        def on_epoch_end(self, trainer: Any, record: Any) -> None:
            raise KeyboardInterrupt if ends == "interrupt" else ZeroDivisionError

    with pytest.raises((KeyboardInterrupt, ZeroDivisionError)):
        trainer(End(), WandbLog()).fit(X, Y, max_epochs=3)
    assert [found.exits for found in offline(tmp_path)] == [[code]]


def test_a_resumed_run_has_the_id_of_the_killed_one(tmp_path: Path) -> None:
    def run(epoch: int) -> Any:
        return trainer(WandbLog(), Checkpoint(tmp_path / "checkpoint", resume=True), Kill(epoch))

    with pytest.raises(KilledError):
        run(3).fit(X, Y, max_epochs=5)
    run(0).fit(X, Y, max_epochs=5)
    first, second = offline(tmp_path)
    assert first.run.run_id == second.run.run_id
    assert [epoch for epoch, _ in [*first.points("loss"), *second.points("loss")]][-2:] == [4, 5]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_each_restart_is_a_run(tmp_path: Path) -> None:
    MLPClassifier((4,), max_iter=2, n_restarts=2, random_state=0, callbacks=[WandbLog(group="restarts")]).fit(X, Y)
    found = offline(tmp_path)
    assert sorted(each.run.display_name for each in found) == ["restart1", "restart2"]
    assert [each.run.run_group for each in found] == ["restarts"] * 2
    assert [[epoch for epoch, _ in each.points("loss")] for each in found] == [[1, 2]] * 2


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_model_is_an_artifact_of_its_run(tmp_path: Path) -> None:
    log = WandbLog()
    with pytest.raises(InvalidSettingError, match="there is no run yet"):
        log.log_artifact("model.lamina")
    model = MLPClassifier((4,), max_iter=3, random_state=0, callbacks=[log]).fit(X, Y)
    save_model(tmp_path / "model.lamina", model)
    log.log_artifact(tmp_path / "model.lamina")
    assert [each.artifacts for each in offline(tmp_path)] == [[], [("model", "model.lamina")]]


def test_disabled_nothing_is_written(tmp_path: Path) -> None:
    trainer(WandbLog(mode="disabled", histograms=1)).fit(X, Y, max_epochs=2)
    assert offline(tmp_path) == []


def test_a_run_that_somebody_else_ended_ends_no_training(wandb: Any) -> None:
    class Finish(Callback):
        def on_epoch_end(self, trainer: Any, record: Any) -> None:
            wandb.finish()

    wandb.init()
    plain, trained = trainer(), trainer(Finish(), WandbLog())
    plain.fit(X, Y, max_epochs=3)
    with pytest.warns(TrainingWarning) as said:
        trained.fit(X, Y, max_epochs=3)
    assert len(said) == 2
    assert "WandbLog: logging to run" in str(said[0].message)
    np.testing.assert_array_equal(trained.executor.snapshot().parameters, plain.executor.snapshot().parameters)
