"""``lamina predict``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, TypeAlias

from cyclopts import Parameter

from lamina.cli.options import (
    READING,
    Flag,
    Memory,
    OnBadShard,
    OnError,
    Quiet,
    Reading,
    ReadingOptions,
    check_output,
    is_streamed,
    load_applicable_model,
)
from lamina.cli.output import listed, notes_printed, print_json, print_line
from lamina.cli.standard_streams import DASH, TableFormat, check_format, has_standard_output, write_standard_output

if TYPE_CHECKING:
    import pyarrow as pa

    from lamina.data.shards import Shards, TextReading
    from lamina.data.table_reader import ReadTable
    from lamina.model import NetworkModel, TableModel

__all__ = ["predict"]

Precision: TypeAlias = Literal["full", "mixed"]

# What the errors of models call the options.
_PHRASES = {
    "predict_interval": "--interval",
    "predict_set": "--set",
    "validation rows, and without calibration=False": "validation rows (--validation above 0), and without --no-calibration",
    "or hold out more of them": "or hold out more of them (--validation)",
    "Use predict.": "Leave it out.",
    "precision must": "--precision must",
}


def predict(
    model: Path,
    table: Path,
    /,
    *,
    output: Annotated[Path, Parameter(alias="-o")],
    output_format: TableFormat | None = None,
    keep: tuple[str, ...] = (),
    proba: bool = True,
    interval: float | None = None,
    set: float | None = None,
    spread: Flag = False,
    unfamiliar: Flag = False,
    precision: Precision = "full",
    json: Flag = False,
    quiet: Quiet = False,
    on_error: OnError = None,
    memory: Memory = None,
    on_bad_shard: OnBadShard = "fail",
    workers: Annotated[int, Parameter(alias="-w")] = 1,
    reading: Reading = READING,
) -> None:
    """Predict the target of each row of a table.

    For each row of the table, the output has the columns to keep, the predicted target (named "predicted ..." if the target
    itself is kept; one column per level for several quantiles), its spread if asked for or with the loss gaussian_nll (named
    "... spread"), the ends of an interval or a set of classes if asked for, and the probability of each class. In a pipe:
    `cat new.csv | lamina predict a.lamina - -o -`.

    Of a table of many files, the output is a folder, with a file for each, named after it. A file is whole or not there: after an
    interruption, the same command goes on with those that are missing.

    A custom network saved from Python has no encoder: its inputs are the table's columns that are not kept, in order. Their
    number must match, and they must hold numbers in every row.

    Parameters
    ----------
    model : Path
        Model file.
    table : Path
        CSV or TSV (also .gz), Parquet or Feather, with the columns that the model was trained on; a folder, pattern or address of
        many; - for standard input.
    output : Path
        File to write: .csv, .tsv, .parquet or .feather; a folder, for many; - for standard output, to which nothing else is then
        written.
    output_format : {"csv", "tsv", "parquet", "feather"}
        Format of standard output, if the output is -; default: csv. Of all files in a folder; default: that of the table's first
        file, not compressed.
    keep : tuple of str
        Columns of the table to copy to the output.
    proba : bool
        Write the probability of each class.
    interval : float
        Write where numbers may lie, in the columns "... low" and "... high": intervals that hold the targets of at least this
        share of new rows, in (0, 1), such as 0.9.
    set : float
        Write which classes a row may be of, in the column "... set", separated by " | ": sets that hold the classes of at least
        this share of new rows, in (0, 1), such as 0.9. A name with a | or " is written in double quotes, with each " doubled.
    spread : bool
        Write how far the members of the model differ, in the column "... spread": the standard deviation of what they predict, of
        numbers in the target's unit, of classes of the predicted one's probability, before it is calibrated.
    unfamiliar : bool
        Write how many columns of a row hold what training did not: numbers and dates out of range, unseen or rare categories.
    precision : {"full", "mixed"}
        mixed: predictions and probabilities round the operands of matrix products to bfloat16, which is faster for many rows
        where the processor multiplies these. Intervals, sets and spreads stay in full precision.
    json : bool
        Print one JSON object.
    quiet : bool
        Print no notes and no report.
    on_error : {"fail", "missing"}
        What a value of another kind than its column's does: end with an error, or count as missing; default: as in training.
    memory : str
        Size from which on a single file is read block by block, such as 2GB; default: a quarter of the machine's memory.
    on_bad_shard : {"fail", "skip"}
        What a file of many does that is damaged, empty or lacks a column: end with an error, or be left out.
    workers : int
        Processes that predict files of many at once, each with its share of the cores; -1: as many as there are cores. Changes
        speed only.
    """
    asked = _Asked(proba, interval, set, spread, unfamiliar, precision)
    _check_workers(workers)
    if is_streamed(table, memory):
        given = _Streamed(model, table, output, output_format, keep, asked, on_error, on_bad_shard, workers)
        _predict_files(given, reading, as_json=json, quiet=quiet)
        return
    with notes_printed(quiet) as notes:
        from lamina.data import check_table_path, write_table

        write = check_table_path(_named(output, output_format), "--output")
        _check(output, output_format, json, model, table)
        loaded = load_applicable_model(model, on_error)
        asked.check(loaded)
        _note_one_file(workers)
        read = reading.as_in_training(loaded).read(table)
        result = _predictions(loaded, read, keep, asked)
        if output == DASH:
            write_standard_output(write, result)
        else:
            write_table(output, result)
    if json:
        print_json({"rows": result.num_rows, "columns": result.column_names, "output": str(output), "notes": notes})
    elif output != DASH and not quiet and has_standard_output():
        print_line(f"Predicted {_predicted(loaded)} of {result.num_rows:,} rows: {output}")


class _Asked(NamedTuple):
    """What is to be written besides predictions, and how these are computed."""

    probabilities: bool
    interval: float | None
    set: float | None
    spread: bool
    unfamiliar: bool
    precision: Precision

    def check(self, model: TableModel | NetworkModel) -> None:
        """Reject what the model does not have, before the table is read."""
        from lamina.engine import predicts_mixed
        from lamina.errors import InvalidSettingError, phrase
        from lamina.model import NetworkModel
        from lamina.model.setting_words import Words, setting_words
        from lamina.validation import check_parameters, number

        with setting_words(Words(phrases=_PHRASES)):
            predicts_mixed(self.precision, model.dtype)
        flags = {"--spread": self.spread or None, "--unfamiliar": self.unfamiliar or None}
        asked = {"--interval": self.interval, "--set": self.set, **flags}
        given = {name: entry for name, entry in asked.items() if entry is not None}
        if isinstance(model, NetworkModel):
            of_other, other, repair = set(given), "a custom network", "Train with `lamina train`."
        elif model.target.task == "classification":
            of_other, other, repair = {"--interval"}, "a model of classes", "Use --set."
        else:
            of_other, other, repair = {"--set"}, "a model of numbers", "Use --interval."
        for name in sorted(of_other & given.keys()):
            raise InvalidSettingError(phrase(name, f"must be left out for {other}", given[name], repair=repair))
        if self.spread:
            _check_spread(model)
        shares = {name: share for name, share in given.items() if name not in flags}
        check_parameters(shares, dict.fromkeys(shares, number(0, 1, "neither")), owner="lamina predict")


class _Streamed(NamedTuple):
    """What is asked for of a table of many files."""

    model: Path
    table: Path
    output: Path
    output_format: TableFormat | None
    keep: tuple[str, ...]
    asked: _Asked
    on_error: OnError
    on_bad_shard: Literal["fail", "skip"]
    workers: int

    def identity(self, shards: Shards) -> dict[str, Any]:
        """What the predictions depend on."""
        import hashlib

        files = [[shard.name, shard.num_rows, shard.size] for shard in shards.shards]
        model = hashlib.sha256(self.model.read_bytes()).hexdigest()
        return {"model": model, "files": files, "keep": list(self.keep), **self.asked._asdict(), "on_error": self.on_error}


def _predict_files(given: _Streamed, reading: ReadingOptions, *, as_json: bool, quiet: bool) -> None:
    """Predict a table of many files, file by file."""
    from lamina.data.shards import convert_shards

    with notes_printed(quiet) as notes:
        _check_folder(given.output)
        loaded = load_applicable_model(given.model, given.on_error)
        given.asked.check(loaded)
        shards = _shards(given, loaded, reading.as_in_training(loaded).of_text)
        if len(shards.shards) == 1:
            _note_one_file(given.workers)
        suffix = _suffix(given, shards)
        _check_outside(given, shards, suffix)
        done = list(
            convert_shards(
                shards,
                given.output,
                partial(_predictions, loaded, keep=given.keep, asked=given.asked),
                suffix=suffix,
                identity=given.identity(shards),
                jobs=given.workers,
            )
        )
    num_rows, kept = sum(file.num_rows or 0 for file in done), sum(file.num_rows is None for file in done)
    if as_json:
        files = [str(file.path) for file in done]
        print_json({"rows": num_rows, "files": files, "kept": kept, "output": str(given.output), "notes": notes})
    elif not quiet and has_standard_output():
        were = f" {kept} of {len(done)} files were there already." if kept else ""
        print_line(f"Predicted {_predicted(loaded)} of {num_rows:,} rows: {given.output}.{were}")


def _check_workers(workers: int) -> None:
    from lamina.spread import JOBS
    from lamina.validation import check_parameters

    check_parameters({"--workers": workers}, {"--workers": JOBS}, owner="lamina predict")


def _note_one_file(workers: int) -> None:
    from lamina.data.notes import note

    if workers != 1:
        note("a single file is predicted by one process; --workers is for a table of many.")


def _check_folder(output: Path) -> None:
    from lamina.errors import InvalidSettingError, phrase

    if output == DASH or output.is_file():
        rule = "must be a folder for the predictions of many files"
        raise InvalidSettingError(phrase("--output", rule, str(output), repair="Name one: -o predictions."))


def _check_outside(given: _Streamed, shards: Shards, suffix: str) -> None:
    """Reject a folder whose files the next command would take for files of the table."""
    from lamina.data.shards import stands_for, suffix_of
    from lamina.errors import InvalidSettingError, phrase

    names = [Path(shard.name).name for shard in shards.shards]
    if any(stands_for(given.table, given.output / f"{name[: len(name) - len(suffix_of(name))]}{suffix}") for name in names):
        rule = f"must be a folder whose files are none of the table {str(given.table)!r}"
        raise InvalidSettingError(phrase("--output", rule, str(given.output), repair="Name one outside of the table's folder."))


def _shards(given: _Streamed, model: TableModel | NetworkModel, reading: TextReading) -> Shards:
    """The files, with the columns that are needed of them."""
    from lamina.data.shards import open_shards
    from lamina.model import NetworkModel

    needed = None
    if not isinstance(model, NetworkModel):
        needed = list(dict.fromkeys([*(encoder.column for encoder in model.encoder.encoders_), *given.keep]))
    return open_shards(given.table, on_bad_shard=given.on_bad_shard, needed=needed, reading=reading, same_kinds=False)


def _suffix(given: _Streamed, shards: Shards) -> str:
    """The suffix of the files to write: as asked for, or that of the table's first file."""
    from lamina.data.shards import suffix_of

    if given.output_format is not None:
        return f".{given.output_format}"
    suffix = suffix_of(shards.shards[0].name).removesuffix(".gz")
    return {".pq": ".parquet", ".ipc": ".feather", ".txt": ".csv", ".data": ".csv"}.get(suffix, suffix)


