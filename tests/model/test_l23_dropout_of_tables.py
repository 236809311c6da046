"""L23: Monte Carlo dropout from models of tables, in the target's own unit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lamina import TabularClassifier, TabularRegressor
from lamina.errors import InvalidSettingError

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame({"size": RNG.uniform(20, 200, 200), "town": RNG.choice(["Rome", "Oslo"], 200)})
RENT = FRAME["size"] * 10 + (FRAME["town"] == "Oslo") * 400
DEAR = np.where(RENT.median() < RENT, "dear", "cheap")
SETTINGS = {"hidden": 16, "dropout": 0.3, "max_epochs": 30, "random_state": 0}


@pytest.mark.parametrize("threshold", [None, 0.8])
def test_probabilities_are_means_over_masks_and_decide(threshold: float | None) -> None:
    model = TabularClassifier(**SETTINGS, decision_threshold=threshold).fit(FRAME, DEAR)
    found = model.predict_distribution(FRAME, mc_samples=30, seed=2)
    np.testing.assert_allclose(found.mean.sum(axis=1), 1.0)
    assert (found.spread > 0).any()
    np.testing.assert_array_equal(model.predict_proba(FRAME, mc_samples=30, seed=2), found.mean)
    decided = model.classes_[(found.mean[:, 1] > (threshold or 0.5)).astype(int)]
    np.testing.assert_array_equal(model.predict(FRAME, mc_samples=30, seed=2), decided)


@pytest.mark.parametrize("scale", ["linear", "log", "quantile"])
def test_numbers_are_means_in_the_targets_unit(scale: str) -> None:
    model = TabularRegressor(**SETTINGS, target_scale=scale).fit(FRAME, RENT)
    found = model.predict_distribution(FRAME, mc_samples=200)
    assert found.mean.shape == found.spread.shape == (200,)
    np.testing.assert_array_equal(model.predict(FRAME, mc_samples=200), found.mean)
    assert np.corrcoef(found.mean, model.predict(FRAME))[0, 1] > 0.95
    assert 0.5 * RENT.mean() < found.mean.mean() < 1.5 * RENT.mean()
    assert 10 < found.spread.mean() < RENT.std()


def test_one_row_and_several_targets() -> None:
    targets = np.column_stack([RENT, 2 * RENT])
    model = TabularRegressor(**SETTINGS, target_scale="linear").fit(FRAME, targets)
    assert model.predict({"size": 70.0, "town": "Oslo"}, mc_samples=5).shape == (1, 2)


def test_without_dropout_there_are_no_masks_to_draw() -> None:
    model = TabularClassifier(hidden=4, dropout=0.0, max_epochs=2, random_state=0).fit(FRAME, DEAR)
    with pytest.raises(InvalidSettingError, match="must have a dropout layer"):
        model.predict_proba(FRAME, mc_samples=10)
