"""TensorBoardLog, and what TensorBoard reads of its files (make test-integrations)."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.integrations.tracked import ROWS, Kill, KilledError, X, Y, trainer

from lamina.errors import FileError
from lamina.estimators import MLPClassifier
from lamina.training import Callback, Checkpoint, TensorBoardLog, Trainer, TrainingWarning


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def board(folder: Path) -> Any:
    """All that TensorBoard reads in a folder."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    everything = dict.fromkeys(("scalars", "histograms", "tensors"), 0)
    return EventAccumulator(str(folder), size_guidance=everything).Reload()


def points(folder: Path, tag: str) -> list[tuple[int, float]]:
    return [(event.step, event.value) for event in board(folder).Scalars(tag)]


@pytest.mark.smoke
def test_tensorboard_reads_what_the_history_has(tmp_path: Path) -> None:
    log = TensorBoardLog(tmp_path, "first", histograms=2)
    trained = trainer(log)
    trained.fit(X[:60], Y[:60], max_epochs=4, **ROWS)
    assert log.run == "first"
    for part, tag, key in [("train", "loss", "loss"), ("validation", "loss", "validation_loss")]:
        found = points(tmp_path / "first" / part, tag)
        assert [step for step, _ in found] == [1, 2, 3, 4]
        np.testing.assert_allclose([value for _, value in found], trained.history[:, key], rtol=1e-6)
    assert board(tmp_path / "first" / "train").Tags()["scalars"] == ["loss", "learning_rate", "duration_s"]
    assert board(tmp_path / "first" / "validation").Tags()["scalars"] == ["loss", "accuracy"]


def test_tensorboard_reads_histograms_of_each_weight(tmp_path: Path) -> None:
    trained = trainer(TensorBoardLog(tmp_path, "first", histograms=2))
    trained.fit(X, Y, max_epochs=4)
    read = board(tmp_path / "first" / "train")
    assert read.Tags()["histograms"] == list(trained.weights)
    *_, last = read.Histograms("dense_1.weight")
    assert [event.step for event in read.Histograms("dense_1.weight")] == [0, 2, 4]
    weight = trained.weights["dense_1.weight"].astype(float)
    found = last.histogram_value
    np.testing.assert_allclose(
        [found.num, found.min, found.max, found.sum], [weight.size, weight.min(), weight.max(), weight.sum()]
    )


def test_tensorboard_reads_hyperparameters_the_network_and_the_end(tmp_path: Path) -> None:
    from tensorboard.plugins.hparams import metadata

    trainer(TensorBoardLog(tmp_path, "first")).fit(X[:60], Y[:60], max_epochs=2, **ROWS)
    read = board(tmp_path / "first")
    content = read.PluginTagToContent("hparams")
    start = metadata.parse_session_start_info_plugin_data(content["_hparams_/session_start_info"])
    assert start.hparams["optimizer"].string_value == "adam"
    assert start.hparams["batch_size"].number_value == 16
    assert start.hparams["shuffle"].bool_value
    experiment = metadata.parse_experiment_plugin_data(content["_hparams_/experiment"])
    shown = {(info.name.group, info.name.tag) for info in experiment.metric_infos}
    assert {("train", "loss"), ("validation", "loss"), ("validation", "accuracy")} <= shown
    assert metadata.parse_session_end_info_plugin_data(content["_hparams_/session_end_info"]).status == 1  # success

    def text(tag: str) -> str:
        return read.Tensors(tag)[0].tensor_proto.string_val[0].decode()

    assert "Dense(8, relu)" in text("network/text_summary")
    assert text("end/text_summary") == "finished: All 2 epochs asked for were run."


