"""``lamina evaluate``."""

from __future__ import annotations

from pathlib import Path

from lamina.cli.options import READING, Flag, Quiet, Reading, load_table_model
from lamina.cli.output import BASELINES, metrics_table, notes_printed, print_json, print_line, print_table

__all__ = ["evaluate"]


def evaluate(
    model: Path,
    table: Path,
    /,
    *,
    json: Flag = False,
    quiet: Quiet = False,
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
    """
    with notes_printed(quiet) as notes:
        loaded = load_table_model(model)
        frame, y = loaded.rows_with_target(reading.read(table, text_columns=loaded.text_columns))
        metrics = loaded.evaluate(frame)
    if json:
        print_json({"rows": len(y), "metrics": metrics, "notes": notes})
        return
    print_line(f"{loaded.target.task.capitalize()} of {loaded.target.name!r} on {len(y):,} rows:")
    print_table(metrics_table(metrics, BASELINES[loaded.target.task]))
