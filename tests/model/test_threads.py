"""Many threads predict with one model what one thread predicts with it, to the bit."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lamina import Dense, Sequential, TabularClassifier, TabularRegressor, Trainer
from lamina.model import NetworkModel, TableModel

NUM_THREADS, ROUNDS = 8, 2
PATIENCE_S = 60.0
RNG = np.random.default_rng(0)
TABLE = pd.DataFrame(
    {
        "size": RNG.normal(size=300),
        "color": RNG.choice(["red", "blue", "green", "rare"], 300, p=[0.4, 0.3, 0.29, 0.01]),
        "fee": [f"${fee:,.2f}" for fee in RNG.uniform(500, 3000, 300)],
        "since": pd.Timestamp("2024-01-01") + pd.to_timedelta(RNG.integers(0, 400, 300), unit="D"),
        "kind": RNG.choice(["a", "b", "c"], 300),
    }
)
ROWS = [
    {"size": float(size), "color": color, "fee": fee, "since": since}
    for size, color, fee, since in zip(
        RNG.normal(size=40),
        RNG.choice(["red", "blue", "rare", "never seen", None], 40),
        [f"${fee:,.2f}" for fee in RNG.uniform(400, 4000, 40)],
        pd.Timestamp("2024-01-01") + pd.to_timedelta(RNG.integers(0, 400, 40), unit="D"),
        strict=True,
    )
]
USUAL: dict[str, Any] = {"hidden": 8, "max_epochs": 3, "random_state": 0, "n_threads": 1}


def in_threads(predict: Callable[[Any], Any], inputs: Sequence[Any]) -> None:
    """Each thread takes all inputs, in an order of its own, at the same time as the others."""
    expected = [predict(given) for given in inputs]
    barrier = threading.Barrier(NUM_THREADS)

    def work(start: int) -> list[Any]:
        barrier.wait(PATIENCE_S)
        return [[predict(given) for given in [*inputs[start:], *inputs[:start]]] for _ in range(ROUNDS)]

    with ThreadPoolExecutor(NUM_THREADS) as pool:
        for start, rounds in enumerate(pool.map(work, range(NUM_THREADS))):
            for found in rounds:
                for one, other in zip([*expected[start:], *expected[:start]], found, strict=True):
                    np.testing.assert_array_equal(one, other)


def fitted(kind: type, y: Any) -> TableModel:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model: TableModel = kind(**USUAL).fit(TABLE.drop(columns="kind"), y).model_
    return model


@pytest.mark.filterwarnings("ignore:column 'color'")
def test_rows_of_a_table_and_batches_between_them() -> None:
    model = fitted(TabularClassifier, TABLE["kind"])
    inputs = [*ROWS, TABLE.head(100), ROWS[:7], tuple(ROWS[0].values()), TABLE.tail(1)]
    in_threads(model.predict_proba, inputs)
    in_threads(model.predict_set, inputs[-10:])
    in_threads(lambda rows: model.predict_distribution(rows).spread, inputs[-10:])
    in_threads(lambda rows: model.unfamiliar(rows).cells, inputs[-10:])


@pytest.mark.filterwarnings("ignore:column 'color'")
def test_numbers_of_a_table_and_their_intervals() -> None:
    model = fitted(TabularRegressor, TABLE["size"] ** 2)
    in_threads(model.predict, ROWS)
    in_threads(model.predict_interval, [*ROWS[:5], ROWS])


@pytest.mark.parametrize("engine", ["native", "reference"])
def test_arrays_of_a_network(engine: str) -> None:
    X = RNG.normal(size=(500, 6)).astype(np.float32)
    trainer = Trainer(Sequential([Dense(16, activation="relu"), Dense(3)]), "softmax_cross_entropy", engine=engine)
    trainer.fit(X, X.argmax(axis=1) % 3, max_epochs=1)
    inputs = [*(X[i : i + 1] for i in range(30)), X, X[:77], X.astype(np.float64)]
    in_threads(NetworkModel.of(trainer).predict, inputs)
    in_threads(trainer.predict_logits, inputs)
