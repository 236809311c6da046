"""Models in files: one safetensors file of arrays with a JSON header. Loading one runs no code."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from lamina.data import TableEncoder, Target
from lamina.errors import FileError
from lamina.estimators import MLPClassifier, MLPRegressor
from lamina.files import decoding, read_tensors, write_tensors
from lamina.model.estimator_state import describe_estimator, restore_estimator
from lamina.model.model_form import check_encoder, check_table
from lamina.model.table_model import TableModel
from lamina.model.upgrades import UPGRADES

__all__ = ["load_model", "save_model"]

_KIND = "model"


def save_model(path: str | os.PathLike[str], model: TableModel | MLPClassifier | MLPRegressor) -> None:
    """Write a fitted model to a file, whole or not at all.

    The file holds weights, network, parameters, classes, preprocessing and history. What a training needs to go on
    (the optimizer's memory) is not in it: that is a checkpoint. Nor are times: the same training gives the same bytes, and the
    history of a loaded model has no ``duration_s``.

    Parameters
    ----------
    path : str or path
        The file to create or replace; an earlier one survives any failure.
    model : TableModel, MLPClassifier or MLPRegressor
        Fitted.

    Raises
    ------
    FileError
        If the file cannot be written.
    InvalidSettingError
        If a parameter of the estimator is a function or wrong, or a weight is not finite.

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
    estimator = model.estimator if isinstance(model, TableModel) else model
    check_is_fitted(estimator)
    arrays, description = describe_estimator(estimator)
    header: dict[str, Any] = {"kind": _KIND, "lamina": _version(), "estimator": description, "table": None}
    if isinstance(model, TableModel):
        header["table"] = {
            "encoder": model.encoder.to_dict(),
            "target": model.target.to_dict(),
            "center": model.center,
            "scale": model.scale,
            "summary": model.summary,
        }
    write_tensors(path, arrays, header)


def load_model(path: str | os.PathLike[str]) -> TableModel | MLPClassifier | MLPRegressor:
    """Read the model that :func:`save_model` wrote; its predictions are those of before, bit for bit.

    A file may come from anywhere: reading it runs no code, and its content is checked whole before a network is made of it. It
    takes at most four times the file's size in memory, and 64 MB.

    Parameters
    ----------
    path : str or path
        A model file.

    Returns
    -------
    model : TableModel, MLPClassifier or MLPRegressor
        Of the type that was saved.

    Raises
    ------
    FileError
        If the file is missing, damaged, foreign, of a newer version, or not a model, or what it holds is no fitted model.

    Examples
    --------
    >>> load_model("nowhere.lamina")
    Traceback (most recent call last):
    lamina.errors.FileError: cannot read 'nowhere.lamina': no such file or directory. Check the path.
    """
    arrays, header = read_tensors(path, upgrades=UPGRADES)
    if header.get("kind") != _KIND:
        raise FileError(f"{os.fspath(path)!r} must be a model, got a file of kind {header.get('kind')!r}. Name another file.")
    repair = f"It was written by Lamina {header.get('lamina', '?')}: use that version, or train again."
    with decoding(path, "a model that this version can restore", repair=repair):
        return _restore(arrays, header)


def _restore(arrays: Mapping[str, np.ndarray], header: Mapping[str, Any]) -> TableModel | MLPClassifier | MLPRegressor:
    table = header["table"]
    if table is not None:
        check_table(table)
    estimator = restore_estimator(arrays, header["estimator"])
    if table is None:
        return estimator
    encoder, target = TableEncoder.from_dict(table["encoder"]), Target.from_dict(table["target"])
    check_encoder(encoder, estimator, target)
    return TableModel(encoder, estimator, target, table["center"], table["scale"], table["summary"])


def _version() -> str:
    try:
        return version("lamina")
    except PackageNotFoundError:
        return "unknown"
