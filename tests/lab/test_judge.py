"""A network is judged by its validation rows, which it sees once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lamina import metrics
from lamina.lab.experiment import build, rows_of
from lamina.lab.judge import Judge
from lamina.lab.pictures import decision_map
from lamina.lab.state import DataState, LabState, LayerState, TrainingState


@pytest.mark.parametrize("loss", ["hinge", "squared_error"])
def test_a_class_is_told_by_where_the_loss_parts_the_two(loss: str) -> None:
    state = LabState(DataState("circles", rows=200), (LayerState(8),), TrainingState(loss=loss))
    experiment = build(state, rows_of(state))
    experiment.trainer.fit(experiment.rows.X, experiment.y, max_epochs=150)
    assert Judge(experiment).measure()["metric"] > 0.9
    picture = decision_map(experiment, 32)
    assert picture[16, 16] > 200 > 50 > picture[0, 0] or picture[16, 16] < 50 < 200 < picture[0, 0]


@pytest.mark.parametrize("source", ["xor", "waves", "digits"])
def test_loss_and_metric_are_those_of_the_library_from_one_pass(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    state = LabState(DataState(source, rows=200))
    rows = rows_of(state)
    experiment = build(state, rows)
    trainer = experiment.trainer
    trainer.fit(rows.X, rows.y, max_epochs=5)
    logits = np.asarray(trainer.predict_logits(rows.X_val))
    expected = trainer.evaluate(rows.X_val, rows.y_val)["loss"]
    passes: list[Any] = []
    predict = trainer.predict_logits
    monkeypatch.setattr(trainer, "predict_logits", lambda X: passes.append(X) or predict(X))
    monkeypatch.setattr(trainer, "evaluate", lambda *given: pytest.fail("a second pass"))
    found = Judge(experiment).measure()
    assert len(passes) == 1
    assert found["loss"] == pytest.approx(expected, rel=1e-5)
    if source == "waves":
        assert found["metric"] == pytest.approx(metrics.r2(rows.y_val, logits[:, 0]), rel=1e-5)
    else:
        labels = logits.argmax(axis=1) if logits.shape[1] > 1 else logits[:, 0] > 0
        assert found["metric"] == pytest.approx(metrics.accuracy(rows.y_val.astype(int), labels.astype(int)))


def test_the_metric_of_a_target_that_is_the_same_everywhere_is_no_number() -> None:
    state = LabState(DataState("plane"))
    rows = rows_of(state)
    same = rows._replace(y_val=np.zeros_like(rows.y_val))
    experiment = build(state, same)
    experiment.trainer.fit(rows.X, rows.y, max_epochs=1)
    assert not np.isfinite(Judge(experiment).measure()["metric"])
