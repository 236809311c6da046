"""Reads and writes checkpoints: a nested dict of numbers and arrays in one file.

Arrays may be anywhere in the dict. They become the file's tensors, and references to them stay in the JSON header.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.errors import FileError, InvalidSettingError, LaminaError, phrase, shown
from lamina.files.boundary import decoding
from lamina.files.json_text import check_depth
from lamina.files.tensors import read_tensors, write_tensors
from lamina.forms import ANYTHING, Entries, check_form
from lamina.network.heads import loss_weights_of
from lamina.optimizers import Optimizer
from lamina.settings import Settings
from lamina.training.checkpoint_form import IDENTITY, PLAIN, check_statistics, checkpoint_form
from lamina.training.code_identity import code_identity, name_in

if TYPE_CHECKING:
    from lamina.network import Network
    from lamina.schedules import Schedule
    from lamina.training.callbacks import Callback
    from lamina.training.settings import TrainerSettings
    from lamina.training.weighted_network import Metric

__all__ = ["check_identity", "identity_of", "load_callbacks", "read_checkpoint", "read_state", "write_checkpoint"]

_KIND = "checkpoint"
_WHAT = "a checkpoint that this trainer can continue from"
_REFERENCE = "$tensor"


def write_checkpoint(path: str | os.PathLike[str], state: Mapping[str, Any]) -> None:
    """Write ``state`` to ``path``; if that fails, an earlier file is unchanged.

    Parameters
    ----------
    path : str or path
        The file to create or replace.
    state : mapping
        Nested dicts and lists of None, booleans, numbers, strings and arrays.

    Raises
    ------
    FileError
        If the file cannot be written.
    InvalidSettingError
        If a part of the state cannot be stored, such as a date or invalid Unicode; the message names the part.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "run.checkpoint"
    >>> write_checkpoint(path, {"epoch": 3, "best": {"parameters": np.array([1.5]), "value": 0.1}})
    >>> read_checkpoint(path)
    {'epoch': 3, 'best': {'parameters': array([1.5]), 'value': 0.1}}
    """
    arrays: dict[str, np.ndarray] = {}
    check_depth(state)
    header = _split(state, "", arrays)
    write_tensors(path, arrays, {"kind": _KIND, "state": header})


def read_checkpoint(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read what :func:`write_checkpoint` wrote.

    Raises
    ------
    FileError
        If the file is missing, damaged or not a checkpoint.
    """
    # A checkpoint is only meant for its own run, so other format versions are rejected, with advice.
    arrays, header = read_tensors(path, upgrades={})
    if header.get("kind") != _KIND:
        raise FileError(f"{os.fspath(path)!r} must be a checkpoint, got a file of kind {header.get('kind')!r}.")
    with decoding(path, _WHAT):
        check_form(header, {"kind": ANYTHING, "state": Entries(ANYTHING)}, _WHAT)
        state: dict[str, Any] = _join(header["state"], arrays)
        if arrays:
            raise InvalidSettingError(phrase("the arrays", "must all be referenced in the header", sorted(arrays)))
    return state


def read_state(
    path: str | os.PathLike[str],
    settings: TrainerSettings,
    callbacks: Sequence[Callback],
    metrics: Mapping[str, Metric],
    schedule: Schedule,
) -> dict[str, Any]:
    """Read a checkpoint, and check all of it against the trainer that will continue from it.

    Parameters
    ----------
    path : str or path
    settings : TrainerSettings
        If their network is not built, it gets the input widths of the checkpoint.
    callbacks, metrics
        Those of the trainer.
    schedule : Schedule
        The schedule in use, which a callback may have set.

    Raises
    ------
    FileError
        If the file is missing, damaged or not a checkpoint, or cannot have been written by a trainer with these settings.
    InvalidSettingError
        If a setting differs; the message names the first one.
    """
    state = read_checkpoint(path)
    with decoding(path, _WHAT):
        for form in (PLAIN, IDENTITY):
            check_form(state.get("identity"), form, "the identity")
        network = _with_widths(settings.network, state["identity"]["network"]["inputs"])
        ours = identity_of(replace(settings, network=network), callbacks, metrics)
        check_form(state["identity"], dict.fromkeys(ours, ANYTHING), "the identity")
    check_identity(ours, state["identity"], owner="Trainer", path=path)
    with decoding(path, _WHAT):
        program = network.program()
        check_form(state, checkpoint_form(settings, callbacks, schedule, program), "the checkpoint")
        check_statistics(program, state["state"])
        if state["fit"]["first_epoch"] > state["epoch"]:
            rule = f"must be at most {state['epoch']}, the epochs done"
            raise InvalidSettingError(phrase("first_epoch", rule, state["fit"]["first_epoch"]))
    return state


