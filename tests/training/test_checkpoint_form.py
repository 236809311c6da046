"""A checkpoint is checked whole before anything of the trainer is changed."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest

from lamina.errors import FileError, InvalidSettingError
from lamina.files import read_tensors, write_tensors
from lamina.layers import Dense
from lamina.network import Sequential
from lamina.schedules import Adaptive
from lamina.training import Callback, EarlyStopping, LearningRate, Trainer, checkpoint
from lamina.training.checkpoint import read_checkpoint, write_checkpoint


class Tally(Callback):
    """A callback of a user's, which takes what it gave and fails on anything else."""

    def __init__(self):
        self.counts = {"epochs": 0}

    def on_epoch_end(self, trainer, record):
        self.counts["epochs"] += 1

    def state(self):
        return {"counts": dict(self.counts)}

    def load_state(self, state):
        self.counts = {"epochs": state["counts"]["epochs"] + 0}


@pytest.fixture
def make(make_trainer):
    """A function that makes equal trainers with something to remember at every place of a checkpoint."""

    def make(**settings):
        callbacks = [EarlyStopping("loss", patience=50), LearningRate(Adaptive(patience=50)), Tally()]
        return make_trainer(callbacks=callbacks, schedule=Adaptive(patience=60), **settings)

    return make


@pytest.fixture
def state(make, table, tmp_path):
    """What the checkpoint of a trained trainer holds."""
    trainer = make()
    trainer.fit(*table, max_epochs=2)
    trainer.save_checkpoint(tmp_path / "whole.checkpoint")
    return read_checkpoint(tmp_path / "whole.checkpoint")


def everything(trainer):
    """All that loading a checkpoint could change."""
    arrays = {name: getattr(trainer.executor.snapshot(), name).tobytes() for name in ("parameters", "state", "slots")}
    memories = [repr(callback.state()) for callback in trainer.callbacks] + [repr(trainer._fit.state())]
    counters = (trainer.epoch, trainer.step, trainer.stop_reason, trainer.history.to_list(), trainer.schedule.reactive.state())
    return arrays, memories, counters


@pytest.fixture
def load(monkeypatch):
    """Loads a state as if it had been read from a file, of which it takes hundreds."""

    def load(trainer, state):
        monkeypatch.setattr(checkpoint, "read_checkpoint", lambda path: state)
        trainer.load_checkpoint("a.checkpoint")

    return load


