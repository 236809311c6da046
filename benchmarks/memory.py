"""Memory: how far training rises above what is there already, as a share of X (1,000,000 × 100 float32).

    python -m benchmarks.memory lamina

prints the share for one side; :func:`measure_memory` starts a process a side. Linux only: it reads /proc.
"""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["measure_memory"]

_ROWS, _FEATURES, _BATCH = 1_000_000, 100, 1_000


def measure_memory() -> dict[str, float]:
    """By side, the rise of the peak over X's bytes. Empty where /proc does not tell."""
    if not Path("/proc/self/clear_refs").exists():
        return {}
    return {side: _in_process(side) for side in ("lamina", "lamina estimator", "scikit-learn")}


def _in_process(side: str) -> float:
    done = subprocess.run([sys.executable, "-m", "benchmarks.memory", side], stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout)


def _share(side: str) -> float:
    """Trains on a little, so that all libraries are loaded, then on everything."""
    warnings.simplefilter("ignore")
    x = np.random.default_rng(0).standard_normal(size=(_ROWS, _FEATURES), dtype=np.float32)
    y = (x[:, 0] > 0).astype(np.int64)
    _train(side, x[: 4 * _BATCH], y[: 4 * _BATCH])
    before = _resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    _train(side, x, y)
    return (_resident("VmHWM") - before) / x.nbytes


def _train(side: str, x: np.ndarray, y: np.ndarray) -> None:
    if side == "lamina":
        import lamina

        network = lamina.Sequential([lamina.Dense(32, activation="relu"), lamina.Dense(2)])
        lamina.Trainer(network, "softmax_cross_entropy", batch_size=_BATCH).fit(x, y, max_epochs=1)
        return
    _estimator(side)(hidden_layer_sizes=(32,), batch_size=_BATCH, max_iter=1).fit(x, y)


def _estimator(side: str) -> Any:
    if side == "scikit-learn":
        from sklearn.neural_network import MLPClassifier
    else:
        from lamina import MLPClassifier
    return MLPClassifier


def _resident(field: str) -> int:
    """Bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(field + ":"))


if __name__ == "__main__":
    print(_share(sys.argv[1]))
