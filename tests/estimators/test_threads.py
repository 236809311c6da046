"""Several threads and one model: it is fitted by one at a time, and predicts for all of them at once."""

from __future__ import annotations

import copy
import pickle
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris

from lamina import Dense, MLPClassifier, MLPRegressor, Perceptron, Sequential, Trainer
from lamina.errors import BusyError
from lamina.training import Callback

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)
PATIENCE_S = 60.0  # for threads that never come, so that a failure ends


class Gate(Callback):
    """Holds the training at the end of its first epoch until it is opened."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()

    def __deepcopy__(self, memo: dict[int, Any]) -> Gate:
        return self

    def __reduce__(self) -> Any:
        return Gate, ()

    def on_epoch_end(self, trainer: Any, record: dict[str, Any]) -> None:
        self.reached.set()
        assert self.opened.wait(PATIENCE_S)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_a_second_fit_is_refused_and_the_first_is_none_the_worse(kind: Any, method: str) -> None:
    gate = Gate()
    model = kind(hidden_layer_sizes=4, max_iter=3, random_state=0, callbacks=[gate])
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(model.fit, X, y)
        assert gate.reached.wait(PATIENCE_S)
        try:
            with pytest.raises(
                BusyError, match=rf"{kind.__name__}\.{method}: this object is already being fitted.*sklearn\.base\.clone"
            ):
                getattr(model, method)(X, y)
        finally:
            gate.opened.set()
        running.result(PATIENCE_S)
    alone = clone(model).fit(X, y)
    assert (model.n_iter_, model.t_, model.loss_curve_) == (alone.n_iter_, alone.t_, alone.loss_curve_)
    np.testing.assert_array_equal(model.coefs_[0], alone.coefs_[0])


class Page:
    """A standard output that holds whoever prints to it until it is opened."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()

    def write(self, text: str) -> int:
        self.reached.set()
        assert self.opened.wait(PATIENCE_S)
        return len(text)

    def flush(self) -> None:
        pass


@pytest.mark.parametrize("second", ["fit", "partial_fit"])
@pytest.mark.parametrize("first", ["fit", "partial_fit"])
def test_a_perceptron_refuses_a_second_fit_and_the_first_is_none_the_worse(
    first: str, second: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Page()
    model = Perceptron(max_iter=3, verbose=1)
    classes = {"classes": [0, 1, 2]} if first == "partial_fit" else {}
    with ThreadPoolExecutor(1) as pool, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", page)
        running = pool.submit(getattr(model, first), X, y, **classes)
        assert page.reached.wait(PATIENCE_S)
        try:
            with pytest.raises(
                BusyError, match=rf"Perceptron\.{second}: this object is already being fitted.*sklearn\.base\.clone"
            ):
                getattr(model, second)(X, y)
            twin = pickle.loads(pickle.dumps(model))
        finally:
            page.opened.set()
        running.result(PATIENCE_S)
    alone = getattr(clone(model).set_params(verbose=0), first)(X, y, **classes)
    assert (model.n_iter_, model.t_) == (alone.n_iter_, alone.t_)
    np.testing.assert_array_equal(model.coef_, alone.coef_)
    twin.set_params(verbose=0).fit(X, y)  # a copy is in no fit of its own


def test_a_clone_may_be_fitted_meanwhile() -> None:
    gate = Gate()
    model = MLPClassifier(hidden_layer_sizes=4, max_iter=2, random_state=0, callbacks=[gate])
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(model.fit, X, y)
        assert gate.reached.wait(PATIENCE_S)
        try:
            other = clone(model).set_params(callbacks=()).fit(X, y)
        finally:
            gate.opened.set()
        running.result(PATIENCE_S)
    np.testing.assert_array_equal(model.coefs_[0], other.coefs_[0])


class FitAgain(Callback):
    def __init__(self) -> None:
        self.model: Any = None

    def on_epoch_end(self, trainer: Any, record: dict[str, Any]) -> None:
        self.model.fit(X, y)


def test_a_fit_within_a_callback_of_its_own_is_refused() -> None:
    again = FitAgain()
    again.model = MLPClassifier(hidden_layer_sizes=4, max_iter=2, callbacks=[again])
    with pytest.raises(BusyError):
        again.model.fit(X, y)


def test_after_a_fit_that_failed_another_is_welcome() -> None:
    model = MLPClassifier(hidden_layer_sizes=4, max_iter=2, alpha=-1)
    with pytest.raises(ValueError, match="alpha"):
        model.fit(X, y)
    model.set_params(alpha=0.0).fit(X, y)


def test_a_trainer_refuses_a_second_fit_too() -> None:
    gate = Gate()
    trainer = Trainer(Sequential([Dense(3)]), "softmax_cross_entropy", callbacks=[gate])
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(trainer.fit, X, y, max_epochs=2)
        assert gate.reached.wait(PATIENCE_S)
        try:
            with pytest.raises(BusyError, match=r"Trainer\.fit: .*copy\.deepcopy\(trainer\)"):
                trainer.fit(X, y)
            twins = copy.deepcopy(trainer), pickle.loads(pickle.dumps(trainer))
        finally:
            gate.opened.set()
        running.result(PATIENCE_S)
    assert trainer.epoch == 2
    for twin in twins:
        twin.callbacks.clear()
        twin.fit(X, y, max_epochs=2)  # a copy is in no fit of its own thread's


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_predictions_of_many_threads_are_those_of_one(dtype: Any, n_threads: int) -> None:
    rows = np.tile(X, (20, 1)).astype(dtype)
    model = MLPClassifier(hidden_layer_sizes=(40, 30), max_iter=3, random_state=0, n_threads=n_threads).fit(X.astype(dtype), y)
    parts = [rows[start::7][: 1 + 61 * start] for start in range(6)]
    expected = [model.predict_proba(part) for part in parts]
    barrier = threading.Barrier(len(parts))

    def predict(part: np.ndarray) -> list[np.ndarray]:
        barrier.wait(PATIENCE_S)
        return [model.predict_proba(part) for _ in range(40)]

    with ThreadPoolExecutor(len(parts)) as pool:
        for found, one in zip(pool.map(predict, parts), expected, strict=True):
            for again in found:
                np.testing.assert_array_equal(again, one)
