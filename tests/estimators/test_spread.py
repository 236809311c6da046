"""Many trainings spread by joblib over threads and processes: the same as one after the other, and no more threads than cores.

Ray and Dask: tests/integrations.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.datasets import make_moons

from lamina import MLPClassifier
from lamina.engine import num_processors
from lamina.estimators.fitting.joblib_workers import Workers, asked_workers

PROGRAM = Path(__file__).parents[1] / "integrations" / "spread.py"
MOONS = make_moons(80, noise=0.2, random_state=0)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("omp", [None, "64"], ids=["", "OMP_NUM_THREADS=64"])
@pytest.mark.parametrize("backend", ["threading", "loky", "multiprocessing"])
def test_spread_trainings_are_those_of_one_after_the_other(backend: str, omp: str | None) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    environment |= {} if omp is None else {"OMP_NUM_THREADS": omp}
    done = subprocess.run([sys.executable, PROGRAM, backend], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    share = max(1, num_processors() // 2)
    assert found == {"different": [], "threads": [share], "elsewhere": backend != "threading"}


def test_nothing_is_asked_for_without_a_context_of_joblib() -> None:
    assert asked_workers() == Workers()


def test_a_context_with_one_job_asks_for_nothing() -> None:
    with joblib.parallel_config("loky", n_jobs=1):
        assert asked_workers() == Workers()


def test_a_context_of_processes_asks_for_processes() -> None:
    with joblib.parallel_config("loky", n_jobs=2):
        assert asked_workers() == Workers(num_processes=2)


def test_a_worker_of_joblib_spreads_nothing_further() -> None:
    with joblib.parallel_config("loky", n_jobs=2):
        found = joblib.Parallel()(joblib.delayed(asked_workers)() for _ in range(2))
    assert {workers.num_processes for workers in found} == {0}


def test_restarts_in_processes_share_the_time_that_there_is() -> None:
    with joblib.parallel_config("loky", n_jobs=2):
        model = MLPClassifier(4, n_restarts=4, max_time=600.0, max_iter=3, random_state=0).fit(*MOONS)
    assert model.max_time == 600.0
    assert [row.epochs for row in model.restarts_] == [3] * 4


def test_a_fit_whose_restarts_ran_in_processes_can_be_fitted_again() -> None:
    model = MLPClassifier(4, n_restarts=2, max_iter=3, random_state=0, learning_rate_init=0.01)
    with joblib.parallel_config("loky", n_jobs=2):
        spread = model.fit(*MOONS).coefs_[0].copy()
    np.testing.assert_array_equal(model.fit(*MOONS).coefs_[0], spread)


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
