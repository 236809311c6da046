"""A head start for imports: training is loaded while a table is read, which leaves the interpreter free."""

from __future__ import annotations

from contextlib import suppress
from threading import Thread

__all__ = ["import_training_meanwhile"]


def import_training_meanwhile() -> None:
    """Start to import what trains a table's model; whoever imports it later waits for what is left, or gets its error."""
    with suppress(RuntimeError):  # "can't start new thread"
        Thread(target=_import_training).start()


def _import_training() -> None:
    with suppress(Exception):
        from lamina.model import fit_table  # noqa: F401 - most of it is scikit-learn
