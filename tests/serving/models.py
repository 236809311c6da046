"""Small models of every kind that can be served."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache, wraps
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from lamina import (
    Dense,
    Graph,
    Input,
    MLPClassifier,
    MLPRegressor,
    Sequential,
    TabularClassifier,
    TabularRegressor,
    Trainer,
)
from lamina.model import TableModel

__all__ = [
    "COLUMNS",
    "TABLE",
    "classifier",
    "classifier_with_dropout",
    "network",
    "of_a_mean",
    "of_classes",
    "of_levels",
    "of_numbers",
    "of_several",
    "regressor",
    "two_inputs",
]

_Model = TypeVar("_Model")


def _made_once(make: Callable[..., _Model]) -> Callable[..., _Model]:
    """Without the warnings that a training for a test is short."""

    @cache
    @wraps(make)
    def quietly(*given: Any) -> _Model:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return make(*given)

    return quietly


USUAL: dict[str, Any] = {"hidden": 8, "max_epochs": 4, "random_state": 0, "n_threads": 1, "preset": "fast"}


def _table(num_rows: int = 240) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    age = rng.integers(18, 90, num_rows)
    return pd.DataFrame(
        {
            "age": age,
            "fee": [f"${fee:,.2f}" for fee in rng.uniform(500, 3000, num_rows)],
            "city": rng.choice(["Rome", "Oslo", "Köln"], num_rows),
            "member": rng.choice(["yes", "no"], num_rows),
            "since": [f"{day}.12.2024" for day in rng.integers(13, 29, num_rows)],
            "income": np.where(age + rng.normal(0, 10, num_rows) > 50, "high", "low"),
            "height": age / 10 + rng.normal(0, 1, num_rows),
            "weight": age / 5 + rng.normal(0, 1, num_rows),
        }
    )


TABLE = _table()
COLUMNS = TABLE[["age", "fee", "city", "member", "since"]]


@_made_once
def of_classes() -> TableModel:
    return TabularClassifier(**USUAL).fit(COLUMNS, TABLE["income"]).model_


@_made_once
def of_numbers() -> TableModel:
    return TabularRegressor(**USUAL).fit(COLUMNS, TABLE["height"]).model_


@_made_once
def of_several() -> TableModel:
    return TabularRegressor(**USUAL).fit(COLUMNS, TABLE[["height", "weight"]]).model_


@_made_once
def of_levels() -> TableModel:
    from lamina.losses import Quantile

    return TabularRegressor(loss=Quantile((0.1, 0.5, 0.9)), **USUAL).fit(COLUMNS, TABLE["height"]).model_


@_made_once
def classifier(labels: str = "text") -> MLPClassifier:
    X = np.random.default_rng(0).normal(size=(80, 3))
    y = (X[:, 0] > 0).astype(int)
    given: Any = {"text": np.array(["no", "yes"])[y], "integer": y + 7, "several": np.stack([y, 1 - y], axis=1)}[labels]
    return MLPClassifier(hidden_layer_sizes=(6,), max_iter=5, random_state=0, n_threads=1).fit(X, given)


@_made_once
def regressor() -> MLPRegressor:
    """On a data frame, whose columns have names."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(80, 3)), columns=["a", "b", "c"])
    return MLPRegressor(hidden_layer_sizes=(6,), max_iter=5, random_state=0, n_threads=1).fit(X, X["a"] + X["b"])


@_made_once
def network(engine: str = "auto") -> Trainer:
    X = np.random.default_rng(0).normal(size=(80, 3)).astype(np.float32)
    trainer = Trainer(Sequential([Dense(6, activation="tanh"), Dense(2)]), "softmax_cross_entropy", engine=engine, n_threads=1)
    trainer.fit(X, (X[:, 0] > 0).astype(int), max_epochs=2)
    return trainer


@_made_once
def classifier_with_dropout() -> MLPClassifier:
    X = np.random.default_rng(0).normal(size=(80, 3))
    return MLPClassifier((6,), max_iter=5, dropout=0.5, random_state=0, n_threads=1).fit(X, np.where(X[:, 0] > 0, "yes", "no"))


@_made_once
def of_a_mean() -> Trainer:
    """A network with two outputs, of which one number is predicted and how far it spreads."""
    X = np.random.default_rng(0).normal(size=(80, 3)).astype(np.float32)
    trainer = Trainer(Sequential([Dense(6, activation="tanh"), Dense(2)]), "gaussian_nll", n_threads=1)
    trainer.fit(X, X[:, :1], max_epochs=2)
    return trainer


@_made_once
def two_inputs() -> Trainer:
    left, right = Input(2, name="left"), Input(1, name="right")
    kind, size = Dense(2, name="kind")(Dense(3, activation="relu")(left)), Dense(1, name="size")(right)
    losses = {"kind": "softmax_cross_entropy", "size": "squared_error"}
    return Trainer(Graph([left, right], [kind, size]), losses, n_threads=1).build()
