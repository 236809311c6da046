"""Estimators and models of tables, trained by several ranks, which threads play."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tests.distributed.ranks import Fails, ThreadCommunicator, run_ranks

from lamina import Dense, MLPClassifier, MLPRegressor, Sequential, TabularClassifier, TabularRegressor, Trainer
from lamina.distributed import Report, Together, fit, workers
from lamina.distributed.group import JoinedGroup
from lamina.errors import InvalidSettingError, LostWorkerError
from lamina.estimators.fitted import fit_of
from lamina.training import Callback, Checkpoint, Run
from lamina.training.team import present_team, working_with

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")

ADULT = Path(__file__).parents[2] / "examples" / "data" / "adult.csv.gz"
RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 3)).astype(np.float32)
Y = X[:, 0] - X[:, 1] ** 2


class Twice(MLPRegressor):
    def fit(self, X: Any, y: Any, **given: Any) -> Any:
        super().fit(X[:60], y[:60], **given)
        return super().fit(X, y, **given)


def adult(count: int = 2000) -> tuple[pd.DataFrame, pd.Series]:
    frame = pd.read_csv(ADULT, nrows=count)
    return frame.drop(columns="income"), frame["income"]


def fit_ranks(size: int, make: Any, *rows: Any, **settings: Any) -> list[tuple[Any, Report]]:
    def work(communicator: ThreadCommunicator) -> tuple[Any, Report]:
        model = make()
        given = rows if communicator.rank == 0 else (None, None)  # the others get theirs from rank 0
        return model, fit(model, *given, communicator=communicator, **{"way": "synchronous"} | settings)

    return run_ranks(size, work)


def weights(model: Any) -> np.ndarray:
    found: np.ndarray = fit_of(model).trainer.executor.snapshot().parameters
    return found


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("members", [1, 4])
def test_a_table_is_learned_as_by_one_process(members: int, is_weighted: bool) -> None:
    """A hundred steps in float32, with dropout, averaged weights, early stopping and a calibration."""
    table, income = adult()
    given = {"sample_weight": np.random.default_rng(1).uniform(0.5, 2.0, len(table))} if is_weighted else {}

    def make() -> TabularClassifier:
        return TabularClassifier(max_epochs=2, members=members, n_threads=1, random_state=0, monitor=False)

    one = make().fit(table, income, **given)
    ranks = fit_ranks(2, make, table, income, **given)
    assert fit_of(one.model_.estimator).trainer.step >= 100
    for model, report in ranks:
        assert weights(model.model_.estimator) == pytest.approx(weights(one.model_.estimator), abs=1e-5)
        assert model.predict_proba(table) == pytest.approx(one.predict_proba(table), abs=1e-5)
        assert model.model_.calibration is not None
        assert (report.workers, len(report.history)) == (2, 2)


@pytest.mark.filterwarnings("ignore:target 'y'. learned on a log scale")
def test_numbers_are_learned_as_by_one_process_and_the_trial_of_scales_is_done_alone() -> None:
    skewed = np.exp(2 * Y)

    def make() -> TabularRegressor:
        return TabularRegressor(max_epochs=2, members=1, n_threads=1, random_state=0)

    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    one, ranks = make().fit(frame, skewed), fit_ranks(2, make, frame, skewed)
    assert ranks[0][0].model_.scales[0].kind == one.model_.scales[0].kind == "log"
    assert ranks[0][1].communicator == "threads" and len(ranks[0][1].history) == 2
    assert ranks[1][0].predict(frame) == pytest.approx(one.predict(frame), rel=1e-4)


def test_estimators_of_arrays_and_pipelines_train_as_by_one_process() -> None:
    for make in (
        lambda: MLPRegressor(hidden_layer_sizes=8, max_iter=3, random_state=0, early_stopping=True),
        lambda: make_pipeline(StandardScaler(), MLPRegressor(hidden_layer_sizes=8, max_iter=3, random_state=0)),
    ):
        one = make().fit(X, Y)
        for model, _ in fit_ranks(3, make, X, Y):
            assert model.predict(X) == pytest.approx(one.predict(X), abs=1e-5)
    labels = np.where(Y > 0, "yes", "no")
    classifier = MLPClassifier(hidden_layer_sizes=8, max_iter=3, random_state=0)
    one_classifier = MLPClassifier(hidden_layer_sizes=8, max_iter=3, random_state=0).fit(X, labels)
    report = fit(classifier, X, labels, workers=1, way="synchronous")
    assert classifier.predict_proba(X) == pytest.approx(one_classifier.predict_proba(X), abs=1e-6)
    assert report.history is fit_of(classifier).trainer.history


def test_a_context_shares_one_training_after_the_other() -> None:
    with workers(1, way="synchronous") as together:
        assert present_team() is together
        first = MLPRegressor(hidden_layer_sizes=4, max_iter=2, random_state=0).fit(X, Y)
        MLPRegressor(hidden_layer_sizes=4, max_iter=3, random_state=0).fit(X, Y)
    assert present_team() is None
    assert [len(report.history) for report in together.reports] == [2, 3]
    again = MLPRegressor(hidden_layer_sizes=4, max_iter=2, random_state=0).fit(X, Y)
    assert np.array_equal(weights(first), weights(again))
    assert len(together.reports) == 2


def test_what_cannot_be_sent_to_the_other_ranks_is_said_before_the_training() -> None:
    class Local(Callback):
        pass

    def work(communicator: ThreadCommunicator) -> None:
        with pytest.raises((InvalidSettingError, LostWorkerError), match=r"model must be one that can be pickled, .*Local"):
            fit(MLPRegressor(callbacks=[Local()]), X, Y, communicator=communicator)

    run_ranks(2, work)


def test_several_trainings_go_one_after_the_other_with_the_same_ranks() -> None:
    def make() -> Twice:
        return Twice(hidden_layer_sizes=4, max_iter=3, random_state=0)

    one = make().fit(X, Y)
    for model, report in fit_ranks(2, make, X, Y):
        assert weights(model) == pytest.approx(weights(one), abs=1e-5)
        assert len(report.history) == 3


def test_what_a_callback_fits_is_fitted_alone() -> None:
    inner: list[Trainer] = []

    class Fits(Callback):
        def on_epoch_end(self, run: Run, record: Any) -> None:
            inner.append(Trainer(Sequential([Dense(1)]), "squared_error", seed=1))
            inner[-1].fit(X, Y, max_epochs=1)

    with workers(1, way="synchronous") as together:
        Trainer(Sequential([Dense(1)]), "squared_error", callbacks=[Fits()]).fit(X, Y, max_epochs=2)
    assert len(together.reports) == 1
    assert [trainer.epoch for trainer in inner] == [1, 1]


def test_workers_within_workers_are_refused_at_once() -> None:
    with workers(1), pytest.raises(InvalidSettingError, match="within another workers"), workers(2):
        pass


def test_a_word_that_fit_does_not_know_is_said_before_anything_starts() -> None:
    trainer = Trainer(Sequential([Dense(1)]), "squared_error")
    with pytest.raises(TypeError, match="max_epoch"):
        fit(trainer, np.zeros((4, 2)), np.zeros(4), workers=2, max_epoch=3)
    with pytest.raises(InvalidSettingError, match="optimizer must follow the gradient"):
        fit(Trainer(Sequential([Dense(1)]), "squared_error", "lbfgs"), np.zeros((4, 2)), np.zeros(4), workers=2)


def test_other_threads_train_alone() -> None:
    found: list[Any] = []
    with workers(1):
        thread = threading.Thread(target=lambda: found.append(present_team()))
        thread.start()
        thread.join()
    assert found == [None]


def test_restarts_are_refused_with_the_way_round() -> None:
    for model in (MLPRegressor(n_restarts=3), TabularRegressor(n_restarts=3)):
        with pytest.raises(InvalidSettingError, match=r"n_restarts must be 1 with several workers, got 3\. Fit the restarts"):
            fit(model, X, Y, workers=1)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (MLPRegressor(solver="lbfgs"), "optimizer must follow the gradient of a batch with several workers, got LBFGS"),
        (TabularRegressor(optimizer="perturb-all"), "optimizer must follow the gradient of a batch with several workers, got"),
        (MLPRegressor(loss=lambda z, y: ((z - y) ** 2, 2 * (z - y))), "loss must be a built-in loss with several workers"),
        (LinearRegression(), r"model must train a network in its fit, .* got 'LinearRegression'\. Call its own fit"),
    ],
)
def test_what_cannot_be_shared_is_refused(model: Any, message: str) -> None:
    with pytest.raises(InvalidSettingError, match=message):
        fit(model, X, Y, workers=1)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"workers": 0}, r"workers: workers must be an integer in \[1, 1024\], got 0"),
        ({"workers": 1, "way": "fast"}, "way must be one of"),
        ({"workers": 1, "way": "synchronous", "average_every": 3}, "average_every must be None with synchronous steps"),
        ({"workers": 1, "n_threads": 0}, "n_threads must be"),
    ],
)
def test_a_context_checks_what_it_is_given(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidSettingError, match=message), workers(**given):
        pass


def test_an_error_of_an_estimator_ends_the_other_ranks() -> None:
    def work(communicator: ThreadCommunicator) -> str:
        with pytest.raises((InvalidSettingError, LostWorkerError), match="max_iter must be") as raised:
            fit(MLPRegressor(max_iter=-1), X, Y, communicator=communicator)
        return type(raised.value).__name__

    assert run_ranks(2, work) == ["InvalidParameterError", "LostWorkerError"]


def test_a_training_that_resumes_is_one_that_was_not_disturbed(tmp_path: Path) -> None:
    table, income = adult(600)

    def fitted(name: str, fails_at: int, *, resume: bool = False) -> TabularClassifier:
        def make() -> TabularClassifier:
            callbacks = [Checkpoint(tmp_path / name, resume=resume), Fails(fails_at)]
            return TabularClassifier(max_epochs=4, members=1, random_state=0, n_threads=1, callbacks=callbacks)

        model: TabularClassifier = fit_ranks(2, make, table, income)[0][0]
        return model

    undisturbed = fitted("other", 0)
    with pytest.raises(ZeroDivisionError):
        fitted("state", 2)
    resumed = fitted("state", 0, resume=True)
    assert np.array_equal(weights(resumed.model_.estimator), weights(undisturbed.model_.estimator))
    assert np.array_equal(resumed.predict_proba(table), undisturbed.predict_proba(table))


def test_lost_ranks_that_can_be_replaced_are_between_trainings_too() -> None:
    """The first time that a training is announced, the rank is gone."""

    class Group(JoinedGroup):
        renewed = 0

        def hand_out(self, rows: Any) -> None:
            super().hand_out(rows)
            if not self.renewed:
                raise LostWorkerError("Worker 1 has ended.")

        def renew(self, error: LostWorkerError) -> None:
            self.renewed += 1
            self.restarts.append(str(error))

    from lamina.distributed.communicator import Alone

    group = Group(Alone(), have_rows=True)
    with working_with(together := Together(group, "synchronous", None, 0.0)):
        MLPRegressor(hidden_layer_sizes=4, max_iter=2, random_state=0).fit(X, Y)
    assert group.renewed == 1
    assert len(together.reports) == 1
