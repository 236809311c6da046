"""``lamina evaluate``."""

from __future__ import annotations

from pathlib import Path

from lamina.cli.options import READING, Flag, OnError, Quiet, Reading, load_table_model
from lamina.cli.output import listed, notes_printed, print_json, print_line, print_metrics

__all__ = ["evaluate"]


def evaluate(
    model: Path,
    table: Path,
    /,
    *,
    json: Flag = False,
    quiet: Quiet = False,
    on_error: OnError = None,
    reading: Reading = READING,
) -> None:
    """Evaluate a model on a table that holds the target.

    Parameters
    ----------
    model : Path
        Model file.
    table : Path
        CSV or TSV (also .gz), Parquet or Feather, with the target and the columns that the model was trained on; - for
        standard input.
    json : bool
        Print one JSON object.
    quiet : bool
        Print no notes.
    on_error : {"fail", "missing"}
        What a value of another kind than its column's does: end with an error, or count as missing; default: as in training.
    """
    with notes_printed(quiet) as notes:
        from lamina.data.arrow_tables import as_columns

        loaded = load_table_model(model, on_error)
        columns = as_columns(reading.as_in_training(loaded).read(table), owner="evaluate")
        rows, y = loaded.target.present_rows(columns)
        metrics = loaded.measure(loaded.read(columns).take(rows), y)
    if json:
        print_json({"rows": len(y), "metrics": metrics, "notes": notes})
        return
    print_line(f"{loaded.target.task.capitalize()} of {listed(loaded.target.names)} on {len(y):,} rows:")
    print_metrics(metrics)
