"""Whole processes: how long an import takes, and from nothing to a fitted model (``cold``)."""

from __future__ import annotations

import os
import subprocess
import sys
import time

__all__ = ["PROGRAMS", "measure_processes"]

_FIT = "from sklearn.datasets import load_iris; MLPClassifier(max_iter=50).fit(*load_iris(return_X_y=True))"

# (row, side) -> program; {side: seconds} are compared within a row.
PROGRAMS = {
    "import": {
        "lamina": "from lamina import MLPClassifier",
        "scikit-learn": "import sklearn.neural_network",
        "torch": "import torch",
        "JAX": "import jax.numpy",
        "NumPy": "import numpy",
    },
    "cold": {
        "lamina": f"from lamina import MLPClassifier; {_FIT}",
        "scikit-learn": f"from sklearn.neural_network import MLPClassifier; {_FIT}",
    },
}


def measure_processes(rounds: int) -> dict[str, dict[str, list[float]]]:
    """Seconds of every program that runs here, once a round, interleaved, after one run that fills caches."""
    results: dict[str, dict[str, list[float]]] = {}
    for row, programs in PROGRAMS.items():
        usable = [side for side, program in programs.items() if _run(program) is not None]
        results[row] = {side: [] for side in usable}
        for _ in range(rounds):
            for side in usable:
                results[row][side].append(_run(programs[side]) or float("nan"))
    return results


def _run(program: str) -> float | None:
    """Seconds; None if it failed, as it does where a library is not installed."""
    # Byte code is kept: pip compiles what it installs, and so the sources of this tree must not be compiled anew in every run.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    command = [sys.executable, "-W", "ignore", "-c", program]
    done = subprocess.run(command, capture_output=True, check=False, env=environment)
    return None if done.returncode else time.perf_counter() - began
