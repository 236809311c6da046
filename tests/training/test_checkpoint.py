"""Checkpoints: a run that was killed and resumed equals one that never stopped, bit for bit."""

from __future__ import annotations

import shutil
import sys

import numpy as np
import pytest

from lamina.clipping import Clipping
from lamina.errors import FileError, InvalidSettingError
from lamina.estimators import MLPClassifier
from lamina.files.tensors import write_tensors
from lamina.layers import Dense
from lamina.losses import SoftmaxCrossEntropy
from lamina.network import Sequential
from lamina.optimizers import OPTIMIZERS, Adam, AdamW, Momentum, StepOptimizer
from lamina.schedules import Adaptive, Cosine, ReduceOnPlateau, WarmUp
from lamina.training import Callback, Checkpoint, EarlyStopping, LearningRate, Trainer
from lamina.training.checkpoint import read_checkpoint, write_checkpoint

EPOCHS = 6

SETTINGS = {
    "adamw and cosine": lambda: {"optimizer": AdamW(0.02), "schedule": WarmUp(5, then=Cosine())},
    "early stopping": lambda: {"optimizer": Adam(0.1), "early_stopping": {"patience": 3, "tol": 0.5}},
    "adaptive": lambda: {"optimizer": Momentum(0.5), "schedule": Adaptive(patience=0, tol=0.02)},
    "plateau as a callback": lambda: {"callbacks": [LearningRate(ReduceOnPlateau(patience=0, tol=0.05))]},
    "clipping, unshuffled": lambda: {"clipping": Clipping(norm=0.5), "shuffle": False, "dtype": "float32"},
}


class KilledError(Exception):
    """Stands for the signal that ends the process."""


class Kill(Callback):
    """Raises at the end of an epoch, after the checkpoint was written."""

    runs_last = True

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_end(self, trainer, record):
        if trainer.epoch == self.epoch:
            raise KilledError


def trainer_for(make_trainer, name, path, kill_at=None):
    settings = SETTINGS[name]()
    callbacks = settings.pop("callbacks", [])
    if "early_stopping" in settings:
        callbacks.append(EarlyStopping(**settings.pop("early_stopping")))
    return make_trainer(callbacks=[*callbacks, Checkpoint(path), Kill(kill_at)], **settings)


def everything(trainer):
    """All that a run leaves behind, but for the time it took."""
    history = [{key: value for key, value in record.items() if key != "duration_s"} for record in trainer.history]
    arrays = {name: getattr(trainer.executor.snapshot(), name).tobytes() for name in ("parameters", "state", "slots")}
    return {"history": history, "stop": trainer.stop_reason, "epoch": trainer.epoch, "step": trainer.step, **arrays}


@pytest.mark.parametrize("name", list(SETTINGS))
def test_killed_at_the_end_of_any_epoch_and_resumed_equals_uninterrupted(make_trainer, table, tmp_path, name):
    path = tmp_path / "run.checkpoint"
    call = {"validation_data": (table[0][:20], table[1][:20]), "max_epochs": EPOCHS}
    uninterrupted = trainer_for(make_trainer, name, tmp_path / "other.checkpoint")
    uninterrupted.fit(*table, **call)

    assert uninterrupted.epoch == (4 if name == "early stopping" else EPOCHS)
    for kill_at in range(1, uninterrupted.epoch + 1):
        killed = trainer_for(make_trainer, name, path, kill_at)
        with pytest.raises(KilledError):
            killed.fit(*table, **call)
        resumed = trainer_for(make_trainer, name, path)
        resumed.load_checkpoint(path)
        assert resumed.epoch == kill_at
        resumed.fit(*table, **call)
        assert everything(resumed) == everything(uninterrupted)


@pytest.mark.parametrize("optimizer", [name for name, kind in OPTIMIZERS.items() if issubclass(kind, StepOptimizer)])
def test_what_an_optimizer_remembers_survives(make_trainer, table, tmp_path, optimizer):
    path = tmp_path / "run.checkpoint"
    uninterrupted = make_trainer(optimizer=optimizer)
    uninterrupted.fit(*table, max_epochs=3)
    first = make_trainer(optimizer=optimizer)
    first.fit(*table, max_epochs=2)
    first.save_checkpoint(path)
    second = make_trainer(optimizer=optimizer).load_checkpoint(path)
    second.fit(*table, max_epochs=1)
    for name in ("parameters", "state", "slots"):
        np.testing.assert_array_equal(getattr(second.executor.snapshot(), name), getattr(uninterrupted.executor.snapshot(), name))


