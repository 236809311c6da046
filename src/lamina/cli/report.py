"""``lamina report``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from lamina.cli.options import (
    READING,
    Flag,
    OnBadShard,
    OnError,
    Quiet,
    Reading,
    ReadingOptions,
    check_output,
    is_streamed,
    load_table_model,
)
from lamina.cli.output import notes_printed, print_json, print_line
from lamina.cli.standard_streams import DASH, write_bytes
from lamina.cli.treatment import MAX_ROWS
from lamina.errors import InvalidSettingError, phrase

if TYPE_CHECKING:
    import pyarrow as pa

    from lamina.model import TableModel

__all__ = ["report"]

_MOST_ROWS = 100_000  # of a table of many files


def report(
    model: Path,
    table: Annotated[Path | None, Parameter(show_default=False)] = None,
    /,
    *,
    output: Annotated[Path | None, Parameter(alias="-o")] = None,
    text: Flag = False,
    diagnosis: bool = True,
    max_rows: int = MAX_ROWS,
    seed: int = 0,
    json: Flag = False,
    quiet: Quiet = False,
    on_error: OnError = None,
    on_bad_shard: OnBadShard = "fail",
    reading: Reading = READING,
) -> None:
    """Write all that is to say of a model into one page: what the doctor finds, how it learned, how good it is, what matters.

    The page is one file without scripts, which is readable from disk and on paper. The pictures of predictions, the doctor's
    findings and what matters need a table with the target, best one that the model was not trained on.

    Parameters
    ----------
    model : Path
        Model file.
    table : Path
        CSV or TSV (also .gz), Parquet or Feather, with the target and the columns that the model was trained on; a folder,
        pattern or address of many, of which at most 100,000 rows are drawn; - for standard input.
    output : Path
        HTML file; default: report.html, unless --text or --json; - for standard output, to which nothing else is then printed.
    text : bool
        Print the same as text.
    diagnosis : bool
        Let the doctor train a copy on the table; takes a few times as long as the training.
    max_rows : int
        Larger tables are examined by the doctor on this many rows, drawn at random; at least 20.
    seed : int
        Of what is drawn at random: rows, shuffles, the doctor's split.
    json : bool
        Print the same as one JSON object.
    quiet : bool
        Print no notes.
    on_error : {"fail", "missing"}
        What a value of another kind than its column's does: end with an error, or count as missing; default: as in training.
    on_bad_shard : {"fail", "skip"}
        What a file of many does that is damaged, empty or lacks a column: end with an error, or be left out.
    """
    from lamina.cli.cure_options import options_for
    from lamina.data.notes import note
    from lamina.model.as_options import option
    from lamina.model.untrained import untrained
    from lamina.report.subject import subject_of
    from lamina.report.write import report_of

    if text and json:
        raise InvalidSettingError(phrase("--text", "must be left out with --json", True))
    path = output or (None if text or json else Path("report.html"))
    _check(path, model, table, text=text, json=json)
    with notes_printed(quiet) as notes:
        loaded = load_table_model(model, on_error)
        rows = None if table is None else _rows(loaded, table, reading, seed, on_bad_shard)
        subject = subject_of(loaded, rows, seed=seed, max_rows=max_rows, diagnosis=diagnosis)
        if subject.judged is not None and not json:  # which a program reads
            note(_what_takes_time(subject.judged.num_rows, diagnosis))
        others = {"on_error": on_error, "on_bad_shard": on_bad_shard if on_bad_shard != "fail" else None}
        told = (*reading.as_told(), *(option(name, value) for name, value in others.items() if value is not None))
        given = replace(subject, path=str(model), table="" if table is None else str(table), reading=told)
        found = report_of(replace(given, spell=options_for(untrained(loaded))))
    if path == DASH:
        write_bytes(found.to_html().encode("utf-8", "replace"))
        return
    if path is not None:
        found.save(path)
    if json:
        print_json({**found.to_dict(), "output": None if path is None else str(path), "notes": notes})
    elif text:
        print_line(str(found).rstrip())
    elif not quiet:
        print_line(f"{found.lead}\nReport: {path}")


def _check(path: Path | None, model: Path, table: Path | None, *, text: bool, json: bool) -> None:
    """Reject an output that cannot be, before any work is done."""
    if path == DASH and (text or json):
        rule, name = "must be left out if the page goes to standard output", "--text" if text else "--json"
        raise InvalidSettingError(phrase(name, rule, "-o -", repair="Name a file: -o report.html."))
    if path is not None and path != DASH:
        check_output(path, model, *([] if table is None else [table]))


def _what_takes_time(num_rows: int, diagnosis: bool) -> str:
    copy = "the doctor trains a copy of the model, which takes a few times as long as its training; then " if diagnosis else ""
    return f"{copy}columns are shuffled to see which ones matter, on {num_rows:,} rows or some of them."


def _rows(model: TableModel, path: Path, reading: ReadingOptions, seed: int, on_bad_shard: Literal["fail", "skip"]) -> pa.Table:
    from lamina.cli.train import read_with_targets, with_typed_target
    from lamina.model.kept_settings import settings_of

    missing, reading = settings_of(model).encoding.missing, reading.as_in_training(model)
    if not is_streamed(path):
        return read_with_targets(path, model.target.names, reading, missing)
    from lamina.data.notes import note
    from lamina.data.shards import as_table, open_shards

    needed = [*(encoder.column for encoder in model.encoder.encoders_), *model.target.names]
    shards = open_shards(path, on_bad_shard=on_bad_shard, needed=needed, reading=reading.of_text, same_kinds=False)
    sample, num_rows = shards.sample(_MOST_ROWS, seed=seed)
    if sample.num_rows < num_rows:
        note(f"the report is on {sample.num_rows:,} rows, drawn from {num_rows:,}.")
    table = as_table(sample)
    for name in model.target.names:
        table = with_typed_target(table, name, missing)
    return table
