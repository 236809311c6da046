"""The directive ``command-reference``: every command and option of the command line, from the parser itself."""

from __future__ import annotations

import inspect
from typing import Any

from command_options import commands, options
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class CommandReference(SphinxDirective):
    """A section a command, a table an option group."""

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()  # the page changes with the parser, not with its own text
        sections: list[nodes.Node] = []
        for name, command in commands().items():
            section = nodes.section(ids=[f"lamina-{name}"])
            section += nodes.title("", "", nodes.literal("", f"lamina {name}"))
            for paragraph in inspect.cleandoc(command.help).split("\n\n"):
                if not paragraph.startswith(("Parameters\n", "Returns\n", "Raises\n")):
                    section += nodes.paragraph("", " ".join(paragraph.split()))
                else:
                    break
            section += self._tables(command)
            sections.append(section)
        return sections

    def _tables(self, command: Any) -> list[nodes.Node]:
        groups: dict[str, list[tuple[str, str, str]]] = {}
        for group, *row in options(command):
            groups.setdefault(group, []).append(tuple(row))  # type: ignore[arg-type]
        found: list[nodes.Node] = []
        for group, rows in groups.items():
            found += [nodes.rubric("", group), table(("option", "default", ""), rows)]
        return found


def table(headings: tuple[str, ...], rows: list[tuple[str, str, str]]) -> nodes.table:
    """A table whose first two columns are code."""
    group = nodes.tgroup(cols=len(headings))
    group += [nodes.colspec(colwidth=width) for width in (3, 2, 6)]
    head = nodes.thead("", nodes.row("", *(nodes.entry("", nodes.paragraph("", heading)) for heading in headings)))
    body = nodes.tbody("", *(nodes.row("", *map(_entry, row, (True, True, False))) for row in rows))
    group += [head, body]
    return nodes.table("", group)


def _entry(text: str, is_code: bool) -> nodes.entry:
    inner = nodes.literal("", text) if is_code and text else nodes.Text(text)
    return nodes.entry("", nodes.paragraph("", "", inner))


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("command-reference", CommandReference)
    return {"parallel_read_safe": True}
