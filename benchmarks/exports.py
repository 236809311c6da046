"""How equal and how fast exported models are, on real tables with gaps and unseen values added.

``python -m benchmarks.exports FOLDER NAME …``: FOLDER has a ``load.py`` with a ``REGISTRY`` of loaders, as
``make bench-quality DATA=FOLDER`` takes it; without names, all of its tables, and without a folder, the adult table alone.
Prints the largest error of onnxruntime and of onnx's evaluator, as a part of the largest value, the share of equal labels, and
the time of one row in onnxruntime with one thread.
"""

from __future__ import annotations

import importlib.util
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
from onnx.reference import ReferenceEvaluator

from lamina import TabularClassifier, TabularRegressor
from lamina.export import to_onnx
from lamina.model import TableModel

ADULT = Path(__file__).parents[1] / "examples" / "data" / "adult.csv.gz"
MOST_ROWS = 6000


def tables(arguments: list[str]) -> Iterator[tuple[str, pd.DataFrame, pd.Series, bool]]:
    """Name, columns, target, and whether that is a number."""
    if not arguments:
        adult = pd.read_csv(ADULT, skipinitialspace=True, na_values="?")
        yield "adult", adult.drop(columns="income"), adult["income"], False
        return
    spec = importlib.util.spec_from_file_location("load", Path(arguments[0]) / "load.py")
    assert spec is not None
    assert spec.loader is not None
    load = importlib.util.module_from_spec(spec)
    sys.modules["load"] = load
    spec.loader.exec_module(load)
    for name in arguments[1:] or load.REGISTRY:
        try:
            X, y, task = load.REGISTRY[name].fn()
        except (ImportError, FileNotFoundError) as error:
            print(f"{name}: left out, {error}")
            continue
        yield name, X, y, task == "regression"


def damaged(rows: pd.DataFrame) -> pd.DataFrame:
    """A twentieth of each column missing, and as many categories that nobody knows."""
    rng = np.random.default_rng(0)
    rows = rows.reset_index(drop=True).copy()
    for column in rows:
        if rows[column].dtype.kind in "iuf":
            rows[column] = rows[column].astype(float)
            rows.loc[rng.random(len(rows)) < 0.05, column] = np.nan
            continue
        rows[column] = rows[column].astype(object)
        rows.loc[rng.random(len(rows)) < 0.05, column] = "never seen"
        rows.loc[rng.random(len(rows)) < 0.05, column] = None
    return rows


def values_of(model: TableModel, rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """The columns in use as they are after reading: what the exported model takes."""
    read, found = model.read(rows), {}
    for column in model.encoder.encoders_:
        values = read[column.column]
        if values.kind == "boolean":
            found[column.column] = np.where(values.array < 0, np.nan, values.array.astype(float))
        elif values.names is not None:
            found[column.column] = np.array([*values.names, ""], dtype=object)[values.array]
        else:
            found[column.column] = values.array.astype(np.int64) if values.kind == "date" else values.array
    return found


def measured(model: TableModel, rows: pd.DataFrame, path: Path) -> tuple[list[float], float, float]:
    """Errors of both evaluators, the share of equal labels, and microseconds for one row."""
    to_onnx(model, path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session, given = onnxruntime.InferenceSession(path, options), values_of(model, rows)
    wanted: Any = model.predict(rows) if model.target.task == "regression" else model.predict_proba(rows)
    errors, equal = [], 1.0
    for run in (session.run, ReferenceEvaluator(str(path)).run):
        first, *others = run(None, given)
        got = others[0] if others else first
        errors.append(float(np.abs(got - wanted).max() / np.abs(wanted).max()))
        equal = min(equal, float((first == model.predict(rows)).mean())) if others else equal
    one = {name: values[:1] for name, values in given.items()}
    session.run(None, one)
    begin = perf_counter()
    for _ in range(1000):
        session.run(None, one)
    return errors, equal, (perf_counter() - begin) * 1e3


def main() -> None:
    import tempfile

    warnings.simplefilter("ignore")
    path = Path(tempfile.mkdtemp()) / "model.onnx"
    for name, X, y, is_number in tables(sys.argv[1:]):
        order = np.random.default_rng(0).permutation(len(X))[:MOST_ROWS]
        X, y = X.iloc[order].reset_index(drop=True), y.iloc[order].reset_index(drop=True)
        train = len(X) * 2 // 3
        kind = TabularRegressor if is_number else TabularClassifier
        model = kind(max_epochs=8, random_state=0).fit(X[:train], y[:train]).model_
        (error, of_reference), equal, time_us = measured(model, damaged(X[train:]), path)
        print(
            f"{name:20} {X.shape[1]:4} columns  error {error:.1e} {of_reference:.1e}  labels {equal:.3f}  {time_us:5.0f} us a row"
        )


if __name__ == "__main__":
    main()
