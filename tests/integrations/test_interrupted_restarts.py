"""Ctrl-C while restarts train in other processes."""

from __future__ import annotations

import subprocess
import sys

import pytest

INTERRUPTED = """
import joblib, os, signal, threading, time, warnings
from sklearn.datasets import make_moons
from lamina import MLPClassifier
from lamina.training import Callback

warnings.simplefilter("ignore")
X, y = make_moons(80, random_state=0)

class Interrupt(Callback):
    def on_epoch_end(self, trainer, record):
        if trainer.epoch == 3:
            os.killpg(0, signal.SIGINT)  # as a terminal does

model = MLPClassifier(4, n_restarts=2, max_iter=2, on_interrupt="return").fit(X, y)
before = model.coefs_[0].copy()
model.set_params(max_iter=10**9, n_iter_no_change=10**9, callbacks=[Interrupt()])
try:
    with joblib.parallel_config("loky", n_jobs=2):
        model.fit(X, y)
except KeyboardInterrupt:
    print((model.coefs_[0] == before).all(), flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no groups of processes")
def test_ctrl_c_ends_restarts_in_processes_and_the_earlier_model_stays() -> None:
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, check=False, start_new_session=True, timeout=120
    )
    assert done.stdout.splitlines() == ["True"], done.stderr
