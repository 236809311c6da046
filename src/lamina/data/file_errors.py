"""What pyarrow, gzip and the system raise about a table's file, as Lamina's errors."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import TYPE_CHECKING

from lamina.errors import FileError, LaminaError
from lamina.extras import OptionalModule

if TYPE_CHECKING:
    import pyarrow as pa
else:
    pa = OptionalModule("pyarrow", owner="reading tables")

__all__ = ["FEATHER", "PARQUET", "foreign_errors_as_ours"]

PARQUET = (".parquet", ".pq")
FEATHER = (".feather", ".arrow", ".ipc")
_KINDS = {
    **dict.fromkeys(PARQUET, ("a Parquet file", "Use an intact copy, or write it again.")),
    **dict.fromkeys(FEATHER, ("a Feather file", "Use an intact copy, or write it again.")),
}


@contextmanager
def foreign_errors_as_ours(path: str | PurePath) -> Iterator[None]:
    """Turn what pyarrow, gzip or the system raise about a file into Lamina's errors."""
    try:
        yield
    except LaminaError:
        raise
    except (pa.ArrowException, OSError, ValueError, OverflowError, EOFError, zlib.error) as error:
        raise _as_ours(str(path), error) from error


def _as_ours(path: str, error: Exception) -> FileError:
    name = repr(path)
    if isinstance(error, gzip.BadGzipFile | EOFError | zlib.error):
        return FileError(f"{name} is damaged: its gzip data ends early or is garbled. Use an intact copy.")
    if isinstance(error, OSError) and error.errno is not None:
        return FileError(f"cannot read {name}: {os.strerror(error.errno).lower()}. Check its path and permissions.")
    words = " ".join(str(error).split())[:160]
    if isinstance(error, MemoryError):
        repair = "Use an intact copy, or fewer rows."
        return FileError(f"{name} is damaged or too large: it needs more memory than is available ({words}). {repair}")
    kind, repair = _KINDS.get(PurePath(path).suffix.lower(), ("a text table", "Check its delimiter and quotes."))
    return FileError(f"{name} must be {kind}, as its name says, but cannot be read as one ({words}). {repair}")