def places(value, path=()):
    """The paths to everything in nested dicts and lists."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from places(item, (*path, key))


def at(value, path):
    for key in path:
        value = value[key]
    return value


def test_whole_state_is_taken(make, state, tmp_path):
    write_checkpoint(tmp_path / "a", state)
    assert make().load_checkpoint(tmp_path / "a").epoch == 2


def test_whatever_key_is_missing_the_file_is_refused_and_nothing_is_changed(make, state, table, load):
    trainer = make()
    trainer.fit(*table, max_epochs=1)
    before = everything(trainer)
    for path in list(places(state)):
        if path[0] == "history" and path[2:] not in (("epoch",), ("step",), ("loss",)):
            continue  # a shorter history is one, and what else a record holds is the callbacks' affair
        if len(path) > 1 and path[-2] == "weights" and isinstance(path[-1], int):
            continue  # fewer epochs may have been kept
        broken = copy.deepcopy(state)
        del at(broken, path[:-1])[path[-1]]
        with pytest.raises((FileError, InvalidSettingError) if path[0] == "identity" else FileError):
            load(trainer, broken)
        assert everything(trainer) == before, path


@pytest.mark.parametrize(
    "strange", [None, True, -5, 2**70, 10**400, math.nan, "text", [], {}, {"a": 1}, np.zeros(1), np.zeros((2, 2))], ids=repr
)
def test_whatever_stands_at_a_place_the_file_is_refused_or_can_be_gone_on_from(make, state, table, load, strange):
    trainer, before = make(), everything(make())
    for path in places(state):
        broken = copy.deepcopy(state)
        at(broken, path[:-1])[path[-1]] = strange
        try:
            load(trainer, broken)
        except (FileError, InvalidSettingError):
            assert everything(trainer) == before, path
        else:
            trainer.fit(*table, max_epochs=trainer.epoch % 100 + 1)
            trainer = make()


@pytest.mark.parametrize(
    ("path", "wrong", "message"),
    [
        (("epoch",), -5, '"epoch" of the checkpoint must be an integer'),
        (("parameters",), np.ones(1), r'"parameters" of the checkpoint must be an array of shape \(82,\) and dtype float64'),
        (("parameters",), np.full(82, np.nan), '"parameters" of the checkpoint must hold finite numbers, got nan'),
        (("parameters",), np.zeros(82, np.float32), "dtype float64, got 'float32"),
        (("state",), np.full(16, np.inf), '"state" of the checkpoint must hold finite numbers, got inf'),
        (("state",), np.full(16, -1.0), r"running_variance must not be negative, got -1\.0"),
        (("slots",), np.zeros((1, 82)), r'"slots" of the checkpoint must be an array of shape \(2, 82\)'),
        (("fit", "first_epoch"), 3, "first_epoch must be at most 2, the epochs done, got 3"),
        (("fit", "first", "parameters"), np.ones(1), '"parameters" of "first" of "fit" of the checkpoint must be an array'),
        (
            ("callbacks", 0, "weights", "weights", 0, "state"),
            None,
            '"state" of entry 1 of "weights" of "weights" of entry 1 of "callbacks" of the checkpoint',
        ),
        (("callbacks", 0, "lowest"), math.nan, '"lowest" of entry 1 .* must be a number, not NaN, got nan'),
        (("callbacks", 1, "schedule", "count"), "x", '"count" of "schedule" of entry 2 .* must be an integer .*, got \'x\''),
        (("stop_reason", 0), "tired", 'entry 1 of "stop_reason" of the checkpoint must be one of'),
        (("history", 1), [], 'entry 2 of "history" of the checkpoint must be a dict'),
    ],
)
def test_the_place_the_rule_and_what_came_are_named(make, state, tmp_path, path, wrong, message):
    at(state, path[:-1])[path[-1]] = wrong
    write_checkpoint(tmp_path / "a", state)
    with pytest.raises(FileError, match=message):
        make().load_checkpoint(tmp_path / "a")


def test_what_a_callback_of_the_users_does_not_take_leaves_all_callbacks_as_they_were(make, state, table, tmp_path):
    state["callbacks"][2] = {"counts": {"epochs": "three"}}
    write_checkpoint(tmp_path / "a", state)
    trainer = make()
    trainer.fit(*table, max_epochs=1)
    before = everything(trainer)
    with pytest.raises(FileError, match=r"does not hold .* \(TypeError: ") as caught:
        trainer.load_checkpoint(tmp_path / "a")
    assert isinstance(caught.value.__cause__, TypeError)
    assert everything(trainer) == before


def test_a_trainer_that_knows_no_widths_still_knows_none_after_a_refusal(table, tmp_path):
    def make():
        return Trainer(Sequential([Dense(3), Dense(2)]), "softmax_cross_entropy")

    trainer = make()
    trainer.fit(*table, max_epochs=1)
    trainer.save_checkpoint(tmp_path / "a")
    state = read_checkpoint(tmp_path / "a")
    state["identity"]["network"]["inputs"][0]["width"] = 2**40
    write_checkpoint(tmp_path / "a", state)
    other = make()
    with pytest.raises((FileError, InvalidSettingError)):
        other.load_checkpoint(tmp_path / "a")
    assert not other.network.is_built


def test_arrays_that_no_place_names_are_refused(make, state, tmp_path):
    write_checkpoint(tmp_path / "a", state)
    arrays, header = read_tensors(tmp_path / "a")
    write_tensors(tmp_path / "a", {**arrays, "stray": np.zeros(2)}, header)
    with pytest.raises(FileError, match=r"the arrays must all be referenced in the header, got \['stray'\]"):
        make().load_checkpoint(tmp_path / "a")
    header["state"]["epoch"] = {"$tensor": "nowhere"}
    write_tensors(tmp_path / "a", arrays, header)
    with pytest.raises(FileError, match="KeyError: 'nowhere'"):
        make().load_checkpoint(tmp_path / "a")
