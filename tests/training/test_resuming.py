"""``Checkpoint(path, resume=True)``: the same fit again goes on where it was killed, and anything else is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.base import clone

from lamina import MLPClassifier, MLPRegressor
from lamina.errors import DataError, FileError, InvalidSettingError
from lamina.layers import Dense
from lamina.network import Graph, Input, Sequential
from lamina.training import Callback, Checkpoint, JsonlLog, Trainer


class KilledError(Exception):
    pass


class Kill(Callback):
    """Ends the process, as far as a test can, once ``epoch`` is done; a checkpoint before it in the list has been written."""

    runs_last = True

    def __init__(self, epoch):
        self.epoch = epoch

    def identity(self):
        return {}

    def on_epoch_end(self, trainer, record):
        if record["epoch"] == self.epoch:
            raise KilledError


ESTIMATORS = {
    "adam": MLPClassifier(8, max_iter=12),
    "early stopping": MLPClassifier(8, max_iter=12, early_stopping=True, n_iter_no_change=12),
    "sgd by rows": MLPClassifier(8, max_iter=12, solver="sgd", learning_rate="invscaling"),
    "adaptive": MLPClassifier(8, max_iter=12, solver="sgd", learning_rate="adaptive", n_iter_no_change=1, tol=1.0),
    "objective": MLPClassifier(4, max_iter=12, solver="perturb-one", objective="accuracy"),
    "lbfgs": MLPRegressor(hidden_layer_sizes=8, max_iter=12, solver="lbfgs"),
    "restarts": MLPClassifier(4, max_iter=12, n_restarts=3, n_threads=2),
}


def learned(model):
    records = [{key: value for key, value in record.items() if key != "duration_s"} for record in model.history_]
    arrays = [array.tobytes() for array in (*model.coefs_, *model.intercepts_)]
    curves = (model.n_iter_, model.t_, model.loss_curve_, model.validation_scores_, model.best_loss_, str(model.restarts_))
    return records, arrays, curves, str(model.stop_reason_)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", list(ESTIMATORS))
@pytest.mark.parametrize("killed_after", [1, 4])
def test_an_estimator_ends_as_one_that_was_never_killed(name, killed_after, table, tmp_path):
    def make(path, kill):
        return clone(ESTIMATORS[name]).set_params(callbacks=[Checkpoint(path, resume=True), Kill(kill)], random_state=0)

    uninterrupted = learned(make(tmp_path / "other", -1).fit(*table))
    with pytest.raises(KilledError):
        make(tmp_path / "run", killed_after).fit(*table)
    assert learned(make(tmp_path / "run", -1).fit(*table)) == uninterrupted
    # and that of a run that had ended is done at once
    assert learned(make(tmp_path / "run", 12).fit(*table)) == uninterrupted
    if killed_after > 1:
        shorter = make(tmp_path / "run", -1).set_params(max_iter=3)
        with pytest.raises(FileError, match=r"has done \d+ epochs, more than the 3 requested"):
            shorter.fit(*table)


def trainer(path, **settings):
    callbacks = [] if path is None else [Checkpoint(path, resume=True)]
    return Trainer(Sequential([Dense(4), Dense(2)]), **{"loss": "softmax_cross_entropy", "callbacks": callbacks} | settings)


def test_a_trainer_goes_on_from_the_latest_of_several_files(table, tmp_path):
    path = tmp_path / "run-{epoch}.checkpoint"
    trainer(path).fit(*table, max_epochs=11)
    for late in (10, 11):
        (tmp_path / f"run-{late}.checkpoint").unlink()
    other = trainer(path)
    epochs = []
    other.callbacks.append(type("Note", (Callback,), {"on_epoch_begin": lambda self, t: epochs.append(t.epoch)})())
    with pytest.raises(InvalidSettingError, match="callbacks"):
        other.fit(*table, max_epochs=11)
    other.callbacks.pop()
    other.fit(*table, max_epochs=11)
    assert other.epoch == 11
    assert sorted(path.name for path in tmp_path.iterdir())[-1] == "run-9.checkpoint"


def test_a_trainer_that_was_fitted_goes_on_from_itself(table, tmp_path):
    first = trainer(tmp_path / "run")
    first.fit(*table, max_epochs=3)
    first.fit(*table, max_epochs=2)
    assert first.epoch == 5


@pytest.mark.parametrize("what", ["X", "y", "sample_weight", "validation_data"])
def test_other_data_are_refused(table, tmp_path, what):
    X, y = table
    given = {"X": X, "y": y, "sample_weight": np.ones(60), "validation_data": (X[:10], y[:10])}
    trainer(tmp_path / "run").fit(**given, max_epochs=2)
    changed = {"X": X + 1e-9, "y": 1 - y, "sample_weight": None, "validation_data": (X[:10], 1 - y[:10])}
    other = trainer(tmp_path / "run")
    with pytest.raises(
        FileError, match=r"comes from a fit on other data: X, y, weights or validation rows differ\. Give every fit"
    ):
        other.fit(**given | {what: changed[what]}, max_epochs=2)
    assert other.epoch == 0


def test_a_clone_never_goes_on_with_the_file_of_another_fold(table, tmp_path):
    X, y = table
    model = MLPClassifier(
        4, max_iter=9, random_state=0, callbacks=[Checkpoint(tmp_path / "run", resume=True)], tol=10, n_iter_no_change=2
    )
    model.fit(X[:40], y[:40])
    with pytest.raises(FileError, match="other data"):
        model.fit(X[20:], y[20:])


@pytest.mark.parametrize(
    ("settings", "word"), [({"loss_weights": [2.0]}, "loss_weights"), ({"penalty_per_row": True}, "penalty_per_row")]
)
def test_other_weights_of_the_losses_and_penalties_are_refused(table, tmp_path, settings, word):
    trainer(tmp_path / "run").fit(*table, max_epochs=1)
    with pytest.raises(InvalidSettingError, match=word):
        trainer(tmp_path / "run", **settings).fit(*table, max_epochs=1)


def square(logits, targets):
    return (logits[:, 0] - targets[:, 0]) ** 2


def absolute(logits, targets):
    return abs(logits[:, 0] - targets[:, 0])


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("loss", square, absolute),
        ("schedule", lambda step: 0.01, lambda step: 0.1),
        ("metrics", {"far": lambda y, p: 1.0}, {"far": lambda y, p: 2.0}),
    ],
)
def test_other_functions_are_refused_and_the_same_ones_are_not(table, tmp_path, name, before, after):
    def run(function, epochs):
        settings = {"loss": "squared_error"} | {name: function}
        made = Trainer(Sequential([Dense(1)]), callbacks=[Checkpoint(tmp_path / "run", resume=True)], **settings)
        made.fit(table[0], table[1].astype(float), max_epochs=epochs)
        return made.epoch

    assert (run(before, 2), run(before, 3)) == (2, 3)
    with pytest.raises(InvalidSettingError, match=r"must be .*, as in the run that wrote '.*run'.* Give every fit its own path"):
        run(after, 4)


def test_a_function_that_differs_is_named_without_checksums(table, tmp_path):
    def run(metric, epochs):
        callbacks = [Checkpoint(tmp_path / "run", resume=True)]
        made = Trainer(Sequential([Dense(1)]), "squared_error", metrics={"far": metric}, callbacks=callbacks)
        made.fit(table[0], table[1].astype(float), max_epochs=epochs)

    def weighted(weight):
        def far(y, predictions):
            return weight

        return far

    run(weighted(1.0), 2)
    with pytest.raises(
        InvalidSettingError, match=r"metrics\.far must be '\S+far', as in .*, but its code, or a value that it uses"
    ):
        run(weighted(2.0), 3)
    with pytest.raises(InvalidSettingError, match=r"metrics\.far must be '\S+far', as in .*, got 'square'\. Give"):
        run(square, 3)


def test_what_differs_is_named_by_its_place(table, tmp_path):
    def make(alpha):
        return MLPClassifier(4, alpha=alpha, max_iter=9, tol=10, n_iter_no_change=2, random_state=0).set_params(
            callbacks=[Checkpoint(tmp_path / "run", resume=True)]
        )

    make(1.0).fit(*table)
    with pytest.raises(InvalidSettingError, match=r"^Trainer: network\..*l2 must be 1\.0, as in the run that wrote"):
        make(2.0).fit(*table)


def test_a_log_has_every_epoch_once_after_a_kill(table, tmp_path):
    def run(kill):
        callbacks = [JsonlLog(tmp_path / "log"), Checkpoint(tmp_path / "run", every=3, resume=True), Kill(kill)]
        trainer(None, callbacks=callbacks).fit(*table, max_epochs=7)

    with pytest.raises(KilledError):
        run(5)
    run(-1)
    assert [json.loads(line)["epoch"] for line in (tmp_path / "log").read_text().splitlines()] == [1, 2, 3, 4, 5, 6, 7]


def test_weights_of_losses_are_compared_by_output(tmp_path, table):
    x = Input(5)
    network = Graph(x, [Dense(1, name="a")(x), Dense(1, name="b")(x)])
    X = table[0]
    data = X, {"a": X[:, 0], "b": X[:, 1]}
    losses = ["squared_error", "squared_error"]
    one = Trainer(network, losses, loss_weights={"b": 2.0}, callbacks=[Checkpoint(tmp_path / "run")])
    one.fit(*data, max_epochs=1)
    other = Trainer(network, losses, loss_weights=[1, 2], callbacks=one.callbacks)
    assert other.load_checkpoint(tmp_path / "run").epoch == 1


def test_a_file_of_the_end_of_a_fit_is_refused(table, tmp_path):
    done = trainer(tmp_path / "run")
    done.fit(*table, max_epochs=1)
    done.save_checkpoint(tmp_path / "run")
    with pytest.raises(FileError, match="was written after one"):
        trainer(tmp_path / "run").fit(*table, max_epochs=2)


def test_what_cannot_be_gone_on_with_is_refused_before_any_work(table, tmp_path):
    callbacks = [Checkpoint(tmp_path / "run", resume=True)]
    with pytest.raises(InvalidSettingError, match=r"random_state must be set with Checkpoint\(resume=True\)"):
        MLPClassifier(callbacks=callbacks).fit(*table)
    with pytest.raises(InvalidSettingError, match=r"warm_start must be False with Checkpoint\(resume=True\)"):
        MLPClassifier(callbacks=callbacks, warm_start=True, random_state=0).fit(*table)
    with pytest.raises(DataError, match="must not include a Checkpoint for partial_fit"):
        MLPClassifier(callbacks=callbacks, random_state=0).partial_fit(*table, classes=[0, 1])
    assert list(tmp_path.iterdir()) == []


def test_all_callbacks_are_closed_also_when_one_fails(table):
    closed = []

    class Close(Callback):
        def on_training_end(self, trainer):
            raise ZeroDivisionError("one")

        def on_fit_end(self, trainer):
            closed.append(1)
            raise ZeroDivisionError("two")

    with pytest.raises(ZeroDivisionError):
        Trainer(Sequential([Dense(2)]), "softmax_cross_entropy", callbacks=[Close(), Close()]).fit(*table, max_epochs=1)
    assert closed == [1, 1]
