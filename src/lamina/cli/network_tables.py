"""Custom networks on tables: the columns they read, their predictions, and their training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lamina.cli.output import few
from lamina.errors import DataError
from lamina.network import Ensemble

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from rich.table import Table

    from lamina.estimators import MLPClassifier, MLPRegressor
    from lamina.model import NetworkModel
    from lamina.training import Record

__all__ = ["describe_estimator", "describe_network_model", "history_table", "predict_table", "with_spreads"]

_SHOWN_EPOCHS = 8


def predict_table(model: NetworkModel, table: pa.Table, keep: tuple[str, ...], precision: str = "full") -> pa.Table:
    """The columns to keep, then the outputs: one column each, or numbered ones; for softmax, after the most likely class.

    A loss that predicts a spread adds a column of it to each, in full precision.

    Raises
    ------
    DataError
        If the number of other columns is not the network's number of inputs, or they do not hold numbers.
    """
    import pyarrow as pa

    inputs = _inputs(model, table, keep)
    columns: dict[str, Any] = {name: table[name] for name in keep}
    for name, output, values, spreads in zip(
        model.output_names, model.outputs, *_predicted(model, inputs, precision), strict=True
    ):
        predicted = _output_columns(name, values, of_classes=output.link == "softmax")
        if output.loss is not None and output.loss.predicts_spread:
            predicted = with_spreads(predicted, spreads.T)
        for key, column in predicted.items():
            if key in columns:
                raise DataError(f"--keep must not name a predicted column, got {key!r}. Rename the column of the table.")
            columns[key] = column
    return pa.table(columns)


def with_spreads(means: Mapping[str, np.ndarray], spreads: Iterable[np.ndarray]) -> dict[str, np.ndarray]:
    """Columns of means, each followed by that of its spread."""
    columns: dict[str, np.ndarray] = {}
    for (name, mean), spread in zip(means.items(), spreads, strict=True):
        columns |= {name: mean, f"{name} spread": spread}
    return columns


def history_table(records: list[Record]) -> Table:
    """A table of some evenly spaced epochs, with the numbers that every record has."""
    from rich.table import Table

    last = len(records) - 1
    places = sorted({round(i * last / (_SHOWN_EPOCHS - 1)) for i in range(_SHOWN_EPOCHS)})
    keys = [key for key in records[0] if all(_is_number(record.get(key)) for record in records) and key != "step"]
    table = Table()
    for key in keys:
        table.add_column(key.replace("_", " "), justify="right")
    for place in places:
        table.add_row(*(f"{records[place][key]:.6g}" for key in keys))
    return table


def describe_network_model(model: NetworkModel) -> dict[str, Any]:
    """The output of ``lamina info --json`` for a custom network."""
    reason = model.stop_reason
    return {
        "inputs": dict(zip(model.input_names, model.network.input_widths, strict=True)),
        "outputs": {
            name: {"width": width, "loss": output.loss_name, "link": output.link}
            for name, width, output in zip(model.output_names, model.network.output_widths, model.outputs, strict=True)
        },
        "num_parameters": model.network.num_parameters,
        "dtype": model.dtype.name,
        "network": model.network.to_dict(),
        "stop_reason": None if reason is None else {"code": reason.code, "text": reason.text},
        "history": model.history.to_list(),
    }


def describe_estimator(model: MLPClassifier | MLPRegressor) -> dict[str, Any]:
    """The output of ``lamina info --json`` for an estimator that was fitted in Python."""
    names, classes = getattr(model, "feature_names_in_", None), getattr(model, "classes_", None)
    return {
        "estimator": type(model).__name__,
        "classes": None if classes is None else classes.tolist(),
        "columns": None if names is None else list(names),
        "num_parameters": model.network_.num_parameters,
        "network": model.network_.to_dict(),
        "stop_reason": {"code": model.stop_reason_.code, "text": model.stop_reason_.text},
        "history": model.history_.to_list(),
    }


def _predicted(model: NetworkModel, inputs: Any, precision: str) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Predictions and, where a loss predicts them, spreads of each output."""
    predictions = _listed(model.predict(inputs, precision=precision))
    has_spread = [output.loss is not None and output.loss.predicts_spread for output in model.outputs]
    if not any(has_spread):
        return predictions, predictions
    if isinstance(model.network, Ensemble):
        return predictions, [found.spread for found in _listed(model.predict_distribution(inputs))]
    logits = zip(model.outputs, has_spread, _listed(model.predict_logits(inputs)), strict=True)
    return predictions, [output.loss.spread(z) if has else z for output, has, z in logits]  # type: ignore[union-attr]


def _listed(of_outputs: Any) -> list[Any]:
    return of_outputs if isinstance(of_outputs, list) else [of_outputs]


def _inputs(model: NetworkModel, table: pa.Table, keep: tuple[str, ...]) -> np.ndarray | list[np.ndarray]:
    """The model's inputs: the columns that are not kept, in the table's order, split over the inputs in their order."""
    import numpy as np

    from lamina.data.column_types import typed_table

    names = [name for name in table.column_names if name not in keep]
    widths = [int(width or 0) for width in model.network.input_widths]
    if len(names) != sum(widths):
        inputs = ", ".join(f"{name}: {width}" for name, width in zip(model.input_names, widths, strict=True))
        repair = "Leave out the others, or name them with --keep."
        came = f"got {len(names)} ({few(names)}). {repair}"
        raise DataError(f"the table must have one column for each of the network's {sum(widths)} inputs ({inputs}), {came}")
    typed = typed_table(table.select(names))
    columns = np.column_stack([_numbers(name, typed[name]) for name in names])
    if len(widths) == 1:
        return columns
    ends = np.cumsum(widths).tolist()
    return [columns[:, end - width : end] for width, end in zip(widths, ends, strict=True)]


def _numbers(name: str, column: pa.ChunkedArray) -> np.ndarray:
    import pyarrow as pa

    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise DataError(f"column {name!r} must hold numbers for a network without an encoder, got {kind}. Encode it first.")
    if column.null_count:
        raise DataError(f"column {name!r} must have a number in every row, got {column.null_count} without. Fill or drop them.")
    numbers: np.ndarray = column.to_numpy().astype("float64")
    return numbers


def _output_columns(name: str, values: np.ndarray, *, of_classes: bool) -> dict[str, np.ndarray]:
    if values.shape[1] == 1:
        return {name: values[:, 0]}
    likeliest = {name: values.argmax(axis=1)} if of_classes else {}
    return likeliest | {f"{name}[{i}]": values[:, i] for i in range(values.shape[1])}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
