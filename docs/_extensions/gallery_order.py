"""The order of the gallery: the lecture's pictures by number, then the others by name."""

from __future__ import annotations

import re


class PicturesFirst:
    """Sort key of an example's file name, made by sphinx-gallery once a folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __call__(self, name: str) -> tuple[bool, str]:
        return re.match(r"plot_p\d\d_", name) is None, name
