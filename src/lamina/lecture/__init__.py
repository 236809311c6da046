"""The lecture: its rows, and its pictures, each computed by a real run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.lazy import lazy_exports

if TYPE_CHECKING:
    from lamina.lecture.pictures import PICTURES, Picture, get_picture
    from lamina.lecture.rows import Row, get_row, read_rows

__all__ = ["PICTURES", "Picture", "Row", "get_picture", "get_row", "read_rows"]

_HOMES = {
    "lamina.lecture.pictures": "PICTURES Picture get_picture",
    "lamina.lecture.rows": "Row get_row read_rows",
}
__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
