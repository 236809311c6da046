"""A fit outlives what it cannot print or log."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from lamina.estimators import MLPClassifier
from lamina.model import TableSettings, fit_table
from lamina.training import JsonlLog, TrainingWarning


@pytest.fixture
def rows() -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(0).normal(size=(60, 2))
    return X, X[:, 0] > 0


@pytest.mark.parametrize("error", [BrokenPipeError, OSError, ValueError])
def test_verbose_lines_that_nobody_reads_do_not_end_a_fit(
    rows: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    class Closed:
        def write(self, text: str) -> int:
            raise error("nobody listens")

    monkeypatch.setattr(sys, "stdout", Closed())
    model = MLPClassifier((4,), max_iter=300, tol=1.0, verbose=True, random_state=0).fit(*rows)
    assert model.stop_reason_.code == "converged"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_log_on_a_full_disk_leaves_a_fitted_model(rows: tuple[np.ndarray, np.ndarray]) -> None:
    model = MLPClassifier((4,), max_iter=3, callbacks=[JsonlLog("/dev/full")], random_state=0)
    with pytest.warns(TrainingWarning, match="/dev/full") as said:
        model.fit(*rows)
    assert "Its last 3 lines are missing, but the history has them" in str(said[1].message)
    assert model.predict(rows[0]).shape == (60,)
    assert (model.n_iter_, model.stop_reason_.code) == (3, "max_epochs")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_a_log_on_a_full_disk_leaves_the_model_of_a_table() -> None:
    table = pa.table({"x": np.arange(60) / 10, "y": ["a", "b"] * 30})
    with pytest.warns(TrainingWarning, match="/dev/full"):
        result = fit_table(table, "y", callbacks=[JsonlLog("/dev/full")], settings=TableSettings.of({"max_epochs": 2}))
    assert result.model.predict(table).shape == (60,)
