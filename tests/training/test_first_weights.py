"""Weights that are fitted to the training rows at the start of the first fit, and at no other time."""

import copy
import pickle

import numpy as np
import pytest

from lamina import MLPClassifier, MLPRegressor, TabularClassifier, learning_rate_range
from lamina.doctor.probes.beginning import beginning_of
from lamina.layers import Dense
from lamina.network import Sequential
from lamina.training import Callback, Checkpoint, Trainer

BOTH = {"weight_init": "unit_variance", "bias_init": "among_rows"}


class Note(Callback):
    """Notes the weights before the first step of each fit."""

    def __init__(self):
        self.seen = []

    def on_fit_begin(self, trainer):
        self.seen.append(trainer.executor.snapshot().parameters)


def make(width=None, **settings):
    network = Sequential([Dense(6, activation="relu", **BOTH), Dense(2, weight_init="unit_variance")], input_width=width)
    return Trainer(network, "softmax_cross_entropy", **{"dtype": "float64", "seed": 4, "callbacks": Note()} | settings)


@pytest.fixture
def rows(table):
    X, y = table
    return 50.0 * X + 7.0, y


def expected(trainer, X, **settings):
    parameters, state = trainer.network.initialize(4, "float64")
    return trainer.network.adapt_weights(parameters, state, X, seed=4, **settings)


@pytest.mark.parametrize("width", [None, 5], ids=["built by the data", "built before"])
@pytest.mark.parametrize("engine", ["auto", "reference"])
def test_the_first_fit_begins_with_weights_that_fit_its_rows(width, engine, rows):
    trainer = make(width, engine=engine)
    trainer.fit(*rows, max_epochs=2)
    (first,) = trainer.callbacks[0].seen
    np.testing.assert_array_equal(first, expected(trainer, rows[0]))
    sums = rows[0] @ trainer.network.unflatten(first)["dense_1.weight"]
    np.testing.assert_allclose(sums.std(axis=0), 1.0, rtol=1e-9)


def test_later_fits_and_epochs_go_on_from_what_was_learned(rows):
    trainer, once = make(), make()
    trainer.fit(*rows, max_epochs=2)
    learned = trainer.executor.snapshot().parameters
    trainer.fit(*rows, max_epochs=1)
    np.testing.assert_array_equal(trainer.callbacks[0].seen[1], learned)
    once.build(5)
    data = once.batches(*rows)
    for _ in range(3):
        once.fit_epoch(data)
    np.testing.assert_array_equal(once.executor.snapshot().parameters, trainer.executor.snapshot().parameters)


def test_weights_that_were_given_or_written_are_kept(rows):
    given = make().network.build(5).initialize(4, "float64")
    trainer = make(5, initial_weights=given)
    trainer.fit(*rows, max_epochs=1)
    np.testing.assert_array_equal(trainer.callbacks[0].seen[0], given[0])
    trainer = make(5)
    trainer.weights["dense_1.weight"][0, 0] = 0.5
    own = trainer.weights["dense_1.weight"].copy()
    trainer.fit(*rows, max_epochs=1)
    first = trainer.network.unflatten(trainer.callbacks[0].seen[0])
    np.testing.assert_array_equal(first["dense_1.weight"], own)
    assert first["dense_1.bias"].all()


def test_rows_of_weight_zero_are_left_out(rows):
    weight = np.repeat([1.0, 0.0], [40, 20])
    trainer = make()
    trainer.fit(*rows, sample_weight=weight, max_epochs=1)
    np.testing.assert_array_equal(trainer.callbacks[0].seen[0], expected(trainer, rows[0], sample_weight=weight))


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda trainer: pickle.loads(pickle.dumps(trainer))])
def test_a_copy_before_and_after_the_first_fit_trains_as_the_original(duplicate, rows):
    trainer = make(5)
    early = duplicate(trainer)
    for each in (trainer, early):
        each.fit(*rows, max_epochs=2)
    late = duplicate(trainer)
    for each in (trainer, early, late):
        each.fit(*rows, max_epochs=1)
    for each in (early, late):
        np.testing.assert_array_equal(each.executor.snapshot().parameters, trainer.executor.snapshot().parameters)


def test_a_run_that_resumes_keeps_its_weights(rows, tmp_path):
    whole = make()
    whole.fit(*rows, max_epochs=4)
    path = tmp_path / "run-{epoch}.checkpoint"
    make(callbacks=[Checkpoint(path, resume=True)]).fit(*rows, max_epochs=4)
    for late in (3, 4):
        (tmp_path / f"run-{late}.checkpoint").unlink()
    other = make(callbacks=[Checkpoint(path, resume=True)])
    other.fit(*rows, max_epochs=4)
    np.testing.assert_array_equal(other.executor.snapshot().parameters, whole.executor.snapshot().parameters)


def test_the_doctor_and_the_range_test_begin_as_a_training_does(rows):
    trainer = make(5)
    data = trainer.batches(*rows)
    wanted = expected(trainer, rows[0])
    for each in (trainer, make()):
        np.testing.assert_array_equal(beginning_of(each, data).subject.parameters, wanted)
    fixed = make(5, initial_weights=(wanted, np.empty(0)))
    losses = [learning_rate_range(each, *rows, num_steps=20).losses for each in (trainer, make(), fixed)]
    np.testing.assert_array_equal(losses[0], losses[2])
    np.testing.assert_array_equal(losses[1], losses[2])
    trainer.fit(*rows, max_epochs=1)
    np.testing.assert_array_equal(beginning_of(trainer, data).subject.parameters, wanted)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_an_estimator_begins_with_weights_that_fit_its_training_rows(rows):
    note, held_out = Note(), np.arange(60) < 15
    model = MLPClassifier(6, max_iter=2, random_state=0, callbacks=note, validation_split=held_out, early_stopping=True, **BOTH)
    first = model.fit(*rows).network_.unflatten(note.seen[0])
    np.testing.assert_allclose((rows[0][15:] @ first["dense_1.weight"]).std(axis=0), 1.0, rtol=1e-9)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_each_restart_begins_with_weights_of_its_own(rows):
    settings = {"hidden_layer_sizes": 6, "max_iter": 2, **BOTH}
    model = MLPClassifier(n_restarts=3, random_state=0, **settings).fit(*rows)
    assert len({row.loss for row in model.restarts_}) == 3
    kept = model.restarts_[model.restarts_.chosen]
    alone = MLPClassifier(random_state=kept.seed, **settings).fit(*rows)
    np.testing.assert_array_equal(alone.coefs_[0], model.coefs_[0])


def test_partial_fit_fits_them_to_its_first_rows_alone(rows):
    note = Note()
    model = MLPRegressor(hidden_layer_sizes=6, random_state=0, callbacks=[note], **BOTH)
    for _ in range(2):
        model.partial_fit(*rows)
    first = model.network_.unflatten(note.seen[0])["dense_1.weight"]
    np.testing.assert_allclose((rows[0] @ first).std(axis=0), 1.0, rtol=1e-9)
    assert not np.allclose((rows[0] @ model.network_.unflatten(note.seen[1])["dense_1.weight"]).std(axis=0), 1.0, rtol=1e-9)


def test_tables_take_them_by_name(rows):
    model = TabularClassifier(hidden=8, max_epochs=3, random_state=0, **BOTH).fit(*rows)
    assert model.predict(rows[0]).shape == (60,)
