"""``class_weight`` and ``verbose`` of a fit."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from lamina.errors import DataError, FileError, InvalidSettingError
from lamina.layers import Dense, Input
from lamina.network import Graph, Sequential
from lamina.training import Blocks, Callback, Checkpoint, Trainer

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 4))
Y = np.repeat([0, 1, 2], [60, 20, 10])


def trained(y=Y, loss="softmax_cross_entropy", units=3, **fit):
    trainer = Trainer(Sequential([Dense(5, activation="tanh"), Dense(units)]), loss, dtype="float64", batch_size=16)
    trainer.fit(X, y, max_epochs=3, **fit)
    return trainer


def test_weights_of_classes_are_weights_of_their_rows():
    by_row = trained(sample_weight=np.array([1.0, 2.0, 0.5])[Y])
    assert trained(class_weight={1: 2.0, 2: 0.5}).weights == by_row.weights
    assert trained(class_weight={0: 2.0, 1: 4.0, 2: 1.0}, sample_weight=np.full(90, 0.5)).weights == by_row.weights


def test_balanced_weights_give_every_class_the_same_share():
    by_row = trained(sample_weight=(90 / (3 * np.array([60, 20, 10])))[Y])
    assert trained(class_weight="balanced").weights == by_row.weights


@pytest.mark.parametrize(("loss", "codes"), [("sigmoid_cross_entropy", (0, 1)), ("hinge", (-1, 1))])
def test_one_column_of_yes_and_no_is_weighted_by_its_codes(loss, codes):
    y = np.array(codes)[(Y > 0).astype(int)]
    by_row = trained(y, loss, 1, sample_weight=np.where(Y > 0, 3.0, 1.0))
    assert trained(y, loss, 1, class_weight={codes[1]: 3.0}).weights == by_row.weights


def test_validation_rows_are_not_weighted():
    validation = (X, Y)
    weighted = trained(class_weight={2: 9.0}, validation_data=validation)
    assert weighted.history[-1, "validation_loss"] == pytest.approx(weighted.evaluate(X, Y)["loss"])


@pytest.mark.parametrize(
    ("fit", "error", "rule"),
    [
        ({"class_weight": {3: 1.0}}, InvalidSettingError, "must name classes that y has, 0, 1, 2, got 3"),
        ({"class_weight": {0: -1.0}}, InvalidSettingError, "class_weight must be"),
        ({"class_weight": "equal"}, InvalidSettingError, "class_weight must be"),
        ({"class_weight": {0: 0, 1: 0, 2: 0}}, DataError, "must leave a row with a weight above 0"),
        ({"verbose": 3}, InvalidSettingError, "verbose must be"),
    ],
)
def test_wrong_weights_are_refused(fit, error, rule):
    with pytest.raises(error, match=rule):
        trained(**fit)


def test_what_has_no_class_for_each_row_is_refused():
    with pytest.raises(InvalidSettingError, match="class_weight must be None unless y has one class for each row"):
        trained(np.abs(X[:, :3]), "poisson", 3, class_weight="balanced")
    x = Input(4)
    several = Trainer(Graph(x, [Dense(3, name="a")(x), Dense(3, name="b")(x)]), ["log_loss", "log_loss"])
    with pytest.raises(InvalidSettingError, match="class_weight must be None with several outputs, got '2 outputs'"):
        several.fit(X, [Y, Y], class_weight="balanced")
    with pytest.raises(InvalidSettingError, match="class_weight must be None where rows come in blocks"):
        Trainer(Sequential([Dense(3)]), "log_loss").fit(Blocks([(X, Y)]), class_weight="balanced")


def test_a_fit_that_resumes_with_other_weights_is_refused(tmp_path):
    def trainer():
        return Trainer(
            Sequential([Dense(3)], 4), "log_loss", callbacks=[_StopAfterTwo(), Checkpoint(tmp_path / "run", resume=True)]
        )

    with pytest.raises(RuntimeError):
        trainer().fit(X, Y, max_epochs=4, class_weight="balanced")
    with pytest.raises(FileError, match="comes from a fit on other data"):
        trainer().fit(X, Y, max_epochs=4)


class _StopAfterTwo(Callback):
    def on_epoch_begin(self, trainer):
        if trainer.epoch == 2:
            raise RuntimeError


def test_verbose_prints_a_line_an_epoch_and_changes_nothing(capsys):
    loud, quiet = trained(verbose=2, validation_data=(X, Y)), trained(validation_data=(X, Y))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    assert f"validation loss {loud.history[-1, 'validation_loss']:.4f}" in lines[-1]
    assert loud.weights == quiet.weights
    assert loud.callbacks == []


@pytest.mark.parametrize("verbose", [True, 1, 2])
def test_what_is_shown_is_no_part_of_copies_and_checkpoints(verbose, tmp_path, capsys):
    trainer, quiet = trained(verbose=verbose), trained()
    trainer.save_checkpoint(tmp_path / "run")
    twin = Trainer(Sequential([Dense(5, activation="tanh"), Dense(3)]), "softmax_cross_entropy", dtype="float64", batch_size=16)
    twin.load_checkpoint(tmp_path / "run").fit(X, Y, max_epochs=2)
    copied = pickle.loads(pickle.dumps(trainer))
    capsys.readouterr()
    copied.fit(X, Y, max_epochs=2)
    quiet.fit(X, Y, max_epochs=2)
    assert capsys.readouterr().out == ""
    assert copied.weights == quiet.weights == twin.weights
