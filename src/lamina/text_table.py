"""Plain-text tables of results."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["short_number", "text_table"]


def text_table(columns: Mapping[str, Sequence[Any]]) -> str:
    """Format columns under their names: text left-aligned, numbers right-aligned, NaN as "–".

    >>> print(text_table({"layer": ["dense_1", "x"], "mean": [0.25, float("nan")]}))
    layer    mean
    -------------
    dense_1  0.25
    x           –
    """
    cells = {name: [short_number(value) for value in values] for name, values in columns.items()}
    sizes = {name: max(map(len, [name, *column])) for name, column in cells.items()}
    texts = {name for name, values in columns.items() if any(isinstance(value, str) for value in values)}

    def line(row: Mapping[str, str]) -> str:
        return "  ".join(
            cell.ljust(sizes[name]) if name in texts else cell.rjust(sizes[name]) for name, cell in row.items()
        ).rstrip()

    rows = [line(dict(zip(cells, row, strict=True))) for row in zip(*cells.values(), strict=True)]
    head = line({name: name for name in cells})
    return "\n".join([head, "-" * max(map(len, [head, *rows])), *rows])


def short_number(value: Any) -> str:
    """A number with four significant digits; text unchanged."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and math.isnan(value):
        return "–"
    return f"{value:.4g}"
