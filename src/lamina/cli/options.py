"""Options that several commands share. Nothing heavy is imported here, because ``--help`` must be fast."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from lamina.cli.standard_streams import DASH, TableFormat, check_format, read_standard_input

if TYPE_CHECKING:
    import pyarrow as pa

    from lamina.model import NetworkModel, TableModel

__all__ = ["READING", "Flag", "Quiet", "Reading", "ReadingOptions", "check_output", "load_applicable_model", "load_table_model"]

Flag = Annotated[bool, Parameter(negative="")]
Quiet = Annotated[bool, Parameter(negative="", alias="-q")]


@dataclass(frozen=True, kw_only=True)
class ReadingOptions:
    """Options for reading tables.

    Parameters
    ----------
    delimiter : str
        Separator of fields; default: detected from the header.
    encoding : str
        Encoding of text.
    missing : tuple of str
        Additional fields that mean a missing value.
    drop_ragged : bool
        Drop rows with too few or too many fields.
    input_format : {"csv", "tsv", "parquet", "feather"}
        Format of standard input, if the table is -; default: csv.
    """

    delimiter: str | None = None
    encoding: str = "utf-8"
    missing: tuple[str, ...] = ()
    drop_ragged: Flag = False
    input_format: TableFormat | None = None

    def read(self, path: Path, text_columns: tuple[str, ...] = ()) -> pa.Table:
        """Read the table from a file, or from standard input for ``-``."""
        from lamina.data import read_table

        check_format("--input-format", self.input_format, path)
        read = partial(
            read_table,
            delimiter=self.delimiter,
            encoding=self.encoding,
            missing=self.missing,
            text_columns=text_columns,
            drop_ragged=self.drop_ragged,
        )
        return read_standard_input(read, self.input_format or "csv") if path == DASH else read(path)


READING = ReadingOptions()
Reading = Annotated[ReadingOptions, Parameter(name="*", group="Reading")]


def check_output(output: Path, *read: Path) -> None:
    """Reject an output that cannot be written or would replace an input file, before any work is done."""
    from lamina.errors import InvalidSettingError, phrase
    from lamina.files import check_writable

    if any(path.exists() and output.exists() and path.samefile(output) for path in read):
        repair = "Name another file."
        raise InvalidSettingError(phrase("--output", "must not be a file that this command reads", str(output), repair=repair))
    check_writable(output)


def load_applicable_model(path: Path) -> TableModel | NetworkModel:
    """Load a model that can be applied to a table: one saved by ``lamina train``, or a custom network."""
    from lamina.errors import FileError
    from lamina.model import NetworkModel, TableModel, load_model

    model = load_model(path)
    if not isinstance(model, TableModel | NetworkModel):
        raise FileError(_other_kind(path, model))
    return model


def load_table_model(path: Path) -> TableModel:
    """Load a model saved by ``lamina train``."""
    from lamina.errors import FileError
    from lamina.model import TableModel

    model = load_applicable_model(path)
    if not isinstance(model, TableModel):
        raise FileError(_other_kind(path, model))
    return model


def _other_kind(path: Path, model: object) -> str:
    rule = "must be a table model saved by `lamina train`"
    return f"{str(path)!r} {rule}, got a {type(model).__name__}. Use it from Python."
