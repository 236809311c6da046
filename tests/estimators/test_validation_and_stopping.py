"""Validation rows, early stopping, limits, callbacks and interruptions: the best weights come back and the reason is said."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, log_loss

from lamina import Callback, EarlyStopping, MLPClassifier, MLPRegressor, TrainingWarning
from lamina.errors import DataError, NonFiniteError

X, y = make_classification(400, 10, n_informative=6, flip_y=0.2, random_state=0)
X_train, X_val, y_train, y_val = X[:300], X[300:], y[:300], y[300:]
_SMALL: dict[str, Any] = {"hidden_layer_sizes": 30, "learning_rate_init": 0.02, "random_state": 0}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_validation_rows_of_ones_own_are_measured_and_change_nothing() -> None:
    plain = MLPClassifier(max_iter=8, **_SMALL).fit(X_train, y_train)
    watched = MLPClassifier(max_iter=8, **_SMALL).fit(X_train, y_train, X_val=X_val, y_val=y_val)
    np.testing.assert_array_equal(watched.coefs_[0], plain.coefs_[0])
    assert plain.validation_loss_curve_ is None
    assert len(watched.validation_loss_curve_) == 8
    assert watched.validation_loss_curve_[-1] == pytest.approx(log_loss(y_val, watched.predict_proba(X_val)))


def test_early_stopping_on_rows_of_ones_own_hands_back_the_best_weights() -> None:
    model = MLPClassifier(early_stopping=True, n_iter_no_change=5, **_SMALL)
    model.fit(X_train, y_train, X_val=X_val, y_val=y_val)
    assert model.n_iter_ < 200 and model.stop_reason_.code == "no_improvement"
    assert "Validation score did not improve" in model.stop_reason_.text
    assert model.t_ == model.n_iter_ * len(X_train)
    assert accuracy_score(y_val, model.predict(X_val)) == model.best_validation_score_ == max(model.validation_scores_)
    assert len(model.validation_scores_) == len(model.validation_loss_curve_) == model.n_iter_
    assert model.best_loss_ is None


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_rows_set_aside_are_not_trained_on(kind: Any) -> None:
    model = kind(early_stopping=True, validation_fraction=0.25, max_iter=500, **_SMALL).fit(X, y)
    assert model.t_ == model.n_iter_ * 300
    assert model.best_validation_score_ == max(model.validation_scores_)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_warm_start_keeps_the_rows_that_were_set_aside() -> None:
    model = MLPClassifier(early_stopping=True, warm_start=True, max_iter=3, **_SMALL).fit(X, y)
    best = model.best_validation_score_
    model.fit(X, y)
    assert len(model.validation_scores_) == 6
    assert model.best_validation_score_ >= best


def test_only_one_of_the_validation_arguments_is_refused() -> None:
    with pytest.raises(DataError, match="X_val and y_val must be given together"):
        MLPClassifier().fit(X, y, X_val=X_val)


def test_a_label_that_only_validation_has_is_refused() -> None:
    with pytest.raises(DataError, match="has classes not in"):
        MLPClassifier().fit(X, y, X_val=X_val, y_val=y_val + 1)


def test_reaching_max_iter_warns_and_is_the_reason() -> None:
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(2\) reached"):
        model = MLPClassifier(max_iter=2).fit(X, y)
    assert model.stop_reason_.code == "max_epochs"


def test_lbfgs_warns_when_it_has_not_converged_and_not_otherwise() -> None:
    with pytest.warns(ConvergenceWarning, match="lbfgs failed to converge after 3 iteration"):
        MLPClassifier(solver="lbfgs", max_iter=3, **_SMALL).fit(X, y)
    assert MLPClassifier(solver="lbfgs", hidden_layer_sizes=(), max_iter=500).fit(X, y).stop_reason_.code in (
        "converged",
        "gradient_zero",
    )


def test_a_converged_training_says_so() -> None:
    model = MLPClassifier(tol=0.1, n_iter_no_change=3, **_SMALL).fit(X, y)
    assert model.stop_reason_.code == "converged"
    assert str(model.stop_reason_) == "Training loss did not improve by 0.1 or more in any of 4 epochs in a row."


def test_time_runs_out() -> None:
    model = MLPClassifier(max_time=0.05, max_iter=10**6, n_iter_no_change=np.inf, **_SMALL).fit(X, y)
    assert model.stop_reason_.code == "time_limit"
    assert 0 < model.n_iter_ < 10**6


def test_callbacks_see_the_training_and_can_end_it() -> None:
    class StopAtThree(Callback):
        def __init__(self) -> None:
            self.losses: list[float] = []

        def on_epoch_end(self, trainer: Any, record: dict[str, Any]) -> None:
            self.losses.append(record["loss"])
            if trainer.epoch == 3:
                trainer.stop("callback", "Three are enough.")

    callback = StopAtThree()
    model = MLPClassifier(callbacks=[callback], **_SMALL).fit(X, y)
    assert model.n_iter_ == 3 and model.stop_reason_.text == "Three are enough."
    assert callback.losses == model.loss_curve_ == model.history_[:, "loss"]


def test_a_single_callback_needs_no_list() -> None:
    model = MLPClassifier(callbacks=EarlyStopping("loss", patience=0, tol=10), **_SMALL).fit(X, y)
    assert model.n_iter_ == 2


def test_an_interruption_ends_the_training_with_a_usable_model_and_a_warning() -> None:
    class Interrupt(Callback):
        def on_epoch_end(self, trainer: Any, record: dict[str, Any]) -> None:
            if trainer.epoch == 4:
                raise KeyboardInterrupt

    with pytest.warns(UserWarning, match="Training interrupted by user"):
        model = MLPClassifier(callbacks=[Interrupt()], on_interrupt="return", **_SMALL).fit(X, y)
    assert model.stop_reason_.code == "interrupted"
    assert model.n_iter_ == 4 and model.score(X, y) > 0.5
    raising = MLPClassifier(callbacks=[Interrupt()], **_SMALL)
    with pytest.raises(KeyboardInterrupt):
        raising.fit(X, y)
    np.testing.assert_array_equal(raising.predict_proba(X), model.predict_proba(X))


def test_a_training_that_diverges_from_the_start_keeps_the_first_weights() -> None:
    model = MLPRegressor(hidden_layer_sizes=20, activation="identity", solver="sgd", learning_rate_init=1.0, random_state=0)
    with pytest.warns(
        TrainingWarning, match=r"became NaN or infinite. The weights from before the fit were restored: no later ones"
    ):
        model.fit(X, y)
    assert model.stop_reason_.code == "non_finite"
    assert np.abs(model.predict(X)).max() < 100


def test_a_training_that_diverges_at_once_is_an_error_and_leaves_no_model() -> None:
    model = MLPRegressor(random_state=0)
    with warnings.catch_warnings(), pytest.raises(NonFiniteError, match="Solver produced non-finite parameter weights"):
        warnings.simplefilter("ignore", RuntimeWarning)
        model.fit(X * 1e300, y)
    assert not hasattr(model, "coefs_")


def test_partial_fit_does_not_warn_about_convergence() -> None:
    MLPClassifier(**_SMALL).partial_fit(X, y, classes=[0, 1])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_warm_start_may_begin_to_stop_early() -> None:
    model = MLPClassifier(warm_start=True, max_iter=3, **_SMALL).fit(X, y)
    assert model.best_loss_ == min(model.loss_curve_)
    model.set_params(early_stopping=True).fit(X, y)
    assert len(model.validation_scores_) == 3 and model.best_loss_ is None
    assert model.best_validation_score_ == max(model.validation_scores_)


def test_warnings_point_at_the_users_line() -> None:
    with pytest.warns(ConvergenceWarning) as caught:
        MLPClassifier(max_iter=1, batch_size=400).fit(X, y)
    with pytest.warns(UserWarning, match="clipped") as clipped:
        MLPClassifier(max_iter=300, batch_size=500, tol=1.0).fit(X, y)
    assert {warning.filename for warning in [*caught, *clipped]} == {__file__}


class AtEveryEpoch(Callback):
    """Asks for nothing, but every epoch, so that each is a call of the engine of its own."""

    def on_epoch_end(self, trainer: Any, record: Any) -> None:
        pass


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("patience", [1, 3, 10, np.inf])
@pytest.mark.parametrize("tol", [0.0, 1e-4, 0.05])
@pytest.mark.parametrize("batch_size", [64, 200])
def test_epochs_that_share_a_call_end_at_the_same_epoch(solver: str, patience: float, tol: float, batch_size: int) -> None:
    settings = {**_SMALL, "solver": solver, "n_iter_no_change": patience, "tol": tol, "batch_size": batch_size, "max_iter": 40}
    together, apart = (
        MLPClassifier(warm_start=True, callbacks=callbacks, **settings).fit(X, y).fit(X, y) for callbacks in ((), AtEveryEpoch())
    )
    for name in ("n_iter_", "t_", "loss_", "loss_curve_", "best_loss_", "stop_reason_"):
        assert getattr(together, name) == getattr(apart, name), name
    for one, other in zip(together.coefs_, apart.coefs_, strict=True):
        np.testing.assert_array_equal(one, other)
