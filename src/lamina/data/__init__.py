"""Tables: reading, writing, encoding, splitting, and the column to predict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.lazy import lazy_exports

if TYPE_CHECKING:
    from lamina.data.digits import Digits, load_digits
    from lamina.data.encoder import TableEncoder
    from lamina.data.frames import as_frame
    from lamina.data.notes import DataWarning
    from lamina.data.readers import TABLE_SUFFIXES, read_table
    from lamina.data.splits import holdout
    from lamina.data.target import Target, Task, target_column
    from lamina.data.writers import check_table_path, write_table

__all__ = [
    "TABLE_SUFFIXES",
    "DataWarning",
    "Digits",
    "TableEncoder",
    "Target",
    "Task",
    "as_frame",
    "check_table_path",
    "holdout",
    "load_digits",
    "read_table",
    "target_column",
    "write_table",
]

_HOMES = {
    "lamina.data.digits": "Digits load_digits",
    "lamina.data.encoder": "TableEncoder",
    "lamina.data.frames": "as_frame",
    "lamina.data.notes": "DataWarning",
    "lamina.data.readers": "TABLE_SUFFIXES read_table",
    "lamina.data.splits": "holdout",
    "lamina.data.target": "Target Task target_column",
    "lamina.data.writers": "check_table_path write_table",
}
__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