def _check_spread(model: Any) -> None:
    """Reject a model of a table whose predictions have no spread."""
    from lamina.errors import InvalidSettingError, phrase
    from lamina.network import Ensemble

    if model.target.task == "classification" and not model.has_probabilities:
        rule, repair = "must be left out for a model without probabilities", "Train with the loss log_loss."
    elif not (model.predicts_spread or isinstance(model.estimator.network_, Ensemble)):
        rule, repair = "must be left out for a model of one network", "Train with --members 4."
    else:
        return
    raise InvalidSettingError(phrase("--spread", rule, True, repair=repair))


def _named(output: Path, kind: TableFormat | None) -> Path:
    """A file name whose suffix gives the format to write."""
    return Path(f"output.{kind or 'csv'}") if output == DASH else output


def _check(output: Path, kind: TableFormat | None, json: bool, *read: Path) -> None:
    """Reject an output that cannot be written, before any work is done."""
    from lamina.errors import InvalidSettingError, phrase

    check_format("--output-format", kind, output)
    if output != DASH:
        check_output(output, *read)
    elif json:
        rule = "must be left out if the predictions go to standard output"
        raise InvalidSettingError(phrase("--json", rule, "-o -", repair="Name a file: -o out.csv."))


def _predicted(model: TableModel | NetworkModel) -> str:
    from lamina.model import NetworkModel

    return listed(model.output_names if isinstance(model, NetworkModel) else model.target.names)


