"""Checkpoints: a nested dict of numbers and arrays, to one file and back.

Arrays may stand anywhere in the dict. They go to the file's tensors, and a reference to them stays in the JSON header.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.errors import FileError, InvalidSettingError, phrase
from lamina.files.tensors import read_tensors, write_tensors
from lamina.settings import Settings

if TYPE_CHECKING:
    from lamina.schedules import Schedule
    from lamina.training.trainer import Trainer

__all__ = ["check_identity", "identity_of", "read_checkpoint", "write_checkpoint"]

_KIND = "checkpoint"
_REFERENCE = "$tensor"


def write_checkpoint(path: str | os.PathLike[str], state: Mapping[str, Any]) -> None:
    """Write ``state`` to ``path``; an earlier file stays as it was if that fails.

    Parameters
    ----------
    path : str or path
        The file to create or replace.
    state : mapping
        Nested dicts and lists of None, booleans, numbers, texts and arrays.

    Raises
    ------
    FileError
        If the file cannot be written.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "run.checkpoint"
    >>> write_checkpoint(path, {"epoch": 3, "best": {"parameters": np.array([1.5]), "value": 0.1}})
    >>> read_checkpoint(path)
    {'epoch': 3, 'best': {'parameters': array([1.5]), 'value': 0.1}}
    """
    arrays: dict[str, np.ndarray] = {}
    header = _split(state, "", arrays)
    write_tensors(path, arrays, {"kind": _KIND, "state": header})


def read_checkpoint(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read what :func:`write_checkpoint` wrote.

    Raises
    ------
    FileError
        If the file is missing, damaged or not a checkpoint.
    """
    arrays, header = read_tensors(path)
    if header.get("kind") != _KIND:
        raise FileError(f"{os.fspath(path)!r} must be a checkpoint, got a file of kind {header.get('kind')!r}.")
    state: dict[str, Any] = _join(header["state"], arrays)
    return state


def identity_of(trainer: Trainer, schedule: Schedule) -> dict[str, Any]:
    """What a checkpoint and the trainer that loads it must have in common, in JSON's types; ``schedule`` as it was given."""
    value, *norms = astuple(trainer.clipping)
    return {
        "network": trainer.network.to_dict(),
        "losses": [_described(loss) for loss in trainer.losses],
        "seed": trainer.seed,
        "dtype": trainer.dtype.name,
        "optimizer": trainer.optimizer.identity(),
        "schedule": _described(schedule),
        "clipping": [None if value is None else list(value), *norms],
        "batch_size": trainer.batch_size,
        "shuffle": trainer.shuffle,
        "penalty_per_row": trainer.penalty_per_row,
        "loss_weights": [head.weight for head in trainer.executor.program.heads],
        "callbacks": [callback.identity() for callback in trainer.callbacks],
    }


def check_resumable(fit: Mapping[str, Any], data: str, path: str) -> None:
    """Refuse a checkpoint that was not written in the midst of a ``fit`` on these data.

    Raises
    ------
    FileError
        Naming the file and what to do.
    """
    if not fit["is_open"]:
        raise FileError(
            f"{path!r} must have been written within a fit to be resumed, but stands for the end of one. Load it by hand."
        )
    if fit["data"] != data:
        repair = "Give every fit a path of its own, or remove the file to begin anew."
        raise FileError(f"{path!r} is of a fit on other data: X, y, weights or validation rows differ. {repair}")


def _described(setting: Settings) -> dict[str, Any]:
    """The settings; the kind alone where a function of the user's is among them."""
    try:
        return setting.to_dict()
    except InvalidSettingError:
        return {"kind": setting.kind}


def check_identity(ours: Mapping[str, Any], stored: Mapping[str, Any], *, owner: str) -> None:
    """Refuse a checkpoint of another network or other settings.

    Raises
    ------
    InvalidSettingError
        Naming the first setting that differs.
    """
    for name, theirs in stored.items():
        if theirs != ours[name]:
            raise InvalidSettingError(phrase(name, f"must be the checkpoint's, {theirs!r}", ours[name], owner=owner))


def _split(value: Any, place: str, arrays: dict[str, np.ndarray]) -> Any:
    """``value`` with its arrays moved to ``arrays``, each under the place where it stood."""
    if isinstance(value, np.ndarray):
        arrays[place] = value
        return {_REFERENCE: place}
    if isinstance(value, Mapping):
        return {key: _split(item, f"{place}.{key}" if place else str(key), arrays) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_split(item, f"{place}.{i}", arrays) for i, item in enumerate(value)]
    return value


def _join(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """The inverse of :func:`_split`."""
    if isinstance(value, dict):
        if value.keys() == {_REFERENCE}:
            return arrays[value[_REFERENCE]]
        return {key: _join(item, arrays) for key, item in value.items()}
    if isinstance(value, list):
        return [_join(item, arrays) for item in value]
    return value
