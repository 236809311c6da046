"""How long one row takes, in a process and over HTTP: ``python -m benchmarks.serving``.

A row of the adult table, 14 columns, is predicted by a model of the table, by onnxruntime on the exported file, and by a pipeline
of scikit-learn with a network of as many units; an array of 20 numbers by networks of 100 units. All take turns, with one thread
each; the median of the rounds counts (``--clock cpu``: of processor time, for a machine that others use too). Then ``lamina
serve`` answers requests of several clients at once, each with a connection of its own. Needs the extras ``onnx`` and ``lab``,
onnxruntime and pandas.
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import make_classification
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPClassifier as ScikitLearnsMLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from benchmarks.exports import values_of
from benchmarks.machine import describe_machine
from lamina import MLPClassifier, TabularClassifier, load_model, save_model
from lamina.export import to_onnx
from lamina.model import TableModel

ADULT = Path(__file__).parents[1] / "examples" / "data" / "adult.csv.gz"
ROWS = 6000  # to train on; how many does not change how long a row takes
CALLS = 500  # of a round
DISTINCT = 200  # rows that take turns


def sides_of_table(frame: pd.DataFrame, model: TableModel, folder: Path) -> dict[str, Callable[[int], Any]]:
    """By name, what predicts the i-th row."""
    X, y = frame.drop(columns="income"), frame["income"]
    dicts = [{name: _plain(value) for name, value in row.items()} for row in X.head(DISTINCT).to_dict("records")]
    tuples = [tuple(row.values()) for row in dicts]
    frames = [X.iloc[[i]] for i in range(DISTINCT)]
    series = [X.iloc[i] for i in range(DISTINCT)]
    network = ScikitLearnsMLPClassifier(model.estimator.hidden_layer_sizes, max_iter=5)
    categories = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    encoder = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")), (categories, make_column_selector(dtype_exclude="number"))
    )
    pipeline = make_pipeline(encoder, network).fit(X[:ROWS], y[:ROWS])
    session, given = session_of(model, folder), values_of(model, X.head(DISTINCT))
    arrays = [{name: values[i : i + 1] for name, values in given.items()} for i in range(DISTINCT)]
    label = session.get_outputs()[0].name
    assert [session.run([label], arrays[i])[0][0] for i in range(DISTINCT)] == [model.predict(row)[0] for row in dicts]
    return {
        "Lamina, a dict": lambda i: model.predict(dicts[i]),
        "Lamina, a tuple": lambda i: model.predict(tuples[i]),
        "Lamina, a row of pandas": lambda i: model.predict(series[i]),
        "Lamina, a frame of pandas": lambda i: model.predict(frames[i]),
        "Lamina, probabilities of a dict": lambda i: model.predict_proba(dicts[i]),
        "onnxruntime, the exported file, columns as arrays": lambda i: session.run([label], arrays[i]),
        "scikit-learn's Pipeline, a frame of pandas": lambda i: pipeline.predict(frames[i]),
    }


def sides_of_array(folder: Path) -> dict[str, Callable[[int], Any]]:
    """By name, what predicts the i-th row."""
    X, y = make_classification(2000, 20, random_state=0)
    X = X.astype(np.float32)
    model = MLPClassifier(max_iter=5, random_state=0, n_threads=1).fit(X, y)
    other = ScikitLearnsMLPClassifier(max_iter=5, random_state=0).fit(X, y)
    save_model(folder / "array.lamina", model)
    loaded: Any = load_model(folder / "array.lamina")
    session, rows = session_of(model, folder), [X[i : i + 1] for i in range(DISTINCT)]
    name, label = session.get_inputs()[0].name, session.get_outputs()[0].name
    return {
        "Lamina": lambda i: loaded.predict(rows[i]),
        "Lamina, probabilities": lambda i: loaded.predict_proba(rows[i]),
        "onnxruntime, the exported file": lambda i: session.run([label], {name: rows[i]}),
        "scikit-learn": lambda i: other.predict(rows[i]),
    }


def session_of(model: Any, folder: Path) -> onnxruntime.InferenceSession:
    """onnxruntime with one thread on the exported model."""
    path = folder / f"{type(model).__name__}.onnx"
    to_onnx(model, path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options)


def print_times(title: str, sides: dict[str, Callable[[int], Any]], rounds: int, clock: Callable[[], float]) -> None:
    """A table of the microseconds that each side takes for a row."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for predict in sides.values():  # what is kept of values is known from then on
        for i in range(DISTINCT):
            predict(i)
    for _ in range(rounds):
        for name, predict in sides.items():
            began = clock()
            for i in range(CALLS):
                predict(i % DISTINCT)
            found[name].append((clock() - began) / CALLS * 1e6)
    print(f"\n| {title} | µs | least µs |\n|---|---|---|")
    for name, times in found.items():
        print(f"| {name} | {statistics.median(times):.0f} | {min(times):.0f} |")


