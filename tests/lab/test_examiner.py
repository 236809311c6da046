"""The doctor examines one experiment at a time, and the newest alone counts."""

from __future__ import annotations

import queue
import threading
from typing import Any

import numpy as np
import pytest

from lamina.errors import DataError
from lamina.lab import examiner as module
from lamina.lab.curves import Curves
from lamina.lab.examiner import Examiner
from lamina.lab.experiment import build, rows_of
from lamina.lab.state import LabState

LONG_S = 60
EXPERIMENT = build(LabState(), rows_of(LabState()))
NO_CURVES = Curves(*np.empty((3, 0)))


def test_findings_have_the_number_of_their_run() -> None:
    told: queue.Queue[Any] = queue.Queue()
    Examiner(told.put).examine(EXPERIMENT, 3, NO_CURVES)
    message = told.get(timeout=LONG_S)
    assert (message["kind"], message["run"], message["error"]) == ("findings", 3, "") and message["findings"]


def test_an_examination_that_was_given_up_ends_its_training_and_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    told: queue.Queue[Any] = queue.Queue()
    has_begun, may_go_on = threading.Event(), threading.Event()

    def examined(state: Any, rows: Any, callbacks: Any) -> list[Any]:
        has_begun.set()
        may_go_on.wait(LONG_S)
        callbacks[0].on_epoch_end(None, {})  # as a training does
        return [state.seed]

    monkeypatch.setattr(module, "examined", examined)
    examiner = Examiner(told.put)
    examiner.examine(EXPERIMENT, 1, NO_CURVES)
    assert has_begun.wait(LONG_S)
    examiner.examine(EXPERIMENT, 2, NO_CURVES)
    may_go_on.set()
    assert told.get(timeout=LONG_S)["run"] == 2
    assert told.empty()


@pytest.mark.parametrize(("error", "said"), [(DataError("These rows are wrong."), "These rows"), (KeyError("x"), "unexpectedly")])
def test_an_examination_that_fails_says_so(error: Exception, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def examined(*given: Any) -> None:
        raise error

    monkeypatch.setattr(module, "examined", examined)
    told: queue.Queue[Any] = queue.Queue()
    Examiner(told.put).examine(EXPERIMENT, 1, NO_CURVES)
    message = told.get(timeout=LONG_S)
    assert said in message["error"] and message["findings"] == []


def test_a_copy_is_trained_once_and_the_curves_are_looked_at_whenever_one_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[Any] = []

    def examined(*given: Any) -> list[dict[str, Any]]:
        trained.append(given)
        return [{"name": "healthy"}]

    monkeypatch.setattr(module, "examined", examined)
    told: queue.Queue[Any] = queue.Queue()
    examiner = Examiner(told.put)
    epochs = np.arange(1.0, 101.0)
    named = []
    for validation_losses in (1 / epochs, 1 / epochs + 0.01 * epochs):
        examiner.examine(EXPERIMENT, 1, Curves(epochs, 1 / epochs, validation_losses))
        named.append([finding["name"] for finding in told.get(timeout=LONG_S)["findings"]])
    assert named == [["healthy"], ["stopped_too_late"]] and len(trained) == 1
