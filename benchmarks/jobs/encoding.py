"""Encoding rows of a real table for a network: ``python -m benchmarks.jobs.encoding SIDE FOLDER`` prints seconds as JSON."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.jobs.tables import load_table

__all__ = ["measure_encoding"]

_ROWS = 126_000
_REPEATS = 5


def measure_encoding(rounds: int, folder: Path) -> dict[str, dict[str, list[float]]]:
    """By side, a list a round of the seconds of ``fit`` and of ``transform``; a process a side and round.

    Raises
    ------
    NoDataError
        If the table is not there.
    """
    load_table("rossmann", folder)  # says what is missing before a process fails
    results: dict[str, dict[str, list[float]]] = {side: {"fit": [], "transform": []} for side in _ENCODERS}
    for _ in range(rounds):
        for side, seconds in results.items():
            command = [sys.executable, "-m", "benchmarks.jobs.encoding", side, str(folder)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            for step, took in json.loads(done.stdout).items():
                seconds[step].append(took)
    return results


def _lamina(frame: Any) -> Any:
    from lamina.data import TableEncoder

    return TableEncoder()


def _scikit_learn(frame: Any) -> Any:
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = frame.select_dtypes("number").columns
    texts = frame.columns.difference(numbers)
    scaled = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    return make_column_transformer((scaled, numbers), (OneHotEncoder(handle_unknown="ignore"), texts), sparse_threshold=0)


_ENCODERS: dict[str, Callable[[Any], Any]] = {"lamina": _lamina, "scikit-learn": _scikit_learn}


def _main(side: str, folder: Path) -> None:
    warnings.simplefilter("ignore")
    X, _, _ = load_table("rossmann", folder)
    categories = X.select_dtypes("category")  # as a file gives them: numbers or texts
    frame = X.head(_ROWS).astype({name: categories[name].cat.categories.dtype for name in categories})
    seconds: dict[str, list[float]] = {"fit": [], "transform": []}
    for _ in range(_REPEATS):
        encoder = _ENCODERS[side](frame)
        for step, took in seconds.items():
            began = time.perf_counter()
            getattr(encoder, step)(frame)
            took.append(time.perf_counter() - began)
    print(json.dumps({step: median(took[1:]) for step, took in seconds.items()}))  # the first fills caches


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]))
