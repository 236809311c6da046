"""Writes the model files of the present format version into the folder of that number, and what they predict.

Run once when ``FORMAT_VERSION`` has risen: ``.venv/bin/python tests/model/stored/make.py``. The files of earlier versions stay.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa

from lamina import BatchNorm, Dense, Graph, Input, MLPClassifier, MLPRegressor, Trainer
from lamina.files import FORMAT_VERSION
from lamina.model import TableSettings, fit_table, save_model
from lamina.model.table_settings import EncodingSettings, NetworkSettings, OptimizationSettings, StoppingSettings

RNG = np.random.default_rng(0)
ROWS = 60


def main() -> None:
    """Train small models, and write them and their predictions down."""
    folder = Path(__file__).parent / str(FORMAT_VERSION)
    folder.mkdir(exist_ok=True)
    warnings.simplefilter("ignore")
    expected = {"table": store_table(folder), "classifier": store_classifier(folder), "regressor": store_regressor(folder)}
    expected["network"], expected["numbers"] = store_network(folder), store_numbers(folder)
    expected["codes"] = store_codes(folder)
    (folder / "expected.json").write_text(json.dumps(expected), encoding="utf-8")


def store_table(folder: Path) -> dict:
    sizes = RNG.normal(size=ROWS)
    columns = {
        "size": sizes,
        "color": [["red", "blue", "green"][i % 3] for i in range(ROWS)],
        "day": np.datetime64("2020-01-01") + np.arange(ROWS),
        "flag": [bool(i % 2) for i in range(ROWS)],
        "kind": [["low", "high"][int(size > 0)] for size in sizes],
    }
    settings = TableSettings(network=NetworkSettings(hidden=(4,)), stopping=StoppingSettings(max_epochs=5))
    model = fit_table(pa.table(columns), "kind", settings=settings).model
    save_model(folder / "table.model", model)
    rows = pa.table(columns).slice(0, 5).drop(["kind"])
    plain = {name: [str(value) if name == "day" else value for value in column] for name, column in rows.to_pydict().items()}
    return {"rows": plain, "predict": model.predict(rows).tolist(), "proba": model.predict_proba(rows).tolist()}


def store_classifier(folder: Path) -> dict:
    X = RNG.normal(size=(40, 3))
    model = MLPClassifier((4,), max_iter=5, random_state=0).fit(X, np.where(X[:, 0] > 0, "yes", "no"))
    save_model(folder / "classifier.model", model)
    return {"X": X[:4].tolist(), "predict": model.predict(X[:4]).tolist(), "proba": model.predict_proba(X[:4]).tolist()}


def store_regressor(folder: Path) -> dict:
    X = RNG.normal(size=(40, 3)).astype(np.float32)
    model = MLPRegressor(hidden_layer_sizes=(3,), max_iter=5, random_state=0).fit(X, X[:, 0])
    save_model(folder / "regressor.model", model)
    return {"X": X[:4].tolist(), "predict": model.predict(X[:4]).tolist()}


def store_network(folder: Path) -> dict:
    X = RNG.normal(size=(40, 3))
    x = Input(3)
    hidden = BatchNorm()(Dense(4, activation="relu")(x))
    network = Graph(x, [Dense(3, name="kind")(hidden), Dense(1, name="price")(hidden)])
    trainer = Trainer(network, ["softmax_cross_entropy", "huber"], loss_weights=[1.0, 0.5], dtype="float64")
    trainer.fit(X, [np.arange(40) % 3, X[:, 0]], validation_data=(X, [np.arange(40) % 3, X[:, 0]]), max_epochs=3)
    save_model(folder / "network.model", trainer)
    return {"X": X[:4].tolist(), "predict": [part.tolist() for part in trainer.predict(X[:4])]}


def store_numbers(folder: Path) -> dict:
    """Two targets on scales of their own, from free text beside a number."""
    rng = np.random.default_rng(1)
    sizes, words = rng.normal(size=ROWS), ["quiet", "sunny", "small", "bright", "large", "old"]
    notes = [" ".join(rng.choice(words, 3)) + f" flat {i}" for i in range(ROWS)]
    columns = {"note": notes, "size": sizes, "price": np.exp(sizes), "rent": np.exp(sizes / 2) + 1}
    settings = TableSettings(
        network=NetworkSettings(hidden=(4,)),
        stopping=StoppingSettings(max_epochs=5),
        optimization=OptimizationSettings(target_scale="log"),
        encoding=EncodingSettings(kinds=("note=text",)),
    )
    model = fit_table(pa.table(columns), ["price", "rent"], settings=settings).model
    save_model(folder / "numbers.model", model)
    rows = pa.table(columns).slice(0, 5).select(["note", "size"])
    return {"rows": rows.to_pydict(), "predict": model.predict(rows).tolist()}


def store_codes(folder: Path) -> dict:
    """A number from a category of many values, of which vectors are learned."""
    rng = np.random.default_rng(2)
    codes = rng.integers(12, size=200)
    towns = [None if code == 11 else f"town {code}" for code in codes.tolist()]
    columns = {"town": towns, "size": rng.normal(size=200), "price": rng.normal(size=12)[codes]}
    settings = TableSettings(
        network=NetworkSettings(hidden=(4,)),
        stopping=StoppingSettings(max_epochs=5),
        encoding=EncodingSettings(embed_from=10),
    )
    model = fit_table(pa.table(columns), "price", settings=settings).model
    save_model(folder / "codes.model", model)
    rows = {"town": ["town 1", "town 2", None, "elsewhere"], "size": [0.0, 0.5, 1.0, 0.0]}
    return {"rows": rows, "predict": model.predict(pa.table(rows)).tolist()}


if __name__ == "__main__":
    main()
