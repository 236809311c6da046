"""The names that other libraries have for losses are accepted wherever a loss is named, and mean the loss that they name."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from lamina import Dense, MLPClassifier, MLPRegressor, Sequential, Trainer
from lamina.errors import InvalidSettingError
from lamina.losses import ALIASES, LABEL_LOSSES, LOSSES, NUMBER_LOSSES, Loss, canonical_loss, get_loss
from lamina.model import OptimizationSettings, StoppingSettings, TableSettings, fit_table, load_model, save_model

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 3))
LABELS = (X[:, 0] > 0).astype(int)
SMALL = {"hidden_layer_sizes": (4,), "max_iter": 3, "random_state": 0}
OF_LABELS = [alias for alias in ALIASES if canonical_loss(alias) in LABEL_LOSSES]
OF_NUMBERS = [alias for alias in ALIASES if canonical_loss(alias) in NUMBER_LOSSES]

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def one_hot(labels: np.ndarray) -> np.ndarray:
    return np.eye(2)[labels]


@pytest.mark.parametrize("alias", ALIASES)
def test_an_alias_is_no_loss_of_its_own_and_means_one(alias: str) -> None:
    assert alias not in LOSSES
    assert get_loss(alias) == get_loss({"kind": alias}) == get_loss(ALIASES[alias])
    assert get_loss(alias).name == canonical_loss(alias) == get_loss(alias).to_dict()["kind"]


def test_settings_go_with_an_alias_and_win_over_its_own() -> None:
    assert get_loss("bce", label_smoothing=0.1) == get_loss("sigmoid_cross_entropy", label_smoothing=0.1)
    assert get_loss({"kind": "categorical_crossentropy", "probabilities": False}) == get_loss("softmax_cross_entropy")


@pytest.mark.parametrize(("slip", "meant"), [("binary_crossentropi", "binary_crossentropy"), ("mes", "mse")])
def test_a_slip_is_answered_with_the_alias_that_was_meant(slip: str, meant: str) -> None:
    with pytest.raises(InvalidSettingError, match=f"Did you mean '{meant}'"):
        get_loss(slip)


def test_log_loss_needs_a_number_of_outputs() -> None:
    with pytest.raises(
        InvalidSettingError, match=r"depend on the number of outputs, got 'log_loss'\. Use 'sigmoid_cross_entropy' for"
    ):
        get_loss("log_loss")


@pytest.mark.parametrize(("units", "name"), [(1, "sigmoid_cross_entropy"), (2, "softmax_cross_entropy")])
def test_a_trainer_s_log_loss_goes_by_the_number_of_outputs(units: int, name: str) -> None:
    (loss,) = Trainer(Sequential([Dense(units)]), "log_loss").losses
    assert loss == get_loss(name)


@pytest.mark.parametrize(
    ("alias", "y"), [("categorical_crossentropy", one_hot(LABELS)), ("sparse_categorical_crossentropy", LABELS)]
)
def test_keras_names_take_the_targets_that_they_take_in_keras(alias: str, y: np.ndarray) -> None:
    trainer = Trainer(Sequential([Dense(2)]), alias, dtype="float64", seed=0)
    assert trainer.fit(X, y, max_epochs=2)[-1]["loss"] == pytest.approx(
        Trainer(Sequential([Dense(2)]), "cross_entropy", dtype="float64", seed=0).fit(X, LABELS, max_epochs=2)[-1]["loss"]
    )


@pytest.mark.parametrize("alias", OF_LABELS)
def test_a_classifier_learns_the_same_by_an_alias(alias: str) -> None:
    by_alias, by_name = (MLPClassifier(loss=loss, **SMALL).fit(X, LABELS) for loss in (alias, canonical_loss(alias)))
    assert by_alias.loss_ == pytest.approx(by_name.loss_)
    assert hasattr(by_alias, "predict_proba") == hasattr(by_name, "predict_proba")
    assert by_alias.loss == alias  # as scikit-learn wants it


@pytest.mark.parametrize("alias", OF_NUMBERS)
def test_a_regressor_learns_the_same_by_an_alias(alias: str) -> None:
    by_alias, by_name = (MLPRegressor(loss=loss, **SMALL).fit(X, X[:, 0]) for loss in (alias, canonical_loss(alias)))
    assert by_alias.loss_ == by_name.loss_


def table_of(y: np.ndarray) -> pa.Table:
    return pa.table({"a": X[:, 0], "b": X[:, 1], "y": y})


def settings_of(loss: str) -> TableSettings:
    return TableSettings(optimization=OptimizationSettings(loss=loss), stopping=StoppingSettings(max_epochs=3))


@pytest.mark.parametrize("alias", OF_NUMBERS)
def test_a_table_s_model_and_its_file_have_the_loss_s_own_name(alias: str, tmp_path: Path) -> None:
    model = fit_table(table_of(X[:, 0]), "y", settings=settings_of(alias)).model
    save_model(model, tmp_path / "m.lamina")
    loaded = load_model(tmp_path / "m.lamina")
    assert model.estimator.loss == loaded.estimator.loss == canonical_loss(alias)
    further = fit_table(table_of(X[:, 0]), "y", settings=settings_of(alias), continue_from=loaded).model
    assert further.estimator.loss == canonical_loss(alias)


@pytest.mark.parametrize("alias", OF_LABELS)
def test_a_table_of_labels_takes_an_alias(alias: str) -> None:
    model = fit_table(table_of(np.array(["no", "yes"])[LABELS]), "y", settings=settings_of(alias)).model
    assert model.estimator.loss == canonical_loss(alias)


def test_an_alias_takes_settings_in_a_text() -> None:
    loss = fit_table(
        table_of(np.array(["no", "yes"])[LABELS]), "y", settings=settings_of("bce:label_smoothing=0.1")
    ).model.estimator.loss
    assert isinstance(loss, Loss)
    assert loss == get_loss("sigmoid_cross_entropy", label_smoothing=0.1)


@pytest.mark.filterwarnings("ignore:target 'y'.* log scale:lamina.data.DataWarning")
def test_the_mean_squared_error_by_any_name_may_be_learned_on_a_log_scale() -> None:
    skewed = table_of(np.exp(3 * X[:, 0]))
    by_alias, by_name = (fit_table(skewed, "y", settings=settings_of(loss)).model for loss in ("mse", "squared_error"))
    assert by_alias.scale == by_name.scale


def test_a_network_s_description_has_the_loss_s_own_name() -> None:
    description = json.dumps(Trainer(Sequential([Dense(1)]), "mse").settings.to_dict())
    assert '"squared_error"' in description and '"mse"' not in description
