"""Warnings point at the user's line, and the filters that people have for scikit-learn's act on them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lamina import Callback, Dense, MLPClassifier, MLPRegressor, Perceptron, Sequential, Trainer
from lamina.errors import FileError
from lamina.optimizers import GradientDescent
from lamina.training import TrainingWarning

X, y = load_iris(return_X_y=True)
LINES = Path(__file__).read_text(encoding="utf-8").splitlines()


def classifier(**settings: Any) -> MLPClassifier:
    return MLPClassifier(**{"hidden_layer_sizes": 4, "max_iter": 1, "random_state": 0, **settings})


def partial_fit_with_a_large_batch() -> None:
    classifier(batch_size=151).partial_fit(X, y, classes=[0, 1, 2])


def warn_by_restarts() -> None:
    classifier(n_restarts=2, batch_size=151).fit(X, y)


CALLS: dict[str, Callable[[], object]] = {
    "fit": lambda: classifier().fit(X, y),
    "perceptron": lambda: Perceptron(max_iter=1).fit(X, y),
    "perceptron in a search": lambda: GridSearchCV(Perceptron(max_iter=1), {"eta0": [1.0]}, cv=2).fit(X, y),
    "regressor": lambda: MLPRegressor(hidden_layer_sizes=4, max_iter=1).fit(X, y),
    "lbfgs": lambda: classifier(solver="lbfgs").fit(X, y),
    "pipeline": lambda: make_pipeline(StandardScaler(), classifier()).fit(X, y),
    "search": lambda: GridSearchCV(classifier(), {"alpha": [0.1]}, cv=2).fit(X, y),
    "cross validation": lambda: cross_val_score(classifier(), X, y, cv=2),
    "restarts": warn_by_restarts,
    "large batch": lambda: classifier(batch_size=151).fit(X, y),
    "large batch, partial_fit": partial_fit_with_a_large_batch,
}


@pytest.mark.parametrize("call", CALLS)
def test_a_warning_points_at_the_line_that_called(call: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        CALLS[call]()
    assert caught
    for warning in caught:
        assert Path(warning.filename) == Path(__file__)
        assert any(f"{name}(" in LINES[warning.lineno - 1] for name in ("classifier", "MLPRegressor", "Perceptron"))


@pytest.mark.parametrize("call", CALLS)
def test_filters_for_scikit_learn_s_warnings_act_on_ours(call: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=UserWarning, module="sklearn")
        CALLS[call]()


def test_a_filter_by_category_needs_no_module() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)
        CALLS["search"]()


def diverge() -> Trainer:
    trainer = Trainer(Sequential([Dense(1)], 4), "squared_error", GradientDescent(0.001), batch_size=None, dtype="float64")
    trainer.fit(X, y.astype(float), max_epochs=2)
    trainer.optimizer = GradientDescent(1e200)
    trainer.fit(X, y.astype(float), max_epochs=20)
    return trainer


def test_a_training_that_diverged_points_at_its_line() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        diverge()
    (warning,) = caught
    assert warning.category is TrainingWarning
    assert Path(warning.filename) == Path(__file__)
    assert "max_epochs=20" in LINES[warning.lineno - 1]


def test_a_training_warning_is_filtered_by_the_module_of_its_line() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=TrainingWarning, module=__name__.replace(".", r"\."))
        assert np.isfinite(diverge().executor.snapshot().parameters).all()


class Spoil(Callback):
    """Makes the weights too large in the fourth epoch."""

    def on_epoch_begin(self, trainer: Any) -> None:
        if trainer.epoch == 3:
            trainer.weights = {name: array * 1e200 for name, array in trainer.weights.items()}


@pytest.mark.parametrize("settings", [{}, {"n_restarts": 2}, {"early_stopping": True}])
def test_the_best_weights_are_there_also_where_the_warning_is_an_error(settings: dict[str, Any]) -> None:
    model = MLPRegressor(hidden_layer_sizes=4, max_iter=10, random_state=0, callbacks=[Spoil()], **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(TrainingWarning, match=r"became NaN or infinite\. The best weights so far were restored"):
            model.fit(X, y.astype(float))
    assert model.stop_reason_.code == "non_finite"
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize("n_threads", [1, 2])
def test_what_cannot_be_written_is_said_after_restarts_too(n_threads: int) -> None:
    class Full(Callback):
        def on_fit_end(self, trainer: Any) -> None:
            raise FileError("the disk is full.")

    model = classifier(n_restarts=2, n_threads=n_threads, callbacks=[Full()])
    with pytest.raises(FileError, match="the disk is full"):
        model.fit(X, y)
    assert len(model.predict(X)) == len(X)


def test_a_perceptron_whose_warning_is_an_error_says_why_it_ended() -> None:
    model = Perceptron(max_iter=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ConvergenceWarning):
            model.fit(X, y)
    assert model.stop_reason_.code == "max_epochs"
