"""Conversion of a trained network to arrays and JSON, and back; without pickle, so that reading runs no code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lamina.errors import InvalidSettingError, ShapeError, phrase
from lamina.files.json_text import check_depth
from lamina.forms import ANYTHING, COUNT, REAL, TEXT, AtLeast, Entries, Form, Maybe, check_form
from lamina.losses import get_loss
from lamina.losses.custom import LINKS
from lamina.model.model_form import check_arrays
from lamina.model.network_model import NetworkModel, OutputMeaning
from lamina.network import Network, network_from_dict
from lamina.stop_reason import STOP_CODES
from lamina.training import History, StopReason
from lamina.training.history import without_durations
from lamina.validation import choice, number

__all__ = ["NETWORK_KIND", "describe_network", "restore_network"]

NETWORK_KIND = "network"
"""The ``kind`` of a file that holds a network."""

_OUTPUT: dict[str, Form] = {
    "loss": Maybe(Entries(ANYTHING)),
    "loss_name": TEXT,
    "link": Maybe(choice(LINKS)),
    "weight": number(0),
}
_DESCRIPTION: dict[str, Form] = {
    "network": Entries(ANYTHING),
    "dtype": choice(("float32", "float64")),
    "outputs": [_OUTPUT],
    "history": [AtLeast({"epoch": COUNT, "step": COUNT, "loss": REAL})],
    "stop_reason": Maybe((choice(STOP_CODES), TEXT)),
    "engine": choice(("auto", "reference")),
}
# Limits the memory of units without weights (concatenated copies of others): values per row for each weight or input.
_MOST_WIDTH_A_NUMBER = 64


def describe_network(model: NetworkModel) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The arrays of a model, and the rest of its state as JSON-serializable values.

    Raises
    ------
    InvalidSettingError
        If a weight is not finite, or a callback put something into the history that JSON cannot hold.
    """
    description = {
        "network": model.network.to_dict(),
        "dtype": model.dtype.name,
        "outputs": [_describe_output(output) for output in model.outputs],
        "history": [_plain_record(record) for record in without_durations(model.history)],
        "stop_reason": None if model.stop_reason is None else [model.stop_reason.code, model.stop_reason.text],
        "engine": model.engine,
    }
    arrays = {"parameters": model.parameters, "state": model.state}
    _check_arrays(arrays, model.network, model.dtype)
    return arrays, description


def restore_network(arrays: Mapping[str, np.ndarray], description: Mapping[str, Any]) -> NetworkModel:
    """Restore the model described by :func:`describe_network`; its predictions are bit-for-bit the same.

    Raises
    ------
    LaminaError
        If the description or the arrays are not those of a network. This is checked before anything large is allocated.
    """
    check_form(description, _DESCRIPTION, "the network's description")
    network = network_from_dict(description["network"])
    _check_arrays(arrays, network, np.dtype(description["dtype"]))
    outputs = tuple(_restore_output(output) for output in description["outputs"])
    if len(outputs) != len(network.output_names):
        raise ShapeError(phrase("the outputs", f"must be those of {', '.join(network.output_names)}", len(outputs)))
    if all(output.loss is not None for output in outputs):
        network.program([output.loss for output in outputs if output.loss is not None])  # refuses losses that do not fit
    reason = description["stop_reason"]
    return NetworkModel(
        network,
        outputs,
        arrays["parameters"],
        arrays["state"],
        History(description["history"]),
        None if reason is None else StopReason(*reason),
        description["engine"],
    )


def _describe_output(output: OutputMeaning) -> dict[str, Any]:
    loss = None if output.loss is None else output.loss.to_dict()
    return {"loss": loss, "loss_name": output.loss_name, "link": output.link, "weight": output.weight}


def _restore_output(given: Mapping[str, Any]) -> OutputMeaning:
    """The meaning of an output; one of Lamina's losses sets link and name itself, whatever the file says."""
    if given["loss"] is not None:
        return OutputMeaning.of(get_loss(given["loss"]), float(given["weight"]))
    return OutputMeaning(None, given["loss_name"], given["link"], float(given["weight"]))


def _check_arrays(arrays: Mapping[str, np.ndarray], network: Network, dtype: np.dtype) -> None:
    """Reject arrays that do not fit the network, and widths out of proportion to the weights. Nothing large is allocated yet."""
    program = network.program()
    check_arrays(arrays, network, dtype)
    inputs = sum(program.widths[buffer] for buffer in program.inputs)
    most = _MOST_WIDTH_A_NUMBER * (program.num_parameters + inputs) + (1 << 20)
    if sum(program.widths) > most:
        rule = f"must have at most {most:,} values per row for its number of weights"
        raise ShapeError(phrase("the network", rule, f"{sum(program.widths):,}"))


def _plain_record(record: Mapping[str, Any]) -> dict[str, Any]:
    check_depth(record)
    return {str(key): _plain(str(key), value) for key, value in record.items()}


def _plain(key: str, value: Any) -> Any:
    """A value of a record as a JSON-serializable value."""
    if isinstance(value, np.generic | np.ndarray):
        return _plain(key, value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(key, item) for item in value]
    if isinstance(value, Mapping):
        return {str(name): _plain(key, item) for name, item in value.items()}
    if value is None or isinstance(value, str | bool | int | float):
        return value
    repair = f"Remove it first: for record in trainer.history: record.pop({key!r}, None)."
    rule = "must be numbers, strings, or lists and dicts of these to be saved"
    raise InvalidSettingError(phrase(f"{key!r} of the history", rule, value, repair=repair))
