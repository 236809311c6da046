"""L4: units with a step function have no derivative to follow; what cannot be trained is said before training."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from lamina import (
    LBFGS,
    Add,
    Dense,
    Graph,
    Input,
    MLPClassifier,
    Perceptron,
    PerturbAll,
    PerturbOne,
    Sequential,
    TabularClassifier,
    Trainer,
    TrainingWarning,
)
from lamina.activations import ACTIVATIONS
from lamina.network import Network

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = (X[:, :1] > 0).astype(float)


def said(network: Network, optimizer: object = "adam") -> list[str]:
    trainer = Trainer(network, "squared_error", optimizer)  # type: ignore[arg-type]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        trainer.fit(X, Y, max_epochs=1)
    assert all(warning.category is TrainingWarning for warning in caught)
    assert all(warning.filename == __file__ for warning in caught)
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize("optimizer", ["adam", "gradient_descent", LBFGS()])
def test_layers_below_a_step_are_named_in_one_warning(optimizer: object) -> None:
    layers = [Dense(4, activation="tanh"), Dense(4, activation="step"), Dense(4, activation="step"), Dense(1)]
    (text,) = said(Sequential(layers, 3), optimizer)
    assert "cannot train the weights of 'dense_1', 'dense_2', 'dense_3': the derivative of 'step'" in text
    assert "PerturbOne or PerturbAll" in text


def test_a_network_of_which_nothing_can_be_trained_gets_one_message() -> None:
    (text,) = said(Sequential([Dense(4, activation="tanh"), Dense(1, activation="step")], 3))
    assert "Adam cannot train the weights of any layer: the derivative of 'step', the activation in 'dense_2', is 0" in text


def test_weights_that_a_gradient_reaches_on_another_way_are_not_named() -> None:
    x = Input(3)
    h = Dense(4, activation="tanh")(x)
    (text,) = said(Graph(x, Dense(1)(Add()([h, Dense(4, activation="step")(h)]))))
    assert "cannot train the weights of 'dense_2':" in text


@pytest.mark.parametrize("optimizer", [PerturbOne(), PerturbAll()])
def test_perturbed_weights_need_no_gradient(optimizer: object) -> None:
    assert said(Sequential([Dense(4, activation="step"), Dense(1, activation="step")], 3), optimizer) == []


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_what_is_said_is_so(name: str) -> None:
    network = Sequential([Dense(4, activation=name), Dense(1)], 3)
    trainer = Trainer(network, "squared_error", seed=1)
    before = np.array(trainer.weights["dense_1.weight"])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        trainer.fit(X, Y, max_epochs=2)
    stays = np.array_equal(trainer.weights["dense_1.weight"], before)
    assert stays is bool(caught) is ACTIVATIONS[name].is_flat


def test_estimators_say_it_and_thresholds_that_decide_do_not() -> None:
    with pytest.warns(TrainingWarning, match=r"cannot train the weights of 'dense_1'"):
        MLPClassifier((4,), "step", max_iter=300, tol=1.0, n_iter_no_change=2, random_state=0).fit(X, Y.ravel())
    with pytest.warns(TrainingWarning, match=r"cannot train the weights of 'dense_1'"):
        TabularClassifier(hidden=4, activation="step", max_epochs=2, random_state=0).fit(X, Y.ravel())
    Perceptron().fit(X, Y.ravel())
    MLPClassifier((), loss="perceptron", max_iter=300, tol=1.0, n_iter_no_change=2, random_state=0).fit(X, Y.ravel())


def test_restarts_say_it_once_at_the_users_line() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        MLPClassifier((4,), "step", n_restarts=3, max_iter=2, random_state=0).fit(X, Y.ravel())
    (warning,) = (warning for warning in caught if warning.category is TrainingWarning)
    assert warning.filename == __file__


def test_as_an_error_it_leaves_the_trainer_as_it_was() -> None:
    trainer = Trainer(Sequential([Dense(4, activation="step"), Dense(1)], 3), "squared_error")
    before = trainer.executor.snapshot().parameters
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(TrainingWarning):
            trainer.fit(X, Y)
    np.testing.assert_array_equal(trainer.executor.snapshot().parameters, before)
    assert trainer.epoch == 0
