"""Networks of the user's own inside the estimators."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris

from lamina import Add, BatchNorm, Concat, Dense, Dropout, Graph, Input, MLPClassifier, MLPRegressor, PReLU, Sequential
from lamina.errors import InvalidSettingError, ShapeError
from lamina.validation import InvalidParameterError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)


def _skip_network(num_outputs: int) -> Graph:
    x = Input(4)
    h = Dense(8, activation="tanh")(x)
    h = Add()(h, Dense(8, activation="tanh")(h))
    return Graph(x, Dense(num_outputs)(Concat()(h, x)))


def test_a_graph_with_skip_connections_learns_as_a_classifier() -> None:
    model = MLPClassifier(network=_skip_network(3), learning_rate_init=0.02, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.95
    assert [w.shape for w in model.coefs_] == [(4, 8), (8, 8), (12, 3)]
    assert model.n_layers_ == 4 and model.n_outputs_ == 3
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X), model.predict_proba(X))
    assert clone(model).network == model.network


def test_a_sequence_learns_as_a_regressor_and_its_input_width_comes_from_the_data() -> None:
    network = Sequential([Dense(16), BatchNorm(), PReLU(), Dropout(0.1), Dense(1)])
    model = MLPRegressor(network=network, learning_rate_init=0.02, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.85
    assert model.network_.input_widths == (4,)
    assert network.input_widths == (None,)


def test_equal_seeds_give_equal_weights_and_others_do_not() -> None:
    first, again, other = (
        MLPClassifier(network=_skip_network(3), random_state=s, max_iter=2).fit(X, y).coefs_[0] for s in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_penalties_are_those_of_the_layers() -> None:
    free, bound = (Sequential([Dense(3, l2=l2)]) for l2 in (0.0, 10.0))
    small, large = (
        np.abs(MLPClassifier(network=network, solver="lbfgs", max_iter=50, random_state=0).fit(X, y).coefs_[0]).max()
        for network in (bound, free)
    )
    assert small < 0.2 * large


@pytest.mark.parametrize("labels", [y, (y == 0).astype(int)], ids=["three classes", "two classes"])
def test_another_number_of_outputs_is_refused(labels: np.ndarray) -> None:
    needed = 3 if len(np.unique(labels)) == 3 else 1
    sentence = rf"network must have {needed} output units for this y and loss, got 2. End it in Dense\({needed}\)"
    with pytest.raises(ShapeError, match=sentence):
        MLPClassifier(network=_skip_network(2)).fit(X, labels)


def test_another_number_of_inputs_is_refused() -> None:
    with pytest.raises(ShapeError, match="input width must be 4"):
        MLPClassifier(network=_skip_network(3)).fit(X[:, :3], y)


def test_several_inputs_are_refused() -> None:
    a, b = Input(2), Input(2)
    with pytest.raises(ShapeError, match=r"network must have one input and one output, got \(2, 1\)"):
        MLPClassifier(network=Graph([a, b], Dense(3)(Concat()(a, b)))).fit(X, y)


def test_a_link_that_the_loss_contains_must_not_end_the_network() -> None:
    with pytest.raises(InvalidSettingError, match="softmax"):
        MLPClassifier(network=Sequential([Dense(3, activation="softmax")])).fit(X, y)


def test_parameters_that_describe_another_network_are_refused_all_at_once() -> None:
    settings = {"hidden_layer_sizes": (5,), "activation": "tanh", "alpha": 0.1, "dropout": 0.5, "batch_norm": True}
    with pytest.raises(InvalidParameterError) as caught:
        MLPClassifier(network=_skip_network(3), **settings).fit(X, y)
    lines = str(caught.value).split("\n")
    assert [line.split()[1] for line in lines] == list(settings)
    assert all("must keep its default when network is given" in line for line in lines)
