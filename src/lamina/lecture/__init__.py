"""The lecture: its rows, and its pictures, each computed by a real run."""

from lamina.lecture.pictures import PICTURES, Picture, get_picture

__all__ = ["PICTURES", "Picture", "get_picture"]
