"""A checkpoint holds the place in the rows: what goes on from it, also in the midst of an epoch, ends as if never stopped."""

from __future__ import annotations

import json

import numpy as np
import pytest

from lamina.clipping import Clipping
from lamina.errors import FileError, InvalidSettingError
from lamina.layers import BatchNorm, Dense, Dropout
from lamina.network import Graph, Input, Sequential
from lamina.training import AveragedWeights, Callback, Checkpoint, EarlyStopping, Monitor, Trainer

RNG = np.random.default_rng(2)
X = RNG.normal(size=(403, 5))
Y = (X[:, 0] * X[:, 1] + X[:, 2] > 0).astype(np.int64)
W = RNG.uniform(0, 2, size=403)


class KilledError(Exception):
    pass


class KillAfter(Callback):
    """Ends the process, as far as a test can, after some steps; a checkpoint before it in the list has been written."""

    runs_last = True

    def __init__(self, steps):
        self.steps = steps

    def identity(self):
        return {}

    def on_chunk_end(self, trainer, steps_done):
        if trainer.step >= self.steps:
            raise KilledError

    def on_epoch_end(self, trainer, record):
        self.on_chunk_end(trainer, 0)


class Shuffled:
    """Blocks in another order every epoch, whose number is not known."""

    def passes(self, epoch):
        starts = np.random.default_rng(epoch).permutation(np.arange(0, 403, 31))
        for start in starts:
            yield X[start : start + 31], Y[start : start + 31], W[start : start + 31]


SOURCES = {
    "arrays": lambda: (X, Y),
    "a list of blocks": lambda: ([(X[:100], Y[:100]), (X[100:], Y[100:])],),
    "blocks in a new order": lambda: (Shuffled(),),
}


def make(path, kill, *, layers=None, **settings):
    callbacks = [Checkpoint(path, resume=True, every_s=1e-9), KillAfter(kill), *settings.pop("callbacks", ())]
    network = Sequential(layers or [Dense(8, activation="relu"), BatchNorm(), Dropout(0.3), Dense(2)])
    usual = {"loss": "softmax_cross_entropy", "batch_size": 4, "seed": 5, "shuffle_rows": 60}
    return Trainer(network, callbacks=callbacks, **usual | settings)


def learned(trainer):
    records = [{key: value for key, value in record.items() if key != "duration_s"} for record in trainer.history]
    return json.dumps(records), [a.tobytes() for a in trainer.executor.snapshot()], trainer.step, str(trainer.stop_reason)


SETTINGS = {
    "as usual": {},
    "in order": {"shuffle": False},
    "clipped": {"clipping": Clipping(norm=0.05)},
    "a schedule that watches": {"schedule": {"kind": "reduce_on_plateau", "monitor": "loss", "patience": 1}},
    "perturbed": {"optimizer": "perturb-all", "layers": [Dense(4), Dense(2)]},
}


@pytest.mark.parametrize(
    ("rows", "name"), [*((rows, "as usual") for rows in SOURCES), *(("blocks in a new order", name) for name in SETTINGS)]
)
@pytest.mark.parametrize("kill", [60, 202])
def test_a_fit_that_was_killed_within_an_epoch_ends_as_one_that_was_not(rows, name, kill, tmp_path):
    uninterrupted = make(tmp_path / "other", 10**9, **SETTINGS[name])
    uninterrupted.fit(*SOURCES[rows](), max_epochs=3)
    with pytest.raises(KilledError):
        make(tmp_path / "run", kill, **SETTINGS[name]).fit(*SOURCES[rows](), max_epochs=3)
    resumed = make(tmp_path / "run", 10**9, **SETTINGS[name])
    resumed.fit(*SOURCES[rows](), max_epochs=3)
    assert learned(resumed) == learned(uninterrupted)


@pytest.mark.parametrize("rows", list(SOURCES))
@pytest.mark.parametrize("kill", [40, 130])
@pytest.mark.parametrize("probed", [16, 256])
def test_the_callbacks_go_on_within_an_epoch_too(rows, kill, probed, tmp_path):
    def callbacks():
        stopping, averaging = EarlyStopping("loss", patience=2, tol=0.01), AveragedWeights(every_steps=7, monitor=None)
        return [stopping, averaging, Monitor(every=11, rows=probed)]

    def fit(path, killed_after):
        layers = [Dense(8, activation="tanh"), BatchNorm(), Dense(2)]
        trainer = make(path, killed_after, layers=layers, callbacks=callbacks(), clipping=Clipping(norm=0.1))
        trainer.fit(*SOURCES[rows](), max_epochs=3)
        return trainer

    uninterrupted = fit(tmp_path / "other", 10**9)
    with pytest.raises(KilledError):
        fit(tmp_path / "run", kill)
    resumed = fit(tmp_path / "run", 10**9)
    assert learned(resumed) == learned(uninterrupted)
    ours, theirs = (trainer.callbacks[-1].record.to_dict() for trainer in (resumed, uninterrupted))
    assert json.dumps(ours) == json.dumps(theirs)


