"""The history of a run: one record per epoch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from lamina.data_frame import to_data_frame
from lamina.door import serve
from lamina.errors import counted, nearest
from lamina.training.history_html import history_html

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["History", "Record", "without_durations"]

Record: TypeAlias = "dict[str, Any]"


class History(Sequence[Record]):
    """A list of records, one per epoch, that can be sliced like an array of rows (epochs) and columns (keys).

    A record holds ``epoch`` (from 1), ``step`` (steps done), ``loss`` (mean over the epoch's batches during training, including
    penalties), ``learning_rate`` (of the epoch's last step), ``duration_s``, and whatever validation and callbacks add. With
    several outputs it also holds the loss of each, ``<output>_loss``, without its weight and without penalties. Files hold no
    times: records from a model file or a checkpoint lack ``duration_s``, which reads as NaN beside other records.

    Parameters
    ----------
    records : iterable of dict, optional
        The initial records.

    Examples
    --------
    >>> history = History([{"epoch": 1, "loss": 0.9}, {"epoch": 2, "loss": 0.5}, {"epoch": 3, "loss": 0.4}])
    >>> history[-1]
    {'epoch': 3, 'loss': 0.4}
    >>> history[:, "loss"]
    [0.9, 0.5, 0.4]
    >>> history[-2:, ("epoch", "loss")]
    [(2, 0.5), (3, 0.4)]
    >>> history[-1, "loss"]
    0.4
    """

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self._records = list(records)

    def append(self, record: Record) -> None:
        """Add the record of an epoch."""
        self._records.append(record)

    @property
    def keys(self) -> list[str]:
        """All keys of all records, in the order of their first appearance."""
        return list(dict.fromkeys(key for record in self._records for key in record))

    def to_list(self) -> list[Record]:
        """The records as a list of dicts."""
        return list(self._records)

    def to_frame(self) -> pd.DataFrame:
        """The records as a pandas data frame, one row per epoch.

        Raises
        ------
        MissingPackageError
            If pandas is not installed; :meth:`to_list` does not need it.
        """
        return to_data_frame(self._records, "History", self.keys)

    def plot(self, keys: str | Sequence[str] | None = None, *, log: bool = False, ax: Axes | None = None) -> Axes:
        """Plot the losses, or other ``keys``, over the epochs: :func:`lamina.plots.plot_history`. Needs the extra ``plot``."""
        axes: Axes = serve("History.plot", self, keys, log=log, ax=ax)
        return axes

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, History) and self._records == other._records

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"History({counted(len(self), 'epoch')}: {', '.join(self.keys)})"

    def _repr_html_(self) -> str:
        return history_html(self._records, self.keys)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> History: ...
    @overload
    def __getitem__(self, index: tuple[int | slice, str | tuple[str, ...] | list[str]]) -> Any: ...
    def __getitem__(self, index: Any) -> Any:
        rows, columns = index if isinstance(index, tuple) else (index, None)
        if columns is None:
            return History(self._records[rows]) if isinstance(rows, slice) else self._records[rows]
        names = [columns] if isinstance(columns, str) else list(columns)
        self._check(names)
        if isinstance(rows, slice):
            return [_pick(record, names, columns) for record in self._records[rows]]
        return _pick(self._records[rows], names, columns)

    def _check(self, names: list[str]) -> None:
        for name in names:
            if name not in self.keys:
                guess = nearest(name, self.keys)
                hint = f" Did you mean {guess!r}?" if guess else ""
                if name == "validation_loss":
                    hint = " Give fit validation rows."
                raise KeyError(f"history: the key must be one of {', '.join(self.keys)}, got {name!r}.{hint}")


def without_durations(records: Iterable[Record]) -> list[Record]:
    """The records as stored in files, without times: equal runs give equal files, however long they took."""
    return [{key: value for key, value in record.items() if key != "duration_s"} for record in records]


def _pick(record: Record, names: list[str], columns: object) -> Any:
    """One value, or a tuple of values; NaN if the record lacks the key."""
    values = tuple(record.get(name, math.nan) for name in names)
    return values[0] if isinstance(columns, str) else values
