"""Each picture of the gallery stands in a frame, in which a narrow screen scrolls it instead of making it too small to read."""

from __future__ import annotations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx_gallery.directives import imgsgnode


def frame_pictures(app: Sphinx, doctree: nodes.document) -> None:
    for picture in list(doctree.findall(imgsgnode)):
        frame = nodes.container(classes=["picture"])
        picture.replace_self(frame)
        frame += picture


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-read", frame_pictures)
    return {"parallel_read_safe": True}
