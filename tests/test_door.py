"""The one door upwards: each method of a lower part is served by a function above that takes the same."""

from __future__ import annotations

import inspect
from importlib import import_module

import matplotlib as mpl
import numpy as np
import pytest

from lamina import (
    Add,
    Dense,
    Graph,
    Input,
    MLPClassifier,
    NetworkModel,
    Perceptron,
    Sequential,
    TableModel,
    Trainer,
    load_model,
    save_model,
)
from lamina.analysis import LearningRateRange, LearningRateTrials, PermutationImportance, WidthSweep
from lamina.door import SERVED
from lamina.errors import DataError
from lamina.estimators.fitted import FittedNetwork
from lamina.model.fitted_table import FittedTable
from lamina.network import Network
from lamina.training import History

mpl.use("Agg")

COURSES = (FittedNetwork, FittedTable, NetworkModel, Perceptron, TableModel, Trainer)
OWNERS = {each.__name__: each for each in (History, LearningRateRange, Network, PermutationImportance, WidthSweep, *COURSES)}


def test_every_entry_of_the_door_is_tried_here():
    assert {method.partition(".")[0] for method in SERVED} == OWNERS.keys()


@pytest.mark.parametrize("method", SERVED)
def test_the_method_takes_what_its_server_takes(method):
    owner, _, name = method.partition(".")
    module, function = SERVED[method]
    own = list(inspect.signature(getattr(OWNERS[owner], name)).parameters.values())[1:]
    served = list(inspect.signature(getattr(import_module(module), function)).parameters.values())[1:]
    assert [(p.name, p.kind, p.default) for p in own] == [(p.name, p.kind, p.default) for p in served]


def _history():
    return History([{"epoch": e, "loss": 1 / e, "validation_loss": 2 / e, "learning_rate": 0.1} for e in (1, 2, 3)])


def test_a_history_draws_the_losses_that_it_has():
    ax = _history().plot()
    assert [line.get_label() for line in ax.lines] == ["training", "validation"]
    np.testing.assert_allclose(ax.lines[1].get_ydata(), [2, 1, 2 / 3])
    assert ax.get_ylabel() == "loss"
    assert [line.get_label() for line in _history().plot("learning_rate", log=True).lines] == ["learning rate"]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_fitted_estimator_and_a_model_of_a_network_draw_their_histories(tmp_path):
    X = np.random.default_rng(0).normal(size=(60, 3))
    model = MLPClassifier(4, max_iter=3, early_stopping=True, random_state=0).fit(X, X[:, 0] > 0)
    assert [line.get_label() for line in model.plot().lines] == ["training", "validation"]
    trainer = Trainer(Sequential([Dense(1)]), "squared_error")
    trainer.fit(X, X[:, 0], max_epochs=2)
    save_model(tmp_path / "m.lamina", trainer)
    assert len(load_model(tmp_path / "m.lamina").plot("learning_rate").lines[0].get_xdata()) == 2


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_an_estimator_with_an_objective_plots_it_too():
    X = np.random.default_rng(0).normal(size=(40, 2))
    model = MLPClassifier(2, solver="perturb-one", objective="accuracy", max_iter=3, random_state=0).fit(X, X[:, 0] > 0)
    assert [line.get_label() for line in model.plot().lines] == ["loss", "objective"]


def test_one_epoch_is_a_point_that_can_be_seen():
    assert _history()[:1].plot().lines[0].get_marker() == "o"


def test_a_history_without_epochs_cannot_be_drawn():
    with pytest.raises(DataError, match="must hold at least one epoch"):
        History().plot()


def test_an_unknown_key_names_the_nearest():
    with pytest.raises(KeyError, match="Did you mean 'validation_loss'"):
        _history().plot("validaton_loss")


def test_a_network_draws_a_box_a_layer_and_leads_arrows_around_boxes():
    x = Input(4, name="x")
    h = Dense(8, activation="relu", name="h")(x)
    ax = Graph(x, Dense(2, name="scores")(Add(name="sum")([h, Dense(8, name="detour")(h)]))).plot()
    boxes = {text.get_text().split("\n")[0]: text.get_position() for text in ax.texts if text.get_text()}
    assert [boxes[name][0] for name in ("x", "h", "detour", "sum", "scores")] == [0, 1, 2, 3, 4]
    # the arrow that crosses the detour's column, where it is level
    (around,) = (path.get_path().vertices for path in ax.patches if len(path.get_path().vertices) == 9)
    height = [y for x, y in around if 1.5 < x < 2.5]
    assert len(set(height)) == 1
    assert height[0] != boxes["detour"][1]


def test_a_network_that_is_not_built_is_drawn_with_what_is_known():
    texts = [text.get_text() for text in Sequential([Dense(3)]).plot().texts if text.get_text()]
    assert texts == ["input_1\ninput\n? wide", "dense_1\nDense(3)\n3 wide"]


def test_measurements_draw_themselves():
    rates = np.geomspace(1e-4, 1, 5)
    trials = LearningRateTrials(rates, np.ones(5), np.ones(5, dtype=bool), 2.0, 20)
    assert LearningRateRange(rates, np.ones(5), np.ones(5), False, 1e-2, 2e-2, 1e-1, trials).plot().get_xscale() == "log"
    assert WidthSweep(np.array([1, 2]), np.array([[2.0, 3.0], [1.0, 1.5]]), 2).plot().get_xlabel()