def load_callbacks(path: str | os.PathLike[str], callbacks: Sequence[Callback], states: Sequence[dict[str, Any]]) -> None:
    """Restore the states of the callbacks; if one raises, all get their previous state back.

    Raises
    ------
    FileError
        In place of whatever a callback raised.
    """
    before = [callback.state() for callback in callbacks]
    try:
        with decoding(path, _WHAT):
            for callback, state in zip(callbacks, states, strict=True):
                callback.load_state(state)
    except BaseException:
        for callback, state in zip(callbacks, before, strict=True):
            callback.load_state(state)
        raise


def _with_widths(network: Network, inputs: list[dict[str, Any]]) -> Network:
    """The network built with these widths; if its inputs do not match it is returned as is, and rejected later."""
    if network.is_built:
        return network
    try:
        return network.build([item["width"] for item in inputs])
    except LaminaError:
        return network


def identity_of(settings: TrainerSettings, callbacks: Sequence[Callback], metrics: Mapping[str, Metric]) -> dict[str, Any]:
    """Everything that must be equal in a checkpoint and the trainer that loads it, as JSON types."""
    value, *norms = astuple(settings.clipping)
    return {
        "network": settings.network.described(_described),
        "losses": [_described(loss) for loss in settings.losses],
        "seed": settings.seed,
        "dtype": settings.dtype if settings.precision == "full" else f"{settings.precision} {settings.dtype}",
        "optimizer": settings.optimizer.identity() | _objective(settings.optimizer),
        "schedule": _described(settings.schedule),
        "dropout_schedule": _described(settings.dropout_schedule),
        "weight_decay_schedule": _described(settings.weight_decay_schedule),
        "clipping": [None if value is None else list(value), *norms],
        "batch_size": settings.rows_a_step,
        "shuffle": settings.shuffle,
        "shuffle_rows": settings.shuffle_rows,
        "penalty_per_row": settings.penalty_per_row,
        "loss_weights": loss_weights_of(settings.loss_weights, settings.network.output_names),
        "metrics": {name: code_identity(metric) for name, metric in metrics.items()},
        "callbacks": [callback.identity() for callback in callbacks],
    }


def _objective(optimizer: Optimizer) -> dict[str, str]:
    """The identity of a perturbation optimizer's objective, if it is a function."""
    objective = getattr(optimizer, "objective", None)
    return {"objective_code": code_identity(objective)} if callable(objective) else {}


def check_resumable(state: Mapping[str, Any], data: str, max_epochs: int, path: str) -> None:
    """Raise if a checkpoint was not written during a ``fit`` on these data, or after more than ``max_epochs``.

    Raises
    ------
    FileError
        The message names the file and says what to do.
    """
    fit = state["fit"]
    if not fit["is_open"]:
        raise FileError(
            f"{path!r} must have been written during a fit to be resumed, but was written after one. Use load_checkpoint instead."
        )
    repair = "Give every fit its own path, or remove the file to start over."
    if fit["data"] != data:
        raise FileError(f"{path!r} comes from a fit on other data: X, y, weights or validation rows differ. {repair}")
    done = state["epoch"] - fit["first_epoch"]
    if done > max_epochs:
        raise FileError(f"{path!r} comes from a fit that has done {done} epochs, more than the {max_epochs} requested. {repair}")


