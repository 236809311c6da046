"""The directive ``finding-list``: a table of everything that the doctor can find."""

from __future__ import annotations

from api_pages import escape_bars
from docutils import nodes
from finding_entries import entries
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class FindingList(SphinxDirective):
    """A table of all findings, each with an anchor by its name."""

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()  # the page changes with the findings, not with its own text
        lines = [":::{list-table}", ":header-rows: 1", ":widths: 3 5 5 1 4", ""]
        lines += ["* - finding", "  - what it is", "  - when it is said", "  - row", "  - cures"]
        for entry in entries():
            cures = "; ".join(f"{name} ({row})" if row else name for name, row in entry.cures) or "none"
            row = f"{{ref}}`{entry.row} <{entry.row.lower()}>`" if entry.row else ""
            lines += [f"* - {entry.name.replace('_', ' ')}", f"  - {_plain(entry.meaning)}", f"  - {_plain(entry.sign)}"]
            lines += [f"  - {row}", f"  - {_plain(cures)}"]
        return self.parse_text_to_nodes("\n".join([*lines, ":::"]))


def _plain(text: str) -> str:
    """Markdown of a docstring's text: its double back quotes are code."""
    return "".join(escape_bars([text])).replace("``", "`")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("finding-list", FindingList)
    return {"parallel_read_safe": True}
