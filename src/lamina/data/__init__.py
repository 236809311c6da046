"""Tables: reading, writing, encoding, splitting, and the column to predict."""

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
