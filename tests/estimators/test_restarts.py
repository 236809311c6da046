"""Row L13 of the lecture: several trainings from different weights, the best kept, their spread reported."""

from __future__ import annotations

import pickle
import threading
import warnings

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_moons
from sklearn.exceptions import ConvergenceWarning

from lamina import MLPClassifier, MLPRegressor
from lamina.errors import DataError, InvalidSettingError, NonFiniteError
from lamina.estimators.fitting import many_starts
from lamina.tasks import Tasks
from lamina.training import Callback, EarlyStopping, JsonlLog

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
MOONS = make_moons(120, noise=0.2, random_state=0)


def moons(**settings):
    return MLPClassifier(3, **{"n_restarts": 5, "max_iter": 30, "learning_rate_init": 0.02, "random_state": 4, **settings})


def test_the_lowest_training_loss_is_kept_and_the_spread_reported():
    model = moons().fit(*MOONS)
    table = model.restarts_
    assert table.criterion == "loss"
    assert len(table) == 5 == len({row.seed for row in table})
    assert model.loss_ == min(row.loss for row in table) == table[table.chosen].best
    assert table.spread[0] < table.spread[1] < table.spread[2]


def test_a_printed_table_has_the_loss_once():
    X, y = MOONS
    lines = str(moons(n_restarts=2).fit(X, y).restarts_).splitlines()
    assert lines[0].split() == ["seed", "loss", "epochs", "stop", "reason"]
    measured = str(moons(n_restarts=2).fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:]).restarts_).splitlines()
    assert measured[0].split() == ["seed", "validation_loss", "loss", "epochs", "stop", "reason"]
    assert (
        len({len(line[: line.rindex("max_epochs")]) for line in [*lines[1:3], *measured[1:3]]}) == 2
    )  # columns align with their headers


@pytest.mark.parametrize("early_stopping", [False, True])
def test_every_restart_is_the_fit_of_its_seed(early_stopping):
    X, y = MOONS
    settings = {"early_stopping": early_stopping}
    model = moons(**settings).fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:])
    for position, row in enumerate(model.restarts_):
        alone = moons(n_restarts=1, random_state=row.seed, **settings).fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:])
        assert (alone.loss_, alone.n_iter_, alone.stop_reason_) == (row.loss, row.epochs, row.stop_reason)
        if position == model.restarts_.chosen:
            np.testing.assert_array_equal(alone.predict_proba(X), model.predict_proba(X))
            assert alone.loss_curve_ == model.loss_curve_


def test_the_best_validation_score_decides_where_there_is_one():
    X, y = MOONS
    model = moons(early_stopping=True).fit(X, y)
    assert model.restarts_.criterion == "validation_score"
    assert model.best_validation_score_ == max(row.best for row in model.restarts_)
    measured = moons().fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:])
    assert measured.restarts_.criterion == "validation_loss"
    assert measured.validation_loss_curve_[-1] == min(row.best for row in measured.restarts_)


def test_restarts_run_side_by_side_and_their_number_of_threads_changes_nothing(monkeypatch):
    meeting = threading.Barrier(2, timeout=20)
    run = many_starts.run

    def run_together(*arguments):
        meeting.wait()  # passes only when two trainings are under way at the same time
        run(*arguments)

    monkeypatch.setattr(many_starts, "run", run_together)
    together = moons(n_threads=2, n_restarts=4).fit(*MOONS)
    monkeypatch.undo()
    alone = moons(n_threads=1, n_restarts=4).fit(*MOONS)
    assert together.restarts_ == alone.restarts_
    np.testing.assert_array_equal(together.coefs_[0], alone.coefs_[0])


def test_restarts_escape_the_local_minimum_that_a_single_training_ends_in():
    X, y = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0])
    settings = {"hidden_layer_sizes": 2, "solver": "lbfgs", "activation": "tanh", "alpha": 0.0, "max_iter": 500}
    alone = [MLPClassifier(random_state=seed, **settings).fit(X, y).score(X, y) for seed in range(8)]
    assert min(alone) < 1
    for seed in range(3):
        assert MLPClassifier(random_state=seed, n_restarts=10, **settings).fit(X, y).score(X, y) == 1


def test_each_restart_has_callbacks_of_its_own_and_those_of_the_best_come_back():
    X, y = MOONS
    stopping = EarlyStopping("validation_loss", patience=2)
    model = moons(callbacks=[stopping], learning_rate_init=0.1).fit(X[:80], y[:80], X_val=X[80:], y_val=y[80:])
    table = model.restarts_
    assert len({row.epochs for row in table}) > 1
    assert table[table.chosen].best == min(row.best for row in table) == pytest.approx(min(model.validation_loss_curve_))
    assert stopping.best_epoch == 1 + int(np.argmin(model.validation_loss_curve_))


