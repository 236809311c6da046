"""``lamina evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lamina.cli.options import READING, Flag, Memory, OnBadShard, OnError, Quiet, Reading, is_streamed, load_table_model
from lamina.cli.output import listed, notes_printed, print_json, print_line, print_metrics

if TYPE_CHECKING:
    import pyarrow as pa

    from lamina.metrics import Evaluation
    from lamina.model import TableModel

__all__ = ["evaluate"]


def evaluate(
    model: Path,
    table: Path,
    /,
    *,
    json: Flag = False,
    quiet: Quiet = False,
    on_error: OnError = None,
    memory: Memory = None,
    on_bad_shard: OnBadShard = "fail",
    reading: Reading = READING,
) -> None:
    """Evaluate a model on a table that holds the target.

    Parameters
    ----------
    model : Path
        Model file.
    table : Path
        CSV or TSV (also .gz), Parquet or Feather, with the target and the columns that the model was trained on; a folder,
        pattern or address of many; - for standard input.
    json : bool
        Print one JSON object.
    quiet : bool
        Print no notes.
    on_error : {"fail", "missing"}
        What a value of another kind than its column's does: end with an error, or count as missing; default: as in training.
    memory : str
        Size from which on a single file is read block by block, such as 2GB; default: a quarter of the machine's memory.
    on_bad_shard : {"fail", "skip"}
        What a file of many does that is damaged, empty or lacks a column: end with an error, or be left out.
    """
    with notes_printed(quiet) as notes:
        loaded = load_table_model(model, on_error)
        reading = reading.as_in_training(loaded)
        if is_streamed(table, memory):
            from lamina.model import evaluate_shards

            metrics, num_rows = evaluate_shards(loaded, table, on_bad_shard=on_bad_shard, reading=reading.of_text)
        else:
            metrics, num_rows = _measured(loaded, reading.read(table))
    if json:
        print_json({"rows": num_rows, "metrics": metrics, "notes": notes})
        return
    print_line(f"{loaded.target.task.capitalize()} of {listed(loaded.target.names)} on {num_rows:,} rows:")
    print_metrics(metrics)


def _measured(model: TableModel, table: pa.Table) -> tuple[Evaluation, int]:
    """The metrics on a table in memory, and the number of its rows that have a target."""
    from lamina.data.arrow_tables import as_columns

    columns = as_columns(table, owner="evaluate")
    rows, y = model.target.present_rows(columns)
    return model.measure(model.read(columns).take(rows), y), len(y)
