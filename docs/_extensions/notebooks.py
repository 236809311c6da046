"""The pages of the course as Jupyter notebooks, with a link to each below its page's title."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from page_code import blocks_of
from sphinx.application import Sphinx

__all__ = ["COURSE", "notebook_of"]

COURSE = "lecture"
# What Markdown in a notebook has no word for, and what stands there instead.
_PLAINER = (
    (re.compile(r"^\((l\d+)\)=\n", re.MULTILINE), r'<a id="\1"></a>\n'),
    (re.compile(r"^:::\{dropdown\} (.*)\n", re.MULTILINE), r"**\1**\n"),
    (re.compile(r"^:::(\{.*)?\n", re.MULTILINE), ""),
    (re.compile(r"^!\[.*\]\(.*\)\n", re.MULTILINE), ""),  # the notebook draws it
    (re.compile(r"\{doc\}`([^<`]*[^<` ]) *<[^`]*>`"), r"\1"),
    (re.compile(r"\{doc\}`(?:[^`]*/)?([^`/]*)`"), r"*\1*"),
    (re.compile(r"\{\w+\}`~(?:\w+\.)*(\w+)`"), r"`\1`"),
    (re.compile(r"\{\w+\}`([^`]*)`"), r"`\1`"),
    (re.compile(r"(?<!!)\[([^\]]*)\]\((?!http)[^)]*\)"), r"\1"),
)


def notebook_of(page: str) -> nbformat.NotebookNode:
    """The page as a notebook: a cell for each block of Python, without its output, and one for each stretch of text between."""
    cells = [(new_code_cell if is_code else new_markdown_cell)(source) for source, is_code in _stretches(page)]
    for i, cell in enumerate(cells):
        cell["id"] = f"cell-{i}"  # nbformat's own are random
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = new_notebook(cells=cells, metadata=kernel)
    nbformat.validate(notebook)
    return notebook


def _stretches(page: str) -> Iterator[tuple[str, bool]]:
    """The text and the code of a page in turn, and whether it is code."""
    start = 0
    for block in blocks_of(page):
        if block.language == "python":
            yield from _text(page[start : block.begin])
            yield block.code.rstrip(), True
            start = block.output_end
    yield from _text(page[start:])


def _text(markdown: str) -> Iterator[tuple[str, bool]]:
    for pattern, plainer in _PLAINER:
        markdown = pattern.sub(plainer, markdown)
    if markdown.strip():
        yield markdown.strip(), False


def write_notebooks(app: Sphinx) -> None:
    for page in (Path(app.srcdir) / COURSE).glob("*.md"):
        if page.stem != "index":
            nbformat.write(notebook_of(page.read_text(encoding="utf-8")), page.with_suffix(".ipynb"))


def link_notebook(app: Sphinx, name: str, source: list[str]) -> None:
    """Put the link below the title."""
    folder, _, page = name.rpartition("/")
    if folder == COURSE and page != "index":
        title, _, rest = source[0].partition("\n")
        source[0] = f"{title}\n\n{{download}}`This page as a notebook <{page}.ipynb>`\n{rest}"


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", write_notebooks)
    app.connect("source-read", link_notebook)
    return {"parallel_read_safe": True}