def _described(setting: Settings) -> dict[str, Any]:
    """The settings or, if a custom function is among them, the kind and the identity of the code."""
    try:
        return setting.to_dict()
    except InvalidSettingError:
        return {"kind": setting.kind, "functions": code_identity(setting)}


def check_identity(ours: Mapping[str, Any], stored: Mapping[str, Any], *, owner: str, path: str | os.PathLike[str]) -> None:
    """Raise if a checkpoint has another network or other settings.

    Raises
    ------
    InvalidSettingError
        If something differs; the message names the first setting that does, and the file.
    """
    difference = _first_difference(ours, stored, "")
    if difference is not None:
        place, came, theirs = difference
        if place == "dtype" and (came, theirs) in (("float32", "mixed float32"), ("mixed float32", "float32")):
            place = "precision"
            came, theirs = ("mixed" if number == "mixed float32" else "full" for number in (came, theirs))
        repair = "Give every fit its own path, or remove the file to start over."
        run = f"as in the run that wrote {os.fspath(path)!r}"
        if _is_of_code(place):
            came, theirs = name_in(came), name_in(theirs)  # the checksums mean nothing to users
            if came == theirs:
                what = "its code, or a value that it uses (default, closure, attribute), differs"
                raise InvalidSettingError(f"{owner}: {place} must be {theirs!r}, {run}, but {what}. {repair}")
        rule = f"must be {shown(theirs)}, {run}"
        raise InvalidSettingError(phrase(place, rule, came, repair=repair, owner=owner))


def _is_of_code(place: str) -> bool:
    """Whether this place of an identity describes a function."""
    return place.startswith("metrics.") or place.endswith((".functions", ".objective_code"))


def _first_difference(ours: Any, stored: Any, place: str) -> tuple[str, Any, Any] | None:
    """The first place where two descriptions differ, and both values."""
    parts = _parts(ours, stored, place)
    if parts is None:
        return None if ours == stored else (place, ours, stored)
    return next((found for name, one, other in parts if (found := _first_difference(one, other, name))), None)


def _parts(ours: Any, stored: Any, place: str) -> list[tuple[str, Any, Any]] | None:
    """The places within two descriptions of one form, and both values; of things of different kinds, only the kinds."""
    if isinstance(ours, Mapping) and isinstance(stored, Mapping):
        keys = list(ours)
        if "kind" in ours and "kind" in stored and ours["kind"] != stored["kind"]:
            keys = ["kind"]
        elif ours.keys() != stored.keys():
            return None
        return [(f"{place}.{key}" if place else str(key), ours[key], stored[key]) for key in keys]
    if isinstance(ours, list) and isinstance(stored, list) and len(ours) == len(stored):
        return [(f"{place}[{i}]", one, other) for i, (one, other) in enumerate(zip(ours, stored, strict=True))]
    return None


def _split(value: Any, place: str, arrays: dict[str, np.ndarray]) -> Any:
    """``value`` with its arrays moved to ``arrays``, each under the path of its place."""
    if isinstance(value, np.ndarray):
        arrays[place] = value
        return {_REFERENCE: place}
    if isinstance(value, Mapping):
        if value.keys() == {_REFERENCE}:
            rule = f"must not be a dict with the single key {_REFERENCE!r}, which is reserved"
            raise InvalidSettingError(phrase(place, rule, dict(value)))
        return {key: _split(item, f"{place}.{key}" if place else str(key), arrays) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_split(item, f"{place}.{i}", arrays) for i, item in enumerate(value)]
    return value


def _join(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """The inverse of :func:`_split`, in place; each array is taken out of ``arrays``."""
    if isinstance(value, dict):
        if value.keys() == {_REFERENCE}:
            return arrays.pop(value[_REFERENCE])
        for key, item in value.items():
            value[key] = _join(item, arrays)
    if isinstance(value, list):
        value[:] = [_join(item, arrays) for item in value]
    return value
