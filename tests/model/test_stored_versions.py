"""Files of every format version that was ever written: models are read, and predict what they did; checkpoints are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lamina import Dense, Sequential, Trainer
from lamina.errors import FileError
from lamina.estimators import MLPClassifier, MLPRegressor
from lamina.files import FORMAT_VERSION
from lamina.model import NetworkModel, TableModel, load_model, save_model

STORED = Path(__file__).parent / "stored"
VERSIONS = range(1, FORMAT_VERSION + 1)


def expected(version: int) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((STORED / str(version) / "expected.json").read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize("version", VERSIONS)
def test_a_stored_table_model_predicts_what_it_did(version: int) -> None:
    model, known = load_model(STORED / str(version) / "table.model"), expected(version)["table"]
    assert isinstance(model, TableModel)
    rows = pa.table({**known["rows"], "day": np.array(known["rows"]["day"], dtype="M8[D]")})
    assert model.predict(rows).tolist() == known["predict"]
    np.testing.assert_allclose(model.predict_proba(rows), known["proba"], rtol=1e-5)


@pytest.mark.parametrize("version", VERSIONS)
def test_stored_estimators_predict_what_they_did(version: int) -> None:
    known = expected(version)
    classifier, regressor = (load_model(STORED / str(version) / f"{name}.model") for name in ("classifier", "regressor"))
    assert isinstance(classifier, MLPClassifier)
    assert isinstance(regressor, MLPRegressor)
    X = np.array(known["classifier"]["X"])
    assert classifier.predict(X).tolist() == known["classifier"]["predict"]
    np.testing.assert_allclose(classifier.predict_proba(X), known["classifier"]["proba"], rtol=1e-10)
    X = np.array(known["regressor"]["X"], dtype=np.float32)
    np.testing.assert_allclose(regressor.predict(X), known["regressor"]["predict"], rtol=1e-5)


@pytest.mark.parametrize("version", VERSIONS[1:])  # version 1 knew no networks
def test_a_stored_network_predicts_what_it_did(version: int) -> None:
    model, known = load_model(STORED / str(version) / "network.model"), expected(version)["network"]
    assert isinstance(model, NetworkModel)
    for predicted, then in zip(model.predict(known["X"]), known["predict"], strict=True):
        np.testing.assert_allclose(predicted, then, rtol=1e-10)


@pytest.mark.parametrize("version", VERSIONS[3:])  # earlier ones knew neither free text nor several targets
def test_a_stored_model_of_several_numbers_predicts_what_it_did(version: int) -> None:
    model, known = load_model(STORED / str(version) / "numbers.model"), expected(version)["numbers"]
    assert isinstance(model, TableModel)
    assert [scale.kind for scale in model.scales] == ["log", "log"]
    assert [row.kind for row in model.columns_] == ["text", "number"]
    np.testing.assert_allclose(model.predict(pa.table(known["rows"])), known["predict"], rtol=1e-5)


@pytest.mark.parametrize("version", VERSIONS[4:])  # earlier ones knew no codes
def test_a_stored_model_of_codes_predicts_what_it_did(version: int) -> None:
    model, known = load_model(STORED / str(version) / "codes.model"), expected(version)["codes"]
    assert isinstance(model, TableModel)
    assert model.encoder.cardinalities == (13, None)
    np.testing.assert_allclose(model.predict(pa.table(known["rows"])), known["predict"], rtol=1e-5)


@pytest.mark.parametrize("stored", sorted(STORED.glob("*/*.model")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_stored_model_is_saved_in_the_present_version(tmp_path: Path, stored: Path) -> None:
    save_model(tmp_path / "a", load_model(stored))
    assert f'"format_version":"{FORMAT_VERSION}"'.encode() in (tmp_path / "a").read_bytes()
    save_model(tmp_path / "b", load_model(tmp_path / "a"))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_checkpoint_of_an_earlier_version_is_refused_with_advice() -> None:
    trainer = Trainer(Sequential([Dense(1)]), "sigmoid_cross_entropy")
    with pytest.raises(FileError, match=rf"version of {FORMAT_VERSION}, got 1\. .*use that version to finish, or start over"):
        trainer.load_checkpoint(STORED / "1" / "trainer.checkpoint")