@pytest.mark.parametrize("rows", list(SOURCES))
def test_a_network_of_several_outputs_goes_on_within_an_epoch(rows, tmp_path):
    x = Input(5)
    hidden = Dense(4, activation="tanh")(x)
    network = Graph(x, [Dense(2, name="kind")(hidden), Dense(2, name="again")(hidden)])

    def both(given):
        if len(given) == 2:
            return given[0], [given[1], given[1]]
        blocks = given[0].passes(0) if hasattr(given[0], "passes") else given[0]
        return ([(block[0], [block[1], block[1]], *block[2:]) for block in blocks],)

    def fit(path, kill):
        callbacks = [Checkpoint(path, resume=True, every_s=1e-9), KillAfter(kill)]
        trainer = Trainer(network, ["softmax_cross_entropy"] * 2, batch_size=4, shuffle_rows=60, callbacks=callbacks)
        trainer.fit(*both(SOURCES[rows]()), max_epochs=2)
        return trainer

    uninterrupted = fit(tmp_path / "other", 10**9)
    with pytest.raises(KilledError):
        fit(tmp_path / "run", 50)
    assert learned(fit(tmp_path / "run", 10**9)) == learned(uninterrupted)


def test_an_epochs_begin_is_not_told_twice(tmp_path):
    begun = []

    class Note(Callback):
        def on_epoch_begin(self, trainer):
            begun.append(trainer.epoch)

    with pytest.raises(KilledError):
        make(tmp_path / "run", 20, callbacks=[Note()]).fit(X, Y, max_epochs=2)
    make(tmp_path / "run", 10**9, callbacks=[Note()]).fit(X, Y, max_epochs=2)
    assert begun == [0, 1]


def test_a_checkpoint_of_other_blocks_is_refused(tmp_path):
    with pytest.raises(KilledError):
        make(tmp_path / "run", 20).fit(Shuffled(), max_epochs=2)
    for others in ([(X + 1, Y, W)], [(X, 1 - Y, W)], [(X, Y)], [(X, Y, W)]):
        with pytest.raises(FileError, match="comes from a fit on other data"):
            make(tmp_path / "run", 20).fit(others, max_epochs=2)
    with pytest.raises(InvalidSettingError, match="shuffle_rows must be 60, as in the run that wrote"):
        make(tmp_path / "run", 20, shuffle_rows=61).fit(Shuffled(), max_epochs=2)


def test_a_checkpoint_by_hand_within_an_epoch_goes_on_there(tmp_path):
    class Save(Callback):
        every_steps = 30

        def on_step_end(self, trainer, losses):
            if trainer.step == 30:
                trainer.save_checkpoint(tmp_path / "by hand")

        def identity(self):
            return {}

    def trainer(callbacks):
        return Trainer(Sequential([Dense(4), Dense(2)]), "softmax_cross_entropy", batch_size=4, callbacks=callbacks)

    whole = trainer([Save()])
    whole.fit(X, Y, max_epochs=2)
    part = trainer([Save()])
    part.load_checkpoint(tmp_path / "by hand")
    assert (part.epoch, part.step) == (0, 30)
    part.fit(X, Y, max_epochs=2)
    assert learned(part) == learned(whole)


def test_a_time_limit_does_not_reach_the_checkpoint_that_goes_on(tmp_path):
    """The epoch that it cut short is recorded, and the checkpoint is that of its end."""

    class StopWithin(Callback):
        def on_chunk_end(self, trainer, steps_done):
            trainer.stop("callback")

    trainer = make(tmp_path / "run", 10**9, callbacks=[StopWithin()])
    trainer.fit(Shuffled(), max_epochs=3)
    again = make(tmp_path / "run", 10**9, callbacks=[StopWithin()])
    again.fit(Shuffled(), max_epochs=3)
    assert learned(again) == learned(trainer)
    assert trainer.epoch == 1


@pytest.mark.parametrize("wrong", [0, -1.0, "often"])
def test_the_seconds_between_checkpoints_are_checked(wrong):
    with pytest.raises(InvalidSettingError, match="every_s must be a number > 0"):
        Checkpoint("run", every_s=wrong)
    with pytest.raises(InvalidSettingError, match=r"every_s must be None with \{epoch\} in the path"):
        Checkpoint("run-{epoch}", every_s=60)
