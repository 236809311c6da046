"""The real tables of the jobs, as CSV files of training and test rows.

A loader outside the repository knows where the tables come from: a folder with ``load.py``, whose ``REGISTRY`` has a function a
table that returns columns, target and task.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

__all__ = ["FOLDER", "NAMES", "NoDataError", "RealTable", "load_table", "write_table"]

FOLDER = Path(__file__).parents[3] / "shared" / "data"
"""Where the loader is looked for: beside the repository."""

NAMES = ("rossmann", "flights_3m", "adult")
_TEST_SHARE = 0.2


class NoDataError(Exception):
    """There is no loader, or the files are not there that it reads."""


class RealTable(NamedTuple):
    """A table in two files; ``task`` is "regression" or "classification"."""

    name: str
    target: str
    task: str
    num_rows: int
    train: Path
    test: Path


def load_table(name: str, folder: Path) -> tuple[Any, Any, str]:
    """Columns as a data frame, the target as a series, and the task."""
    script = folder / "load.py"
    if not script.exists():
        raise NoDataError(f"no real tables: there is no {script}. Name the folder: --data FOLDER.")
    spec = importlib.util.spec_from_file_location("load", script)
    assert spec is not None
    assert spec.loader is not None
    loader = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loader)
    if name not in loader.REGISTRY:
        raise NoDataError(f"no table {name}: {script} has {', '.join(loader.REGISTRY)}")
    try:
        X, y, task = loader.REGISTRY[name].fn()
    except (FileNotFoundError, ImportError) as error:
        raise NoDataError(f"no table {name}: {error}") from error
    return X, y, "regression" if task == "regression" else "classification"


def write_table(name: str, folder: Path, into: Path) -> RealTable:
    """Write a table's training and test rows, drawn at random, in the order of the table."""
    X, y, task = load_table(name, folder)
    target = str(y.name or "target")
    frame = X.assign(**{target: y})
    is_test = np.random.default_rng(0).random(len(frame)) < _TEST_SHARE
    table = RealTable(name, target, task, len(frame), into / f"{name}-train.csv", into / f"{name}-test.csv")
    frame[~is_test].to_csv(table.train, index=False)
    frame[is_test].to_csv(table.test, index=False)
    return table