@pytest.mark.parametrize(("every", "killed"), [(2, 5), (1, 2)])
@pytest.mark.parametrize("is_first", [True, False])
def test_tensorboard_shows_a_resumed_run_as_one(every: int, killed: int, is_first: bool, tmp_path: Path) -> None:
    def run(epoch: int) -> Trainer:
        pair = [TensorBoardLog(tmp_path / "runs", "a", histograms=1), Checkpoint(tmp_path / "checkpoint", every, resume=True)]
        return trainer(*(pair if is_first else reversed(pair)), Kill(epoch))

    with pytest.raises(KilledError):
        run(killed).fit(X[:60], Y[:60], max_epochs=7, **ROWS)
    resumed = run(0)
    resumed.fit(X[:60], Y[:60], max_epochs=7, **ROWS)
    assert names(tmp_path / "runs") == ["a"]
    for part, key in [("train", "loss"), ("validation", "validation_loss")]:
        found = points(tmp_path / "runs" / "a" / part, "loss")
        assert [step for step, _ in found] == [1, 2, 3, 4, 5, 6, 7]
        np.testing.assert_allclose([value for _, value in found], resumed.history[:, key], rtol=1e-6)
    shown = board(tmp_path / "runs" / "a" / "train").Histograms("dense_1.bias")
    assert [event.step for event in shown] == [0, 1, 2, 3, 4, 5, 6, 7]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_tensorboard_has_a_folder_for_each_fit_and_restart(tmp_path: Path) -> None:
    from sklearn.model_selection import cross_val_score

    model = MLPClassifier((4,), max_iter=2, random_state=0, callbacks=[TensorBoardLog(tmp_path, "cv")])
    cross_val_score(model, X, Y, cv=3)
    model.set_params(n_restarts=2).fit(X, Y)
    assert names(tmp_path) == ["cv", "cv-2", "cv-3", "cv.restart1", "cv.restart2"]
    for run in names(tmp_path):
        assert [step for step, _ in points(tmp_path / run / "train", "loss")] == [1, 2]


def test_numbers_beyond_float32_and_nan_are_no_failure_for_tensorboard(tmp_path: Path) -> None:
    class Odd(Callback):
        def on_epoch_end(self, trainer: Any, record: Any) -> None:
            record |= {"huge": 1e300, "none": float("nan"), "endless": -np.inf, "text": "x", "count": np.int64(3)}

    trainer(Odd(), TensorBoardLog(tmp_path, "a")).fit(X, Y, max_epochs=1)
    found = {tag: points(tmp_path / "a" / "train", tag)[0][1] for tag in ("huge", "none", "endless", "count")}
    assert repr(found) == repr({"huge": np.inf, "none": np.nan, "endless": -np.inf, "count": 3.0})


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_a_full_disk_ends_no_training_with_tensorboard(tmp_path: Path) -> None:
    class Fill(Callback):
        def on_epoch_end(self, trainer: Any, record: Any) -> None:
            if record["epoch"] == 2:
                os.dup2(os.open("/dev/full", os.O_WRONLY), log._session._files["train"]._file._file.fileno())

    log = TensorBoardLog(tmp_path, "a")
    plain, trained = trainer(), trainer(Fill(), log)
    plain.fit(X, Y, max_epochs=4)
    with pytest.warns(TrainingWarning) as said:
        trained.fit(X, Y, max_epochs=4)
    assert [str(warning.message).partition(":")[0] for warning in said] == ["TensorBoardLog"] * 2
    assert "No space left on device" in str(said[0].message)
    assert "3 epochs could not be logged" in str(said[1].message)
    np.testing.assert_array_equal(trained.executor.snapshot().parameters, plain.executor.snapshot().parameters)
    assert [step for step, _ in points(tmp_path / "a" / "train", "loss")] == [1]


def test_a_folder_that_cannot_be_written_is_noticed_before_the_training(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    trained = trainer(TensorBoardLog(tmp_path / "file"))
    with pytest.raises(FileError, match=r"TensorBoardLog: no run could be opened: NotADirectoryError: Not a directory: '.*file"):
        trained.fit(X, Y, max_epochs=1)
    assert trained.epoch == 0


def test_a_folder_that_was_removed_is_named_and_ends_no_training(tmp_path: Path) -> None:
    class Remove(Callback):
        def on_epoch_end(self, trainer: Any, record: Any) -> None:
            if record["epoch"] == 2:
                shutil.rmtree(tmp_path / "runs")

    plain, trained = trainer(), trainer(Remove(), TensorBoardLog(tmp_path / "runs", "a"))
    plain.fit(X, Y, max_epochs=4)
    with pytest.warns(TrainingWarning) as said:
        trained.fit(X, Y, max_epochs=4)
    first, second = (str(warning.message) for warning in said)
    assert f"logging to run 'a' failed: FileNotFoundError: The file was removed: '{tmp_path / 'runs' / 'a'}" in first
    assert second == f"TensorBoardLog: 3 epochs could not be logged to {tmp_path / 'runs' / 'a'}. The history has them."
    np.testing.assert_array_equal(trained.executor.snapshot().parameters, plain.executor.snapshot().parameters)