class FullDisk(Callback):
    """From the end of an epoch on, no file can have as many bytes as a checkpoint: the system's error in the midst of writing."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_end(self, trainer, record):
        if trainer.epoch == self.epoch:
            limit_files(1000)


def limit_files(num_bytes):
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


@pytest.fixture
def room_again():
    """Makes room, and does so after the test."""
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda: limit_files(soft)
    limit_files(soft)


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit on the size of files")
def test_a_full_disk_leaves_the_earlier_checkpoint_and_with_room_the_run_goes_on(make_trainer, table, tmp_path, room_again):
    path, full = tmp_path / "run.checkpoint", FullDisk(3)
    uninterrupted = trainer_for(make_trainer, "adamw and cosine", tmp_path / "other.checkpoint")
    uninterrupted.fit(*table, max_epochs=EPOCHS)

    trainer = make_trainer(callbacks=[full, Checkpoint(path), Kill(None)], **SETTINGS["adamw and cosine"]())
    with pytest.raises(FileError, match=r"cannot write '.*run\.checkpoint': file too large\."):
        trainer.fit(*table, max_epochs=EPOCHS)
    room_again()
    assert [file.name for file in tmp_path.iterdir() if file.name != "other.checkpoint"] == [path.name]
    assert read_checkpoint(path)["epoch"] == 2
    assert len(trainer.history) == 3
    assert np.isfinite(trainer.predict(table[0])).all()

    callbacks = [FullDisk(None), Checkpoint(path), Kill(None)]
    resumed = make_trainer(callbacks=callbacks, **SETTINGS["adamw and cosine"]()).load_checkpoint(path)
    resumed.fit(*table, max_epochs=EPOCHS)
    assert everything(resumed) == everything(uninterrupted)


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit on the size of files")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_after_a_full_disk_the_same_fit_of_an_estimator_goes_on_from_the_earlier_checkpoint(table, tmp_path, room_again):
    def model(*callbacks):
        return MLPClassifier((16,), max_iter=6, random_state=0, callbacks=list(callbacks))

    checkpoint = Checkpoint(tmp_path / "run.checkpoint", resume=True)
    with pytest.raises(FileError, match="file too large"):
        model(FullDisk(4), checkpoint).fit(*table)
    room_again()
    resumed = model(FullDisk(None), checkpoint).fit(*table)
    assert resumed.n_iter_ == 6
    assert np.array_equal(resumed.predict_proba(table[0]), model().fit(*table).predict_proba(table[0]))


def test_a_run_can_be_killed_and_resumed_again_and_again(make_trainer, table, tmp_path):
    path = tmp_path / "run.checkpoint"
    uninterrupted = trainer_for(make_trainer, "adamw and cosine", tmp_path / "other.checkpoint")
    uninterrupted.fit(*table, max_epochs=EPOCHS)
    for kill_at in (2, 3, 5, None):
        trainer = trainer_for(make_trainer, "adamw and cosine", path, kill_at)
        if path.exists():
            trainer.load_checkpoint(path)
        if kill_at:
            with pytest.raises(KilledError):
                trainer.fit(*table, max_epochs=EPOCHS)
        else:
            trainer.fit(*table, max_epochs=EPOCHS)
    assert everything(trainer) == everything(uninterrupted)


def test_what_ended_before_it_was_saved_begins_a_new_fit(make_trainer, table, tmp_path):
    trainer, other = make_trainer(), make_trainer()
    trainer.fit(*table, max_epochs=2)
    trainer.save_checkpoint(tmp_path / "run.checkpoint")
    other.load_checkpoint(tmp_path / "run.checkpoint")
    for each in (trainer, other):
        each.fit(*table, max_epochs=2)
    assert other.epoch == 4
    assert everything(other) == everything(trainer)


def test_a_trainer_that_knows_no_widths_learns_them_from_the_checkpoint(table, tmp_path):
    def make():
        return Trainer(Sequential([Dense(3), Dense(2)]), "softmax_cross_entropy")

    trainer = make()
    trainer.fit(*table, max_epochs=1)
    trainer.save_checkpoint(tmp_path / "run.checkpoint")
    other = make().load_checkpoint(tmp_path / "run.checkpoint")
    np.testing.assert_array_equal(other.predict(table[0]), trainer.predict(table[0]))


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"seed": 8}, "seed"),
        ({"dtype": "float32"}, "dtype"),
        ({"optimizer": Adam(0.5)}, "optimizer"),
        ({"loss": SoftmaxCrossEntropy(label_smoothing=0.1)}, "losses"),
        ({"schedule": "cosine"}, "schedule"),
        ({"schedule": lambda step: 0.1}, "schedule"),
        ({"clipping": Clipping(norm=1.0)}, "clipping"),
        ({"callbacks": [Kill(1)]}, "callbacks"),
    ],
)
def test_a_checkpoint_of_other_settings_is_refused_and_changes_nothing(make_trainer, table, tmp_path, settings, word):
    trainer = make_trainer()
    trainer.fit(*table, max_epochs=1)
    trainer.save_checkpoint(tmp_path / "run.checkpoint")
    other = make_trainer(**settings)
    before = everything(other)
    with pytest.raises(InvalidSettingError, match=rf"^Trainer: {word}[^ ]* must be .*, as in the run that wrote"):
        other.load_checkpoint(tmp_path / "run.checkpoint")
    assert everything(other) == before


def test_a_checkpoint_of_another_network_is_refused(make_trainer, table, tmp_path):
    trainer = make_trainer()
    trainer.save_checkpoint(tmp_path / "run.checkpoint")
    other = Trainer(Sequential([Dense(2)], 5), "softmax_cross_entropy", seed=7, dtype="float64")
    with pytest.raises(InvalidSettingError, match=r"^Trainer: network[^ ]* must be .*, as in the run that wrote"):
        other.load_checkpoint(tmp_path / "run.checkpoint")


def test_a_file_that_is_no_checkpoint_is_refused(make_trainer, tmp_path):
    path = tmp_path / "model.lamina"
    write_tensors(path, {"weight": np.zeros(2)}, {"kind": "model"})
    with pytest.raises(FileError, match="must be a checkpoint, got a file of kind 'model'"):
        make_trainer().load_checkpoint(path)


def test_a_damaged_checkpoint_is_refused(make_trainer, tmp_path):
    path = tmp_path / "run.checkpoint"
    make_trainer().save_checkpoint(path)
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    with pytest.raises(FileError, match="damaged"):
        make_trainer().load_checkpoint(path)


def test_arrays_anywhere_in_a_nested_state_come_back(tmp_path):
    state = {"a": [1, {"b": np.arange(3), "none": None}], "c": {"d": np.array([[0.5]])}, "inf": float("inf"), "text": "ü"}
    write_checkpoint(tmp_path / "x", state)
    back = read_checkpoint(tmp_path / "x")
    assert back["a"][0] == 1
    assert back["a"][1]["none"] is None
    assert (back["inf"], back["text"]) == (float("inf"), "ü")
    np.testing.assert_array_equal(back["a"][1]["b"], np.arange(3))
    np.testing.assert_array_equal(back["c"]["d"], [[0.5]])


def test_a_folder_that_is_not_there_is_noticed_before_any_epoch(make_trainer, table, tmp_path):
    trainer = make_trainer(callbacks=[Checkpoint(tmp_path / "nowhere" / "run.checkpoint")])
    with pytest.raises(FileError, match="does not exist"):
        trainer.fit(*table, max_epochs=1)
    assert trainer.epoch == 0


def test_a_full_disk_keeps_the_earlier_checkpoint(make_trainer, table, tmp_path, monkeypatch):
    path = tmp_path / "run.checkpoint"
    trainer = make_trainer(callbacks=[Checkpoint(path)])
    trainer.fit(*table, max_epochs=1)
    earlier = path.read_bytes()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(FileError, match="no space left"):
        trainer.fit(*table, max_epochs=1)
    assert path.read_bytes() == earlier
    assert [file.name for file in tmp_path.iterdir()] == ["run.checkpoint"]


def test_every_few_epochs_and_a_name_with_the_epoch(make_trainer, table, tmp_path):
    make_trainer(callbacks=[Checkpoint(tmp_path / "run-{epoch}.checkpoint", every=2)]).fit(*table, max_epochs=5)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["run-2.checkpoint", "run-4.checkpoint"]


def test_a_checkpoint_can_be_moved(make_trainer, table, tmp_path):
    trainer = make_trainer()
    trainer.fit(*table, max_epochs=1)
    trainer.save_checkpoint(tmp_path / "a")
    shutil.move(tmp_path / "a", tmp_path / "b")
    assert make_trainer().load_checkpoint(tmp_path / "b").epoch == 1
