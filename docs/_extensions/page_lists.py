"""The directive ``page-list``: pages, each with the line that says what it has, in place of a bare table of contents.

Each line of its content is a page, a colon and that line; ``:caption:`` is the heading in the navigation beside the pages.
"""

from __future__ import annotations

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.directives.other import TocTree


class PageList(TocTree):
    """A table of pages, and the hidden table of contents that has them in the navigation."""

    def run(self) -> list[nodes.Node]:
        pages = [line.partition(": ")[::2] for line in self.content if line.strip()]
        rows = [f"* - {self.link(page)}\n  - {text or self.text(page)}" for page, text in pages]
        table = "\n".join([":::{list-table}", ":class: page-list", ":widths: 3 7", "", *rows, ":::"])
        self.content = StringList([page for page, _ in pages], source="page-list")
        self.options["hidden"] = None
        return [*self.parse_text_to_nodes(table), *super().run()]

    def link(self, page: str) -> str:
        return f"{{doc}}`{page}`"

    def text(self, page: str) -> str:
        raise self.error(f"page-list: {page} needs a line that says what it has, as in '{page}: What it has.'")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("page-list", PageList)
    return {"parallel_read_safe": True}
