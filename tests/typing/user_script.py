"""What a user writes, for type checkers: `make check` runs mypy and pyright on it, and the tests run it.

Each ``assert_type`` is what an editor must know of a name that :mod:`lamina` exports lazily.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, assert_type

import numpy as np
import pandas as pd

import lamina
from lamina import (
    Adam,
    Add,
    BatchNorm,
    Callback,
    Clipping,
    Dense,
    Dropout,
    EarlyStopping,
    Graph,
    History,
    Huber,
    Input,
    JsonlLog,
    MLPClassifier,
    MLPRegressor,
    Perceptron,
    Progress,
    Sequential,
    StopReason,
    TableModel,
    TabularClassifier,
    TabularRegressor,
    TimeLimit,
    Trainer,
    fit_table,
    load_model,
    minimize,
    save_model,
)
from lamina.data import TableEncoder, read_table
from lamina.errors import LaminaError
from lamina.model import FitResult, NetworkSettings, StoppingSettings, TableSettings
from lamina.optimizers import Optimizer
from lamina.schedules import Cosine, Schedule, WarmUp
from lamina.training import Run, TrainerSettings


class Loudest(Callback):
    """A callback of one's own."""

    def __init__(self) -> None:
        self.greatest = 0.0

    def on_epoch_end(self, trainer: Run, record: dict[str, Any]) -> None:
        self.greatest = max(self.greatest, float(record["loss"]))
        if trainer.epoch >= 3:
            trainer.stop("callback", "Three epochs are enough.")


def estimators(X: np.ndarray, y: np.ndarray) -> None:
    """Estimators, by name and through the package."""
    classifier = MLPClassifier(
        (16, 8), "tanh", dropout=0.1, solver="adam", learning_rate_init=0.01, max_iter=500, early_stopping=True, random_state=0
    )
    assert_type(classifier, MLPClassifier)
    assert_type(classifier.fit(X, y), MLPClassifier)
    assert_type(classifier.predict(X), np.ndarray)
    assert_type(classifier.predict_proba(X), np.ndarray)
    assert_type(classifier.stop_reason_, StopReason)
    assert_type(classifier.loss_curve_, list[float])
    assert_type(lamina.MLPClassifier, type[MLPClassifier])
    number = lamina.MLPRegressor(
        hidden_layer_sizes=8,
        loss=Huber(2.0),
        optimizer=Adam(0.01),
        callbacks=[TimeLimit(60)],
        early_stopping=True,
        random_state=0,
    )
    assert_type(number, MLPRegressor)
    assert_type(number.fit(X, X[:, 0]).predict(X), np.ndarray)
    assert_type(Perceptron(max_iter=20, random_state=0).fit(X, y), Perceptron)


def networks(X: np.ndarray, y: np.ndarray) -> None:
    """A graph, a trainer, callbacks."""
    x = Input(X.shape[1], name="pixels")
    h = Dense(16, activation="relu", weight_init="he")(x)
    graph = Graph(x, Dense(2)(Add()([h, Dense(16)(BatchNorm()(h))])))
    assert_type(graph, Graph)
    assert_type(graph.depth, int)
    loudest = Loudest()
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            graph,
            "softmax_cross_entropy",
            lamina.AdamW(0.002, weight_decay=0.01),
            schedule=WarmUp(5, then=Cosine()),
            batch_size=32,
            clipping=Clipping(norm=5.0),
            callbacks=[EarlyStopping(patience=5), JsonlLog(Path(folder) / "run.jsonl"), Progress(), loudest],
            metrics={"accuracy": lambda truth, p: float((p.argmax(axis=1) == truth).mean())},
            seed=0,
        )
        assert_type(trainer, Trainer)
        history = trainer.fit(X, y, validation_data=(X, y), max_epochs=10)
        assert_type(history, History)
        assert_type(trainer.weights["dense_1.weight"], np.ndarray)
        trainer.save_checkpoint(Path(folder) / "run.checkpoint")
        assert_type(trainer.load_checkpoint(Path(folder) / "run.checkpoint"), Trainer)
    if trainer.stop_reason is not None:
        assert_type(trainer.stop_reason, StopReason)
        assert trainer.stop_reason.code == "callback"
    network = Sequential([Dense(8), Dropout(0.5), Dense(1)], X.shape[1])
    settings = TrainerSettings(network, "squared_error", "momentum", schedule="cosine", dtype=np.float64, loss_weights=[1.0])
    assert_type(Clipping(0.5), Clipping)
    assert_type(Clipping((None, 1.0)).value, tuple[float, float] | None)
    assert_type(settings.optimizer, Optimizer)
    assert_type(settings.schedule, Schedule)
    assert_type(settings.loss_weights, tuple[float, ...] | None)
    assert_type(Trainer.from_settings(settings), Trainer)
    Trainer(network, "squared_error", "adam", schedule=lambda step: 0.01, dtype="float64").fit(X, X[:, 0], max_epochs=1)


def tables(frame: pd.DataFrame) -> None:
    """A table, its model, and its file."""
    settings = TableSettings(network=NetworkSettings(hidden=(8,)), stopping=StoppingSettings(max_epochs=3))
    result = fit_table(frame, "rich", settings=settings)
    assert_type(result, FitResult)
    assert_type(result.model, TableModel)
    assert_type(result.metrics["model"]["accuracy"], float)
    assert_type(TableEncoder().fit(frame).transform(frame), np.ndarray)
    model = TabularClassifier(hidden=(8,), activation="relu", optimizer=Adam(0.01), class_weight={"yes": 2.0}, max_epochs=3)
    assert_type(model.fit(frame, "rich"), TabularClassifier)
    assert_type(model.predict(frame), np.ndarray)
    assert_type(model.classes_, np.ndarray)
    assert_type(model.stop_reason_, StopReason)
    assert_type(TabularRegressor(hidden=8, loss=Huber(2.0), max_epochs=3).fit(frame[["rich"]], frame["age"]), TabularRegressor)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.lamina"
        save_model(path, result.model)
        loaded = load_model(path)
        if isinstance(loaded, TableModel):
            assert_type(loaded.predict(frame), np.ndarray)
        frame.to_csv(Path(folder) / "people.csv", index=False)
        read_table(Path(folder) / "people.csv")


def main() -> None:
    """All of it."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 4))
    y = (X[:, 0] > 0).astype(np.int64)
    estimators(X, y)
    networks(X, y)
    ages = [23, 35, 51, 46] * 20
    tables(pd.DataFrame({"age": ages, "rich": ["yes" if age > 40 else "no" for age in ages]}))
    way = minimize(lambda w: float(w[0] ** 2), lambda w: 2 * w, [1.0])
    print(way)
    try:
        Dropout(1.5)
    except LaminaError as error:
        print(error)


if __name__ == "__main__":
    main()
