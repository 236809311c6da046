"""A process ends as it should while a thread of it trains."""

from __future__ import annotations

import subprocess
import sys

import pytest

TRAINING = """
import threading, time
import numpy as np
from lamina import Callback, MLPClassifier

X = np.random.default_rng(0).normal(size=(20_000, 50))
model = MLPClassifier((256, 256), max_iter=10_000)
begun = threading.Event()
model.callbacks = [type("Begun", (Callback,), {"on_epoch_end": lambda self, trainer, record: begun.set()})()]
threading.Thread(target=model.fit, args=(X, X[:, 0] > 0), daemon=True).start()
assert begun.wait(60)
time.sleep(PAUSE)
"""


@pytest.mark.parametrize("pause", [0.0, 0.15])
def test_a_process_may_end_while_a_thread_trains(pause: float) -> None:
    code = TRAINING.replace("PAUSE", str(pause))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
