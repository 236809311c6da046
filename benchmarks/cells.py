"""Measures how fast the cells of tables are read and encoded, and single rows predicted: ``python -m benchmarks.cells``.

Rates are millions of cells a second of one core, from a column in memory to the features of a network; times of rows are
microseconds. Both are of the time that this process worked, and the best of several: other work on the machine counts little.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

from lamina import TabularClassifier
from lamina.data import TableEncoder

NUM_CELLS = 300_000
NUM_ROWS = 2_000
COLUMNS_OF_ROW = (6, 8)  # of numbers, of categories
RNG = np.random.default_rng(0)


def columns() -> dict[str, Any]:
    """Columns of every kind, as Arrow holds them, or as arrays of Python objects."""
    x, count = RNG.normal(0, 1e4, NUM_CELLS), RNG.integers(0, 10**9, NUM_CELLS)
    words = [f"word {i}" for i in RNG.integers(0, 1000, NUM_CELLS)]
    times = pd.Series((np.datetime64("1970-01-01T00:00:00") + RNG.integers(0, 20_000 * 86_400, NUM_CELLS)).astype("M8[ns]"))
    seconds = [divmod(second, 3600) for second in RNG.integers(0, 10**7, NUM_CELLS).tolist()]
    written = {
        "1234.567": map(str, x.round(3).tolist()),
        "$1,234.57": (f"${v:,.2f}" for v in x),
        "1234,567": (f"{v:.3f}".replace(".", ",") for v in x),
        "−1234.567": (f"{v:.3f}".replace("-", "\N{MINUS SIGN}") for v in x),
        "1234.567 kg": (f"{v:.3f} kg" for v in x),
        "2020-01-05T10:00:00": times.dt.strftime("%Y-%m-%dT%H:%M:%S"),
        "05/01/2020 10:00:00": times.dt.strftime("%d/%m/%Y %H:%M:%S"),
        "01/05/2020 10:00 AM": times.dt.strftime("%m/%d/%Y %I:%M %p"),
        "5 Jan 2020 10:00": times.dt.strftime("%d %b %Y %H:%M"),
        "January 05, 2020": times.dt.strftime("%B %d, %Y %H:%M"),
        "26:10:05": (f"{hours}:{rest // 60:02d}:{rest % 60:02d}" for hours, rest in seconds),
        "P1DT2H30M": (f"P{hours // 24}DT{hours % 24}H{rest // 60}M" for hours, rest in seconds),
        "1,000 texts": words,
        "texts that differ": (f"word {i}" for i in RNG.permutation(NUM_CELLS)),
    }
    return {
        "float64": pa.array(x),
        "int64": pa.array(count),
        "bool": pa.array(x > 0),
        **{name: pa.array(list(texts), pa.string()) for name, texts in written.items()},
        "objects: floats": x.astype(object),
        "objects: whole numbers": count.astype(object),
        "objects: truth values": (x > 0).astype(object),
        "objects: 1,000 texts": np.array(words, dtype=object),
        "objects: texts and numbers": np.array([v if i % 2 else str(v) for i, v in enumerate(x.round(2).tolist())], dtype=object),
    }


def best(work: Callable[[], Any], times: int, calls: int = 1) -> float:
    """The fewest seconds of one call, as this thread worked."""
    found = []
    for _ in range(times):
        start = time.thread_time()
        for _ in range(calls):
            work()
        found.append((time.thread_time() - start) / calls)
    return min(found)


def print_rates() -> None:
    print("column, million cells a second\n")
    for name, column in columns().items():
        frame = pd.DataFrame({"c": pd.Series(column)}) if isinstance(column, np.ndarray) else pa.table({"c": column})
        encoder = TableEncoder(min_count=1, sparse_output="auto").fit(frame)
        print(f"{name:28} {NUM_CELLS / best(lambda: encoder.transform(frame), 5) / 1e6:8.1f}")  # noqa: B023


def print_times_of_rows() -> None:
    numbers, categories = COLUMNS_OF_ROW
    table = {f"number {i}": RNG.integers(0, 1000, NUM_ROWS) for i in range(numbers)}
    words = {f"word {i}": RNG.choice([f"value {k}" for k in range(5 + 5 * i)], NUM_ROWS) for i in range(categories)}
    frame = pl.DataFrame({**table, **words})
    model = TabularClassifier(max_epochs=1, random_state=0, n_threads=1).fit(frame, RNG.random(NUM_ROWS) < 0.5)
    row = frame[7]
    given = {
        "dict": row.row(0, named=True),
        "tuple": row.row(0),
        "polars": row,
        "pandas": row.to_pandas(),
        "pyarrow": row.to_arrow(),
        "row of pandas": row.to_pandas().iloc[0],
    }
    print("\none row of 14 columns, µs of predict_proba\n")
    for name, X in given.items():
        print(f"{name:28} {1e6 * best(lambda: model.predict_proba(X), 20, 50):8.0f}")  # noqa: B023


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print_rates()
    print_times_of_rows()
