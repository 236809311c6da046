"""Model files: one safetensors file of arrays with a JSON header. Loading one runs no code."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeAlias

import numpy as np
from sklearn.utils.validation import check_is_fitted

from lamina.data import SeveralTargets, TableEncoder, Target
from lamina.errors import FileError, InvalidSettingError, phrase
from lamina.estimators import MLPClassifier, MLPRegressor
from lamina.files import decoding, read_tensors, write_tensors
from lamina.model.calibration_file import describe_calibration, is_of_calibration, restore_calibration
from lamina.model.encoder_arrays import is_of_encoder, with_arrays, without_arrays
from lamina.model.estimator_state import describe_estimator, restore_estimator
from lamina.model.fitted_table import FittedTable
from lamina.model.model_form import check_columns, check_encoder, check_table
from lamina.model.network_file import NETWORK_KIND, describe_network, restore_network
from lamina.model.network_model import NetworkModel
from lamina.model.table_model import TableModel
from lamina.model.target_scale import get_scale
from lamina.model.upgrades import UPGRADES
from lamina.network import Network
from lamina.training import Trainer

__all__ = ["load_model", "save_model"]

_KIND = "model"

Model: TypeAlias = TableModel | MLPClassifier | MLPRegressor | NetworkModel
_Path: TypeAlias = str | os.PathLike[str]


def save_model(path: _Path | Model | Trainer | FittedTable, model: _Path | Model | Trainer | FittedTable) -> None:
    """Write a trained model to a file, completely or not at all.

    The file holds weights, network, parameters, classes, preprocessing and history. It does not hold the optimizer state that is
    needed to resume training (use a checkpoint for that), nor any times: the same training gives the same bytes, and the
    history of a loaded model has no ``duration_s``.

    Parameters
    ----------
    path : str or path
        The file to create or replace; if writing fails, an existing file is kept. Path and model may also be swapped, as in
        joblib, Keras and torch.
    model : TableModel, TabularClassifier, TabularRegressor, MLPClassifier, MLPRegressor, Trainer or NetworkModel
        The fitted model. Of an estimator of tables, its ``model_``, a :class:`~lamina.model.TableModel`, is written. A trainer's
        network is written with its current weights, as a :class:`~lamina.model.NetworkModel`.

    Raises
    ------
    FileError
        If the file cannot be written.
    InvalidSettingError
        If a parameter of the estimator is invalid or a function, a weight is not finite, or the model is of another type.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import numpy as np
    >>> from lamina import MLPRegressor
    >>> X = np.linspace(-1, 1, 50).reshape(-1, 1)
    >>> model = MLPRegressor(hidden_layer_sizes=8, solver="lbfgs", random_state=0).fit(X, X.ravel() ** 2)
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "square.model"
    >>> save_model(path, model)
    >>> bool((load_model(path).predict(X) == model.predict(X)).all())
    True
    """
    if isinstance(model, str | os.PathLike):
        path, model = model, path
    if isinstance(model, FittedTable):
        check_is_fitted(model)
        model = model.model_
    if not isinstance(model, Model | Trainer):
        rule = "must be a TableModel, TabularClassifier, TabularRegressor, MLPClassifier, MLPRegressor, Trainer or NetworkModel"
        repair = "A network holds no weights: pass the trainer that trained it." if isinstance(model, Network) else ""
        raise InvalidSettingError(phrase("model", rule, type(model).__name__, repair=repair, owner="save_model"))
    if not isinstance(path, str | os.PathLike):
        raise InvalidSettingError(phrase("path", "must be a string or a path", path, owner="save_model"))
    if isinstance(model, Trainer):
        model = NetworkModel.of(model)
    write_tensors(path, *(_network_parts(model) if isinstance(model, NetworkModel) else _estimator_parts(model)))


def _network_parts(model: NetworkModel) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and header."""
    arrays, description = describe_network(model)
    return arrays, {"kind": NETWORK_KIND, "lamina": _version(), "network": description}


def _estimator_parts(model: TableModel | MLPClassifier | MLPRegressor) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and header."""
    estimator = model.estimator if isinstance(model, TableModel) else model
    check_is_fitted(estimator)
    arrays, description = describe_estimator(estimator)
    header: dict[str, Any] = {"kind": _KIND, "lamina": _version(), "estimator": description, "table": None}
    if isinstance(model, TableModel):
        of_encoder, encoder = without_arrays(model.encoder.to_dict())
        of_calibration, calibration = describe_calibration(model.calibration)
        arrays |= of_encoder | of_calibration
        header["table"] = {
            "encoder": encoder,
            "target": model.target.to_dict(),
            "scale": model.scale.to_dict(),
            "threshold": model.threshold,
            "summary": model.summary,
            **calibration,
        }
    return arrays, header


def load_model(path: _Path) -> Model:
    """Read a model written by :func:`save_model`; its predictions are bit-for-bit those of the saved model.

    Untrusted files are safe to read: no code runs, and the whole content is checked before a network is built. Reading takes at
    most four times the file's size plus 64 MB of memory.

    Parameters
    ----------
    path : str or path
        A model file.

    Returns
    -------
    model : TableModel, MLPClassifier, MLPRegressor or NetworkModel
        Of the type that was saved; a NetworkModel for a trainer.

    Raises
    ------
    FileError
        If the file is missing, damaged, not Lamina's, of a newer version, or does not hold a valid fitted model.

    Examples
    --------
    >>> load_model("nowhere.lamina")
    Traceback (most recent call last):
    lamina.errors.FileError: cannot read 'nowhere.lamina': no such file or directory. Check the path.
    """
    arrays, header = read_tensors(path, upgrades=UPGRADES)
    if header.get("kind") not in (_KIND, NETWORK_KIND):
        raise FileError(f"{os.fspath(path)!r} must be a model, got a file of kind {header.get('kind')!r}. Name another file.")
    repair = f"It was written by Lamina {header.get('lamina', '?')}: use that version, or train again."
    with decoding(path, "a model that this version can restore", repair=repair):
        return _restore(arrays, header)


def _restore(arrays: Mapping[str, np.ndarray], header: Mapping[str, Any]) -> Model:
    if header["kind"] == NETWORK_KIND:
        return restore_network(arrays, header["network"])
    table = header["table"]
    if table is None:
        return restore_estimator(arrays, header["estimator"])
    check_table(table)
    of_encoder = {name: array for name, array in arrays.items() if is_of_encoder(name)}
    described = with_arrays(table["encoder"], of_encoder)
    check_columns(described["encoders"])
    of_calibration = {name: array for name, array in arrays.items() if is_of_calibration(name)}
    rest = {name: array for name, array in arrays.items() if name not in of_encoder.keys() | of_calibration.keys()}
    estimator = restore_estimator(rest, header["estimator"])
    encoder, scale = TableEncoder.from_dict(described), get_scale(table["scale"])
    target = (SeveralTargets if "targets" in table["target"] else Target).from_dict(table["target"])
    check_encoder(encoder, estimator, target, table["threshold"])
    calibration = restore_calibration(of_calibration, table.get("calibration"), estimator, len(target.targets))
    return TableModel(encoder, estimator, target, scale, table["threshold"], table["summary"], calibration)


def _version() -> str:
    try:
        return version("lamina")
    except PackageNotFoundError:
        return "unknown"
