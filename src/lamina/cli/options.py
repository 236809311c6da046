"""Options that several commands share. Nothing heavy is imported here, because ``--help`` must be fast."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from lamina.cli.standard_streams import DASH, TableFormat, check_format, read_standard_input

if TYPE_CHECKING:
    import pyarrow as pa

    from lamina.data.shards import TextReading
    from lamina.model import NetworkModel, TableModel

__all__ = [
    "READING",
    "Flag",
    "Memory",
    "OnBadShard",
    "OnError",
    "Quiet",
    "Reading",
    "ReadingOptions",
    "check_output",
    "is_streamed",
    "load_applicable_model",
    "load_table_model",
]

Flag = Annotated[bool, Parameter(negative="")]
Quiet = Annotated[bool, Parameter(negative="", alias="-q")]
OnError = Annotated[Literal["fail", "missing"] | None, Parameter(group="Encoding")]

Memory = Annotated[str | None, Parameter(group="Reading")]
OnBadShard = Annotated[Literal["fail", "skip"], Parameter(group="Reading")]


@dataclass(frozen=True, kw_only=True)
class ReadingOptions:
    """Options for reading tables.

    Parameters
    ----------
    delimiter : str
        Separator of fields; default: that of training, or else detected from the header.
    encoding : str
        Encoding of text; default: that of training, or else utf-8.
    drop_ragged : bool
        Drop rows with too few or too many fields.
    input_format : {"csv", "tsv", "parquet", "feather"}
        Format of standard input, if the table is -; default: csv.
    """

    delimiter: str | None = None
    encoding: str | None = None
    drop_ragged: Flag = False
    input_format: TableFormat | None = None

    def read(self, path: Path) -> pa.Table:
        """Read the table from a file, or from standard input for ``-``; fields of text stay as they are written."""
        from lamina.data import read_table

        check_format("--input-format", self.input_format, path)
        read = partial(
            read_table,
            delimiter=self.delimiter,
            encoding=self.encoding or "utf-8",
            as_text=True,
            drop_ragged=self.drop_ragged,
        )
        return read_standard_input(read, self.input_format or "csv") if path == DASH else read(path)

    @property
    def of_text(self) -> TextReading:
        """How text files of a table of many files are read."""
        from lamina.data.shards import TextReading

        return TextReading(self.delimiter, self.encoding or "utf-8", self.drop_ragged)

    def as_in_training(self, model: TableModel | NetworkModel) -> ReadingOptions:
        """The options with what training was told where nothing is said now."""
        summary = getattr(model, "summary", None)
        told = summary.get("reading", {}) if isinstance(summary, dict) else {}
        return replace(self, **{name: entry for name, entry in told.items() if getattr(self, name) is None})

    def as_told(self) -> tuple[str, ...]:
        """The options that were given, as the command takes them."""
        from lamina.model.as_options import option

        told = {**self.to_keep(), "drop_ragged": self.drop_ragged or None, "input_format": self.input_format}
        return tuple(option(name, value) for name, value in told.items() if value is not None)

    def to_keep(self) -> dict[str, str]:
        """What later commands need to know to read files that are written alike."""
        told = {"delimiter": self.delimiter, "encoding": self.encoding}
        return {name: entry for name, entry in told.items() if entry is not None}


READING = ReadingOptions()
Reading = Annotated[ReadingOptions, Parameter(name="*", group="Reading")]


def is_streamed(table: Path, memory: str | None = None) -> bool:
    """Whether a table is read block by block: one of many files, or one that is larger than the memory for it."""
    from lamina.model.shard_rows import is_larger_than_memory

    return table != DASH and is_larger_than_memory(table, memory)


def check_output(output: Path, *read: Path) -> None:
    """Reject an output that cannot be written or would replace an input file, before any work is done."""
    from lamina.errors import InvalidSettingError, phrase
    from lamina.files import check_writable

    if any(path.exists() and output.exists() and path.samefile(output) for path in read):
        repair = "Name another file."
        raise InvalidSettingError(phrase("--output", "must not be a file that this command reads", str(output), repair=repair))
    check_writable(output)


def load_applicable_model(path: Path, on_error: Literal["fail", "missing"] | None = None) -> TableModel | NetworkModel:
    """Load a model that can be applied to a table: one saved by ``lamina train``, or a custom network.

    ``on_error`` takes the place of what training was told about values of another kind than a column's.
    """
    from lamina.errors import FileError
    from lamina.model import NetworkModel, TableModel, load_model

    model = load_model(path)
    if not isinstance(model, TableModel | NetworkModel):
        raise FileError(_other_kind(path, model))
    if isinstance(model, TableModel) and on_error is not None:
        model.encoder.set_params(on_error=on_error)
    return model


def load_table_model(path: Path, on_error: Literal["fail", "missing"] | None = None) -> TableModel:
    """Load a model saved by ``lamina train``; ``on_error`` as in :func:`load_applicable_model`."""
    from lamina.errors import FileError
    from lamina.model import TableModel

    model = load_applicable_model(path, on_error)
    if not isinstance(model, TableModel):
        raise FileError(_other_kind(path, model))
    return model


def _other_kind(path: Path, model: object) -> str:
    rule = "must be a table model saved by `lamina train`"
    return f"{str(path)!r} {rule}, got a {type(model).__name__}. Use it from Python."
