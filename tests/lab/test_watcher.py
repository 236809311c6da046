"""A watcher sends frames of a training, whatever its numbers are."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.lab.experiment import build, rows_of
from lamina.lab.frames import unpack
from lamina.lab.state import DataState, LabState
from lamina.lab.watcher import Watcher
from lamina.training import Monitor


class Told:
    """A session that lets everything go on, and keeps what it is told."""

    run, pace, is_stepping, goes_by_epochs = 0, 1e9, False, True

    def __init__(self) -> None:
        self.frames: list[Any] = []

    def allow(self, watcher: Watcher, *, after: str) -> bool:
        return True

    def tell(self, message: bytes | dict[str, Any]) -> None:
        self.frames.append(message)


def test_a_loss_that_is_beyond_float32_is_shown_as_infinite() -> None:
    state = LabState(DataState("waves"))
    rows, told, monitor = rows_of(state), Told(), Monitor(rows=16)
    watcher = Watcher(told, monitor)
    watcher.experiment = build(state, rows, [monitor, watcher])
    trainer = watcher.experiment.trainer
    trainer.fit(rows.X, rows.y, max_epochs=1)
    trainer.weights["output.weight"][...] = 1e25
    watcher.show(whole=True)
    values, arrays = unpack(told.frames[-1])
    assert values["validation"]["loss"] > 1e40
    assert np.isposinf(arrays["curves"][-1, 2])
