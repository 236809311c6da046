"""L25: one call folds the batch normalizations of whatever was trained."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from lamina import (
    Activation,
    BatchNorm,
    Dense,
    Dropout,
    MLPClassifier,
    MLPRegressor,
    Sequential,
    TabularClassifier,
    TabularRegressor,
    Trainer,
    fold_batch_norm,
    load_model,
    save_model,
)
from lamina.errors import InvalidSettingError
from lamina.network import Network

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 5)).astype(np.float32)
Y = X[:, 0] - X[:, 1] ** 2
pytestmark = pytest.mark.filterwarnings("ignore:.*[Mm]aximum iterations")
SETTINGS = {"hidden_layer_sizes": (16, 8), "batch_norm": True, "max_iter": 30, "random_state": 0}


def norms(network: Network) -> list[str]:
    return [node.name for node in network.nodes if isinstance(node.layer, BatchNorm)]


def trainer(*layers: object, **settings: object) -> Trainer:
    found = Trainer(Sequential([*layers], 5), "squared_error", **settings)  # type: ignore[list-item]
    found.fit(X, Y, max_epochs=20)
    return found


def test_a_trainer_predicts_the_same_with_fewer_layers() -> None:
    given = trainer(Dense(16), BatchNorm(), Activation("relu"), Dense(8, activation="tanh"), BatchNorm(), Dense(1))
    before = given.predict(X)
    folded = fold_batch_norm(given)
    assert isinstance(folded, Trainer)
    assert norms(folded.network) == []
    np.testing.assert_allclose(folded.predict(X), before, atol=1e-6)
    assert (folded.history.to_list(), folded.epoch, folded.step) == (given.history.to_list(), given.epoch, given.step)
    assert folded.stop_reason == given.stop_reason
    folded.fit(X, Y, max_epochs=2)
    np.testing.assert_array_equal(given.predict(X), before)


@pytest.mark.parametrize("position", ["before", "after"])
def test_an_estimator_predicts_the_same_with_fewer_layers(position: str) -> None:
    model = MLPClassifier(**SETTINGS, norm_position=position).fit(X, Y > 0)
    before = model.predict_proba(X)
    folded = fold_batch_norm(model)
    assert isinstance(folded, MLPClassifier)
    assert len(norms(model.network_)) == 2
    assert norms(folded.network_) == []
    np.testing.assert_allclose(folded.predict_proba(X), before, atol=1e-6)
    assert folded.get_params() == model.get_params()
    assert folded.loss_curve_ == model.loss_curve_
    folded.partial_fit(X, Y > 0)
    np.testing.assert_array_equal(model.predict_proba(X), before)


def test_a_folded_estimator_is_saved_and_fitted_anew_as_any_other(tmp_path: object) -> None:
    model = MLPRegressor(**SETTINGS).fit(X, Y)
    folded = fold_batch_norm(model)
    save_model(tmp_path / "model.lamina", folded)  # type: ignore[operator]
    loaded = load_model(tmp_path / "model.lamina")  # type: ignore[operator]
    np.testing.assert_array_equal(loaded.predict(X), folded.predict(X))
    assert len(norms(folded.fit(X, Y).network_)) == 2


@pytest.mark.parametrize("make", [TabularClassifier, TabularRegressor])
def test_models_of_tables_and_of_files_are_folded(make: type, tmp_path: object) -> None:
    frame = pd.DataFrame(X[:, :3], columns=["a", "b", "c"]).assign(kind=np.where(X[:, 3] > 0, "x", "y"))
    y = (Y > 0).astype(str) if make is TabularClassifier else Y
    model = make(hidden=16, batch_norm=True, max_epochs=10, random_state=0, members=1).fit(frame, y)
    predict = "predict_proba" if make is TabularClassifier else "predict"
    before = getattr(model, predict)(frame)
    folded = fold_batch_norm(model)
    assert norms(folded.model_.estimator.network_) == []
    np.testing.assert_allclose(getattr(folded, predict)(frame), before, atol=1e-6)
    assert len(norms(model.model_.estimator.network_)) == 1
    model.save(tmp_path / "model.lamina")  # type: ignore[operator]
    of_file = fold_batch_norm(load_model(tmp_path / "model.lamina"))  # type: ignore[operator]
    np.testing.assert_allclose(getattr(of_file, predict)(frame), before, atol=1e-6)


def test_a_network_of_a_file_is_folded(tmp_path: object) -> None:
    given = trainer(Dense(16), BatchNorm(), Activation("relu"), Dense(1))
    save_model(tmp_path / "net.lamina", given)  # type: ignore[operator]
    folded = fold_batch_norm(load_model(tmp_path / "net.lamina"))  # type: ignore[operator]
    assert norms(folded.network) == []
    np.testing.assert_allclose(folded.predict(X), given.predict(X), atol=1e-6)


def test_what_cannot_be_folded_stays_and_is_said() -> None:
    given = trainer(Dense(8), BatchNorm(), Activation("relu"), BatchNorm(), Dropout(0.2), Dense(1))
    with pytest.warns(UserWarning, match="'batch_norm_2' stays: it reads 'activation_1'.* and 'dropout_1'"):
        folded = fold_batch_norm(given)
    assert norms(folded.network) == ["batch_norm_2"]
    np.testing.assert_allclose(folded.predict(X), given.predict(X), atol=1e-6)


def test_without_normalization_nothing_changes() -> None:
    given = trainer(Dense(4, activation="relu"), Dense(1))
    folded = fold_batch_norm(given)
    assert folded.network == given.network
    np.testing.assert_array_equal(folded.predict(X), given.predict(X))


def test_what_has_no_weights_is_rejected() -> None:
    with pytest.raises(NotFittedError):
        fold_batch_norm(MLPClassifier())
    with pytest.raises(NotFittedError):
        fold_batch_norm(TabularClassifier())
    with pytest.raises(InvalidSettingError, match=r"must be a fitted estimator.*network\.fold"):
        fold_batch_norm(Sequential([Dense(1)], 2))  # type: ignore[type-var]
