"""``lamina predict``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from lamina.cli.options import READING, Flag, OnError, Quiet, Reading, check_output, load_applicable_model
from lamina.cli.output import listed, notes_printed, print_json, print_line
from lamina.cli.standard_streams import DASH, TableFormat, check_format, has_standard_output, write_standard_output

if TYPE_CHECKING:
    import pyarrow as pa

    from lamina.data.table_reader import ReadTable
    from lamina.model import NetworkModel, TableModel

__all__ = ["predict"]


def predict(
    model: Path,
    table: Path,
    /,
    *,
    output: Annotated[Path, Parameter(alias="-o")],
    output_format: TableFormat | None = None,
    keep: tuple[str, ...] = (),
    json: Flag = False,
    quiet: Quiet = False,
    on_error: OnError = None,
    reading: Reading = READING,
) -> None:
    """Predict the target of each row of a table.

    For each row of the table, the output has the columns to keep, the predicted target (named "predicted ..." if the target
    itself is kept; one column per level for several quantiles), its spread with the loss gaussian_nll (named "... spread"), and
    the probability of each class. In a pipe: `cat new.csv | lamina predict a.lamina - -o -`.

    A custom network saved from Python has no encoder: its inputs are the table's columns that are not kept, in order. Their
    number must match, and they must hold numbers in every row.

    Parameters
    ----------
    model : Path
        Model file.
    table : Path
        CSV or TSV (also .gz), Parquet or Feather, with the columns that the model was trained on; - for standard input.
    output : Path
        File to write: .csv, .tsv, .parquet or .feather; - for standard output, to which nothing else is then written.
    output_format : {"csv", "tsv", "parquet", "feather"}
        Format of standard output, if the output is -; default: csv.
    keep : tuple of str
        Columns of the table to copy to the output.
    json : bool
        Print one JSON object.
    quiet : bool
        Print no notes and no report.
    on_error : {"fail", "missing"}
        What a value of another kind than its column's does: end with an error, or count as missing; default: as in training.
    """
    with notes_printed(quiet) as notes:
        from lamina.data import check_table_path, write_table

        write = check_table_path(_named(output, output_format), "--output")
        _check(output, output_format, json, model, table)
        loaded = load_applicable_model(model, on_error)
        read = reading.as_in_training(loaded).read(table)
        result = _predictions(loaded, read, keep)
        if output == DASH:
            write_standard_output(write, result)
        else:
            write_table(output, result)
    if json:
        print_json({"rows": result.num_rows, "columns": result.column_names, "output": str(output), "notes": notes})
    elif output != DASH and not quiet and has_standard_output():
        print_line(f"Predicted {_predicted(loaded)} of {result.num_rows:,} rows: {output}")


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


def _predictions(model: TableModel | NetworkModel, table: pa.Table, keep: tuple[str, ...]) -> pa.Table:
    import pyarrow as pa

    from lamina.cli.network_tables import predict_table
    from lamina.errors import DataError, phrase_unknown
    from lamina.model import NetworkModel

    for name in keep:
        if name not in table.column_names:
            raise DataError(phrase_unknown("--keep", name, table.column_names))
    if isinstance(model, NetworkModel):
        return predict_table(model, table, keep)
    names = [f"predicted {name}" if name in keep else name for name in model.target.names]
    columns: dict[str, Any] = {name: table[name] for name in keep}
    for name, values in _predicted_columns(model, model.read(table), names).items():
        if name in columns:
            raise DataError(f"--keep must not name a predicted column, got {name!r}. Rename the column of the table.")
        columns[name] = values
    return pa.table(columns)


def _predicted_columns(model: TableModel, read: ReadTable, names: list[str]) -> dict[str, Any]:
    """What is predicted for each target by name: one column, and its spread if there is one; or a column per level or class."""
    import numpy as np
    import pyarrow as pa

    from lamina.cli.network_tables import with_spreads

    if model.predicts_spread:
        found = model.predict_distribution(read)
        means = zip(names, np.atleast_2d(found.mean.T), strict=True)
        return with_spreads(dict(means), np.atleast_2d(found.spread.T))
    predicted = model.predict(read)
    if model.levels:
        return {f"{names[0]} at {level:g}": predicted[:, i] for i, level in enumerate(model.levels)}
    columns = {name: pa.array(values) for name, values in zip(names, np.atleast_2d(predicted.T), strict=True)}
    if model.has_probabilities:
        probabilities = model.predict_proba(read)
        columns |= {
            f"probability of {name}": probabilities[:, i] for i, name in enumerate(model.target.labels or model.target.classes)
        }
    return columns