def _predictions(model: TableModel | NetworkModel, table: pa.Table, keep: tuple[str, ...], asked: _Asked) -> pa.Table:
    import pyarrow as pa

    from lamina.cli.network_tables import predict_table
    from lamina.errors import DataError, phrase_unknown
    from lamina.model import NetworkModel

    for name in keep:
        if name not in table.column_names:
            raise DataError(phrase_unknown("--keep", name, table.column_names))
    if isinstance(model, NetworkModel):
        return predict_table(model, table, keep, asked.precision)
    names = [f"predicted {name}" if name in keep else name for name in model.target.names]
    columns: dict[str, Any] = {name: table[name] for name in keep}
    for name, values in _predicted_columns(model, model.read(table), names, asked).items():
        if name in columns:
            raise DataError(f"--keep must not name a predicted column, got {name!r}. Rename the column of the table.")
        columns[name] = values
    return pa.table(columns)


def _predicted_columns(model: TableModel, read: ReadTable, names: list[str], asked: _Asked) -> dict[str, Any]:
    """What is predicted for each target by name, and whatever is asked for besides."""
    from lamina.model.setting_words import Words, setting_words

    columns = _of_targets(model, read, names, asked)
    with setting_words(Words("lamina predict", phrases=_PHRASES)):
        if asked.interval is not None:
            columns |= _ends(model, read, names, asked.interval)
        if asked.set is not None:
            columns |= {f"{names[0]} set": _sets(model, read, asked.set)}
    if model.has_probabilities and asked.probabilities:
        probabilities = model.predict_proba(read, precision=asked.precision)
        columns |= {f"probability of {name}": probabilities[:, i] for i, name in enumerate(_labels(model))}
    return columns | ({"unfamiliar columns": model.unfamiliar(read).counts} if asked.unfamiliar else {})