@contextmanager
def server(path: Path) -> Iterator[int]:
    """The port of ``lamina serve`` in a process of its own."""
    command = [sys.executable, "-m", "lamina", "serve", str(path), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r":(\d+)$", process.stdout.readline().strip())
        assert found is not None
        try:
            yield int(found[1])
        finally:
            process.terminate()
            assert process.wait(60) == 0


def ask(port: int, bodies: list[bytes], clients: int, count: int) -> tuple[np.ndarray, float, int]:
    """Seconds of each request, of all together, and the number of those that were not answered by 200."""
    seconds: list[float] = []
    failures: list[int] = []

    def work(first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for i in range(first, count, clients):
            began = time.perf_counter()
            connection.request("POST", "/predict", bodies[i % len(bodies)], {"content-type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            seconds.append(time.perf_counter() - began)
            if answer.status != 200:
                failures.append(answer.status)
        connection.close()

    threads = [threading.Thread(target=work, args=(first,)) for first in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return np.array(seconds), time.perf_counter() - began, count - len(seconds) + len(failures)


def print_requests(path: Path, rows: list[Any], count: int, clients: int) -> None:
    """A table of the latencies of ``lamina serve``."""
    ones, hundreds = [json.dumps(row).encode() for row in rows], [json.dumps(rows[:100]).encode()]
    plans = (("1 row", ones, 1, count), ("1 row", ones, clients, count), ("100 rows", hundreds, 1, count // 10))
    head = "| a request | clients | requests | errors | a second | p50 ms | p90 ms | p99 ms | largest ms |"
    print(f"\n{head}\n|{'---|' * 9}")
    with server(path) as port:
        ask(port, ones, 1, 200)
        for what, bodies, num_clients, num_requests in plans:
            seconds, total, errors = ask(port, bodies, num_clients, num_requests)
            times = " | ".join(f"{1e3 * np.quantile(seconds, share):.2f}" for share in (0.5, 0.9, 0.99, 1.0))
            print(f"| {what} | {num_clients} | {num_requests:,} | {errors} | {num_requests / total:,.0f} | {times} |", flush=True)


def _plain(value: Any) -> Any:
    """As JSON has it."""
    if value is None or value != value:
        return None
    return value.item() if isinstance(value, np.generic) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    arguments = parser.parse_args()
    timing = arguments.rounds, time.process_time if arguments.clock == "cpu" else time.perf_counter
    for key, value in describe_machine().items():
        print(f"{key}: {value}")
    warnings.simplefilter("ignore")
    frame = pd.read_csv(ADULT, skipinitialspace=True, na_values="?")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fitted = TabularClassifier(random_state=0, max_epochs=5, n_threads=1)
        save_model(folder / "adult.lamina", fitted.fit(frame.drop(columns="income")[:ROWS], frame["income"][:ROWS]))
        model: Any = load_model(folder / "adult.lamina")
        print_times("a row of 14 columns", sides_of_table(frame, model, folder), *timing)
        print_times("an array of 20 numbers", sides_of_array(folder), *timing)
        rows = [{n: _plain(v) for n, v in row.items()} for row in frame.drop(columns="income").head(DISTINCT).to_dict("records")]
        print_requests(folder / "adult.lamina", rows, arguments.requests, arguments.clients)


if __name__ == "__main__":
    main()
