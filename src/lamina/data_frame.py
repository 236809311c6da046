"""Results as pandas data frames; pandas is imported on first use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lamina.errors import MissingPackageError, phrase_missing

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["to_data_frame"]


def to_data_frame(
    data: Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Any]], owner: str, names: list[str] | None = None
) -> pd.DataFrame:
    """Convert columns by name, or rows as dicts, to a data frame; ``names`` gives the columns and their order.

    Raises
    ------
    MissingPackageError
        If pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingPackageError(phrase_missing("pandas", owner=f"{owner}.to_frame")) from error
    return pd.DataFrame(data, columns=names)
