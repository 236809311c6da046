"""Tables with a category of many values, of which the network learns vectors."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from lamina import TabularClassifier, TabularRegressor, diagnose, load_model, permutation_importance, save_model
from lamina.cli.main import main
from lamina.errors import FileError, InvalidSettingError
from lamina.layers import Embedding
from lamina.model import TableModel, TableSettings
from lamina.model.table_settings import NetworkSettings, OptimizationSettings, RunSettings, StoppingSettings

NUM_ROWS, NUM_TOWNS = 3000, 150
LEVELS = np.random.default_rng(1).normal(size=NUM_TOWNS)


def flats(num_rows: int = NUM_ROWS, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """The price depends on the town and the size; one town in fifty is missing."""
    rng = np.random.default_rng(seed)
    size, town = rng.normal(size=num_rows), rng.integers(NUM_TOWNS, size=num_rows)
    names = np.where(rng.random(num_rows) < 0.02, None, np.char.add("town ", town.astype(str)))
    level = np.where(names == None, 0.0, LEVELS[town])  # noqa: E711  # elementwise
    return pd.DataFrame({"size": size, "town": names}), 3 * level + size + 0.1 * rng.normal(size=num_rows)


X, Y = flats()
X_TEST, Y_TEST = flats(1000, seed=7)
UNSEEN = pd.DataFrame({"size": [0.0, 0.0], "town": ["Atlantis", None]})


def regressor(**settings: Any) -> TabularRegressor:
    return TabularRegressor(**{"random_state": 0, "max_epochs": 30, "patience": 30, "members": 2, "n_threads": 1, **settings})


@pytest.fixture(scope="module")
def model() -> TabularRegressor:
    return regressor().fit(X, Y)


def test_a_column_of_more_than_100_frequent_categories_is_learned_by_vectors(model: TabularRegressor) -> None:
    assert model.model_.encoder.cardinalities == (None, 2 + NUM_TOWNS)
    assert any(isinstance(node.layer, Embedding) for node in model.model_.estimator.network_.nodes)
    with_features = regressor(embed_from=None).fit(X, Y)
    assert with_features.model_.encoder.cardinalities is None
    assert model.score(X_TEST, Y_TEST) > max(0.97, with_features.score(X_TEST, Y_TEST))


def test_unseen_and_missing_categories_are_predicted_near_the_average_and_unfamiliar(model: TabularRegressor) -> None:
    unseen, missing = model.predict(UNSEEN)
    assert abs(unseen - Y.mean()) < 1.0
    assert abs(missing) < 0.3
    assert model.unfamiliar(UNSEEN).counts.tolist() == [1, 0]


def test_one_row_gives_what_a_table_gives(model: TabularRegressor) -> None:
    expected = model.predict(X_TEST[:20])
    rows = [model.predict({"size": size, "town": town}) for size, town in X_TEST[:20].to_numpy()]
    np.testing.assert_allclose(np.ravel(rows), expected, rtol=1e-5)


def test_intervals_are_calibrated_on_codes(model: TabularRegressor) -> None:
    calibration: Any = model.model_.calibration
    assert calibration is not None
    if calibration.difficulty is not None:
        assert calibration.difficulty.network.cardinalities == (None, 2 + NUM_TOWNS, None)
    low, high = model.predict_interval(X_TEST, 0.9).T
    assert 0.85 < np.mean((low <= Y_TEST) & (high >= Y_TEST)) < 0.95


def test_permutation_importance_shuffles_the_category_as_one_column(model: TabularRegressor) -> None:
    found = permutation_importance(model, X_TEST, Y_TEST, repeats=1)
    assert [found.names[i] for i in found.order] == ["town", "size"]


def test_a_file_keeps_codes_and_predicts_the_same(model: TabularRegressor, tmp_path: Path) -> None:
    model.save(tmp_path / "flats.lamina")
    loaded = load_model(tmp_path / "flats.lamina")
    assert isinstance(loaded, TableModel)
    assert loaded.encoder.cardinalities == model.model_.encoder.cardinalities
    np.testing.assert_array_equal(loaded.predict(X_TEST), model.predict(X_TEST))


def test_a_file_whose_codes_are_not_those_of_its_network_is_refused(model: TabularRegressor, tmp_path: Path) -> None:
    changed = copy.deepcopy(model.model_)
    changed.estimator.set_params(cardinalities=(None, NUM_TOWNS))
    save_model(tmp_path / "flats.lamina", changed)
    with pytest.raises(FileError, match="the codes of the columns must be"):
        load_model(tmp_path / "flats.lamina")


def test_training_goes_on_with_the_codes_that_were_learned() -> None:
    model = regressor(warm_start=True, max_epochs=5).fit(X, Y)
    before, cardinalities = model.score(X_TEST, Y_TEST), model.model_.encoder.cardinalities
    later, prices = flats(2000, seed=3)
    later.loc[:5, "town"] = "Atlantis"
    model.fit(later, prices)
    assert model.model_.encoder.cardinalities == cardinalities
    assert model.score(X_TEST, Y_TEST) > before
    with pytest.raises(InvalidSettingError, match="embed_from must stay 101"):
        model.set_params(embed_from=2).fit(later, prices)


def test_a_clone_and_a_classifier_learn_codes_too() -> None:
    labels = np.where(Y > 0, "dear", "cheap")
    model = clone(TabularClassifier(max_epochs=15, random_state=0, embed_from=120, preset="fast")).fit(X, labels)
    assert model.model_.encoder.cardinalities == (None, 2 + NUM_TOWNS)
    assert model.score(X_TEST, np.where(Y_TEST > 0, "dear", "cheap")) > 0.9


@pytest.mark.filterwarnings("ignore::lamina.training.TrainingWarning")
@pytest.mark.parametrize("optimizer", ["lbfgs", "perturb-all"])
def test_optimizers_that_compare_losses_learn_vectors_without_masks(optimizer: str) -> None:
    model = regressor(optimizer=optimizer, members=None, max_epochs=20).fit(X, Y)
    (embedding,) = (node.layer for node in model.model_.estimator.network_.nodes if isinstance(node.layer, Embedding))
    assert embedding.mask == 0


def test_the_doctor_does_not_take_codes_for_unscaled_numbers() -> None:
    found = diagnose(regressor(preset="fast", members=None, max_epochs=15), X[:1500], Y[:1500])
    assert "unscaled_inputs" not in [finding.name for finding in found]


def test_info_tells_how_many_codes_a_column_has(
    model: TabularRegressor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "flats.lamina"
    model.save(path)
    main(["info", str(path), "--json"])
    said = json.loads(capsys.readouterr().out)
    assert said["columns"]["town"] == {"kind": "category", "features": ["town"]}
    (row,) = (row for row in said["read"] if row["column"] == "town")
    assert row["form"] == f"{2 + NUM_TOWNS} codes"


def test_more_than_100_000_rows_are_learned_by_one_network_in_few_epochs_with_a_falling_rate() -> None:
    usual, large = TableSettings().filled(100_000), TableSettings().filled(600_000)
    assert (usual.network.members, usual.network.dropout, usual.optimization.schedule) == (4, 0.1, "constant")
    assert (usual.stopping.max_epochs, usual.optimization.averaging) == (200, 0.8)
    assert (large.network.members, large.network.dropout, large.optimization.schedule) == (1, 0.0, "flat_cosine")
    assert (large.stopping.max_epochs, large.optimization.averaging) == (10, 0.0)


def test_what_is_given_stays_as_it_is_for_many_rows_and_optimizers_that_compare_losses_keep_their_own() -> None:
    given = TableSettings(
        network=NetworkSettings(members=3, dropout=(0.2,)),
        stopping=StoppingSettings(max_epochs=50),
        run=RunSettings(preset="fast"),
    ).filled(1_000_000)
    assert (given.network.members, given.network.dropout, given.stopping.max_epochs) == (3, (0.2,), 50)
    compared = TableSettings(optimization=OptimizationSettings(optimizer="lbfgs")).filled(1_000_000)
    assert (compared.optimization.schedule, compared.stopping.max_epochs, compared.network.members) == ("constant", 200, 1)


def test_a_large_table_is_trained_as_its_settings_say() -> None:
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=130_000)
    model = TabularRegressor(random_state=0, hidden=(4,), bins=0, calibration=False, batch_size=4096, n_threads=1)
    model.fit(pd.DataFrame({"number": numbers}), 2 * numbers)
    assert (model.n_iter_, model.model_.estimator.members) == (51, 1)  # 6,000,000 // 117,000
    assert model.model_.summary["settings"]["schedule"] == "flat_cosine"
