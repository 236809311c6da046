"""What a run was made with, as a flat table of names and plain values: what trackers call its parameters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from lamina.training.callbacks.callback import Run
    from lamina.training.settings import TrainerSettings

__all__ = ["Plain", "run_parameters", "settings_parameters"]

Plain: TypeAlias = bool | int | float | str

_LONGEST = 500  # characters, as the strictest of trackers has it


def run_parameters(run: Run) -> dict[str, Plain]:
    """The trainer's settings, the network's size and layers, and the number of rows, by name.

    What is None is left out; objects are their kind, and their fields are named after them, such as
    ``optimizer.learning_rate``. Functions are their names.
    """
    settings, rows = run.settings, {"training_rows": run.training_data, "validation_rows": run.validation_data}
    counts = {name: data.num_rows for name, data in rows.items() if data is not None}
    return {**settings_parameters(settings), **counts, "rows_per_step": run.rows_per_step, "max_epochs": run.last_epoch}


def settings_parameters(settings: TrainerSettings) -> dict[str, Plain]:
    """The trainer's settings, and the network's size and layers.

    Examples
    --------
    >>> from lamina import Dense, Sequential, Trainer
    >>> found = settings_parameters(Trainer(Sequential([Dense(3, activation="relu"), Dense(1)], 2), "squared_error").settings)
    >>> found["optimizer"], found["optimizer.learning_rate"], found["loss"], found["network.parameters"]
    ('adam', 0.001, 'squared_error', 13)
    >>> found["network.layers"]
    'Dense(3, relu), Dense(1)'
    """
    network, outputs = settings.network, settings.network.output_names
    of_network: dict[str, Plain] = {
        "network": type(network).__name__,
        "network.depth": network.depth,
        "network.parameters": network.num_parameters,
        "network.layers": ", ".join(node.describe() for node in network.nodes)[:_LONGEST],
    }
    names = ["loss"] if len(outputs) == 1 else [f"loss.{name}" for name in outputs]
    described = dict(zip(names, settings.losses, strict=True))
    described |= {
        field.name: getattr(settings, field.name) for field in fields(settings) if field.name not in ("network", "loss")
    }
    return of_network | {key: found for name, value in described.items() for key, found in _flat(name, value)}


def _flat(name: str, value: Any) -> Iterator[tuple[str, Plain]]:
    """A value as one or several plain ones."""
    if value is None:
        return
    if isinstance(value, bool | int | float | str):
        yield name, value
    elif is_dataclass(value) and not isinstance(value, type):
        if kind := getattr(value, "kind", ""):
            yield name, kind
        for field in fields(value):
            yield from _flat(f"{name}.{field.name}", getattr(value, field.name))
    else:
        yield name, str(getattr(value, "__qualname__", value))[:_LONGEST]
