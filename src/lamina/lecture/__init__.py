"""The lecture: its rows, and its pictures, each computed by a real run."""

from lamina.lecture.pictures import PICTURES, Picture, get_picture
from lamina.lecture.rows import Row, get_row, read_rows

__all__ = ["PICTURES", "Picture", "Row", "get_picture", "get_row", "read_rows"]
