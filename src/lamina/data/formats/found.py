"""What a learner of a format gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["Found", "ValueFormat"]


class ValueFormat(Protocol):
    """How the values of a column are written."""

    def describe(self) -> str:
        """A few words for a table."""
        ...

    def parse(self, texts: pa.Array) -> tuple[np.ndarray, np.ndarray]:
        """Values, ndarray of shape (n,), and where a text has this format, bool ndarray of shape (n,)."""
        ...


class Found(NamedTuple):
    """The format of a column, and what a user should know of how it was decided on.

    Parameters
    ----------
    format : NumberFormat, DateFormat, BooleanFormat or DurationFormat
    note : str, default ""
        A clause, where the texts could be read otherwise.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from lamina.data.formats import learn_number_format
    >>> found = learn_number_format(pa.array(["1,234", "5"]))
    >>> found.format.describe(), found.note
    ('thousands comma', "1,234 was read as 1234; decimal=',' reads it as 1.234")
    """

    format: ValueFormat
    note: str = ""