def _of_targets(model: TableModel, read: ReadTable, names: list[str], asked: _Asked) -> dict[str, Any]:
    """One column for each target, or one per level, each with its spread if it has one or is asked for one."""
    import numpy as np
    import pyarrow as pa

    from lamina.cli.network_tables import with_spreads

    predicted = model.predict(read, precision=asked.precision)
    labels = [f"{names[0]} at {level:g}" for level in model.levels] or names
    columns = dict(zip(labels, np.atleast_2d(predicted.T), strict=True))
    if asked.spread or model.predicts_spread:
        spreads = model.predict_distribution(read).spread
        if model.target.task == "classification":
            places = {label: i for i, label in enumerate(model.target.class_labels.tolist())}
            spreads = spreads[np.arange(len(spreads)), [places[label] for label in predicted.tolist()]]
        columns = with_spreads(columns, np.atleast_2d(spreads.T))
    return {name: pa.array(values) for name, values in columns.items()}


def _ends(model: TableModel, read: ReadTable, names: list[str], coverage: float) -> dict[str, Any]:
    """The ends of each target's interval."""
    ends = model.predict_interval(read, coverage).reshape(read.num_rows, len(names), 2)
    return {f"{name} {side}": ends[:, i, j] for i, name in enumerate(names) for j, side in enumerate(("low", "high"))}


def _sets(model: TableModel, read: ReadTable, coverage: float) -> list[str]:
    """The names of the classes in each row's set."""
    names = [_quoted(name) for name in _labels(model)]
    return [
        " | ".join(name for name, is_in in zip(names, row, strict=True) if is_in) for row in model.predict_set(read, coverage)
    ]


def _quoted(name: str) -> str:
    """A class of a set, which its separator cannot divide.

    >>> print(_quoted("x"), _quoted("x | y"), _quoted('5" pipe'))
    x "x | y" "5"" pipe"
    """
    return '"' + name.replace('"', '""') + '"' if "|" in name or '"' in name else name


def _labels(model: TableModel) -> tuple[str, ...]:
    return model.target.labels or model.target.classes
