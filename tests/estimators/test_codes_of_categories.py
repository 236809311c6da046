"""The parameter ``cardinalities``: features that hold codes of categories."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone

from lamina import MLPClassifier, MLPRegressor, Sequential, load_model, save_model
from lamina.errors import DataError, ShapeError
from lamina.layers import Dense, Embedding, PiecewiseLinear
from lamina.validation import InvalidParameterError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

CARDINALITIES = (None, 40)
RNG = np.random.default_rng(0)
LEVELS = RNG.normal(size=40)
CODES = RNG.integers(1, 40, size=600)
X = np.column_stack([RNG.normal(size=600), CODES]).astype(np.float32)
Y = LEVELS[CODES] + 0.5 * X[:, 0]


def regressor(**parameters):
    settings = {"hidden_layer_sizes": (16,), "learning_rate_init": 0.01, "max_iter": 60, "random_state": 0, "alpha": 0.0}
    return MLPRegressor(cardinalities=CARDINALITIES, **{**settings, **parameters})


def layer(model, kind):
    return next((node.layer for node in model.network_.nodes if isinstance(node.layer, kind)), None)


def test_codes_are_learned_as_categories_and_not_as_numbers():
    with_codes = regressor().fit(X, Y)
    as_numbers = regressor().set_params(cardinalities=None).fit(X, Y)
    assert with_codes.score(X, Y) > 0.98
    assert as_numbers.score(X, Y) < 0.7


@pytest.mark.parametrize("bins", [0, 8])
def test_bins_leave_codes_out(bins):
    model = regressor(bins=bins, max_iter=2).fit(X, Y)
    assert layer(model, Embedding).cardinalities == CARDINALITIES
    edges = getattr(layer(model, PiecewiseLinear), "edges", None)
    assert edges is None if bins == 0 else (len(edges[0]) > 1 and len(edges[1]) == 0)


@pytest.mark.parametrize("solver", ["lbfgs", "perturb-one", "perturb-all"])
def test_solvers_that_compare_losses_mask_no_codes(solver):
    assert layer(regressor(solver=solver, max_iter=2, alpha=0.0001).fit(X, Y), Embedding).mask == 0
    assert layer(regressor(max_iter=2).fit(X, Y), Embedding).mask > 0


def test_code_0_stands_for_the_average_of_categories_where_training_has_none():
    model = regressor(max_iter=150).fit(X, Y)
    unknown = model.predict(np.array([[0.0, 0.0]], dtype=np.float32))
    assert abs(unknown[0] - LEVELS[CODES].mean()) < 0.4


def test_members_have_vectors_too():
    assert regressor(members=3).fit(X, Y).score(X, Y) > 0.98


def test_a_classifier_learns_codes_of_a_sparse_matrix_as_of_a_dense_one():
    labels = np.where(LEVELS[CODES] > 0, "high", "low")
    dense = MLPClassifier(cardinalities=CARDINALITIES, max_iter=40, learning_rate_init=0.01, random_state=0).fit(X, labels)
    of_sparse = clone(dense).fit(sparse.csr_matrix(X), labels)
    assert dense.score(X, labels) > 0.98
    np.testing.assert_allclose(of_sparse.predict_proba(X), dense.predict_proba(X), atol=1e-5)


def test_no_cardinality_at_all_is_as_none():
    without = regressor(max_iter=3).set_params(cardinalities=None).fit(X, Y)
    np.testing.assert_array_equal(
        regressor(max_iter=3).set_params(cardinalities=(None, None)).fit(X, Y).predict(X), without.predict(X)
    )


def test_long_vectors_end_at_128():
    codes = np.arange(20_000.0)[:, None]
    model = MLPRegressor(cardinalities=[20_000], hidden_layer_sizes=(2,), max_iter=1, random_state=0).fit(codes, np.zeros(20_000))
    assert layer(model, Embedding).width == (128,)


def test_what_is_no_code_is_an_error():
    wrong = X.copy()
    wrong[3, 1] = 40
    with pytest.raises(DataError, match=r"column 1 .* whole numbers from 0 to 39, got 40"):
        regressor().fit(wrong, Y)
    with pytest.raises(DataError, match=r"column 1 .* whole numbers from 0 to 39, got 40"):
        regressor(max_iter=1).fit(X, Y).predict(wrong)


def test_there_must_be_an_entry_for_each_feature():
    with pytest.raises(ShapeError, match=r"MLPRegressor: cardinalities must have an entry for each of the 2 features.*got 3"):
        regressor().set_params(cardinalities=(None, 40, 2)).fit(X, Y)


@pytest.mark.parametrize("wrong", [40, (), (None, 0), (None, 2.5), "ab"])
def test_other_cardinalities_are_refused(wrong):
    with pytest.raises(InvalidParameterError, match="cardinalities must be"):
        regressor().set_params(cardinalities=wrong).fit(X, Y)


def test_an_own_network_has_its_own_embedding():
    network = Sequential([Embedding(CARDINALITIES), Dense(1)])
    with pytest.raises(InvalidParameterError, match="cardinalities must keep its default when network is given"):
        MLPRegressor(network=network, cardinalities=CARDINALITIES).fit(X, Y)


def test_training_goes_on_with_the_same_vectors():
    model = regressor(warm_start=True, max_iter=20, bins=8).fit(X, Y)
    before = model.score(X, Y)
    assert model.fit(X, Y).score(X, Y) > before


def test_a_file_and_a_clone_keep_the_cardinalities(tmp_path):
    model = regressor(max_iter=5, bins=4).fit(X, Y)
    save_model(tmp_path / "codes.lamina", model)
    loaded = load_model(tmp_path / "codes.lamina")
    assert clone(model).cardinalities == loaded.cardinalities == CARDINALITIES
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