def test_the_table_is_readable_and_a_frame():
    model = moons(early_stopping=True).fit(*MOONS)
    frame = model.restarts_.to_frame()
    assert list(frame.columns) == ["seed", "validation_score", "loss", "epochs", "stop_code", "chosen"]
    assert frame.chosen.sum() == 1
    lines = str(model.restarts_).splitlines()
    assert len(lines) == 7
    assert lines[1 + model.restarts_.chosen].startswith("*")
    assert "mean" in lines[-1]


def test_a_single_training_has_a_table_of_one():
    model = moons(n_restarts=1).fit(*MOONS)
    assert [(row.seed, row.loss) for row in model.restarts_] == [(4, model.loss_)]


def test_a_fit_with_restarts_survives_pickling_and_goes_on_being_fitted():
    model = moons().fit(*MOONS)
    twin = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(twin.predict_proba(MOONS[0]), model.predict_proba(MOONS[0]))
    assert twin.restarts_ == model.restarts_
    weights = model.coefs_[0].copy()
    np.testing.assert_array_equal(model.fit(*MOONS).coefs_[0], weights)


def test_one_warning_speaks_for_the_training_that_was_kept():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        moons(max_iter=2, batch_size=500).fit(*MOONS)
    assert [warning.category for warning in caught] == [UserWarning, ConvergenceWarning]
    assert caught[1].filename == __file__


@pytest.mark.filterwarnings("ignore::lamina.training.TrainingWarning")
def test_trainings_that_diverge_are_listed_and_not_kept(monkeypatch):
    X, y = load_iris(return_X_y=True)
    run = many_starts.run

    def diverge_once(fit, *arguments):
        if fit.parameters.random_state == first_seed:
            raise NonFiniteError("no numbers: interrupted")  # a text that says nothing of the reason
        run(fit, *arguments)

    model = MLPRegressor(hidden_layer_sizes=4, n_restarts=3, max_iter=5, random_state=0)
    first_seed = model.fit(X, y).restarts_[0].seed
    monkeypatch.setattr(many_starts, "run", diverge_once)
    table = model.fit(X, y).restarts_
    assert (table[0].stop_reason.code, table[0].stop_reason.text) == ("non_finite", "no numbers: interrupted")
    assert table.chosen != 0
    assert np.isfinite(table.spread).all()


def test_it_is_an_error_when_all_diverge(monkeypatch):
    def diverge(fit, *arguments):
        raise NonFiniteError(f"seed {fit.parameters.random_state}")

    monkeypatch.setattr(many_starts, "run", diverge)
    with pytest.raises(NonFiniteError, match="seed"):
        moons().fit(*MOONS)


class Ready(Callback):
    """Says when a training has done its first epoch."""

    event = threading.Event()

    def on_epoch_end(self, trainer, record):
        self.event.set()


def test_an_interruption_keeps_the_best_of_what_was_done(monkeypatch):
    def interrupted(tasks, timeout_s):
        if not interruptions:
            interruptions.append(1)
            assert Ready.event.wait(20)
            raise KeyboardInterrupt
        return wait(tasks, timeout_s)

    interruptions, wait = [], Tasks.wait
    Ready.event.clear()
    monkeypatch.setattr(Tasks, "wait", interrupted)
    model = moons(n_threads=1, max_iter=10**6, n_iter_no_change=np.inf, n_restarts=3, callbacks=[Ready()], on_interrupt="return")
    with pytest.warns(UserWarning, match="interrupted"):
        model.fit(*MOONS)
    assert model.stop_reason_.code == "interrupted"
    assert [row.stop_reason.code for row in model.restarts_] == ["interrupted"] * 3
    assert np.isfinite(model.loss_)
    with pytest.raises(KeyboardInterrupt):
        interruptions.clear()
        model.set_params(on_interrupt="raise").fit(*MOONS)


def test_an_interruption_while_the_trainings_are_started_ends_them_too(monkeypatch):
    """The stop is asked for between a trainer's being there and its fit's beginning, which forgets what was asked before."""

    def interrupted(tasks, timeout_s):
        if not interruptions:
            interruptions.append(1)
            raise KeyboardInterrupt
        return wait(tasks, timeout_s)

    interruptions, wait = [], Tasks.wait
    monkeypatch.setattr(Tasks, "wait", interrupted)

    model = moons(n_threads=2, max_iter=10**6, n_iter_no_change=np.inf, n_restarts=4)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*MOONS)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_restarts": 0}, "n_restarts must be an integer >= 1, got 0"),
        ({"warm_start": True}, "warm_start must be False with n_restarts > 1"),
        (
            {"callbacks": [JsonlLog("log")]},
            "callbacks must not write files or to the terminal with n_restarts > 1, got 'JsonlLog'",
        ),
    ],
)
def test_wrong_and_contradictory_settings_are_named(settings, message):
    with pytest.raises(InvalidSettingError, match=message):
        moons(**settings).fit(*MOONS)


def test_partial_fit_cannot_start_anew():
    with pytest.raises(DataError, match="n_restarts must be 1 for partial_fit"):
        moons().partial_fit(*MOONS, classes=[0, 1])
