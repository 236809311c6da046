"""What a notebook shows of an object: pieces in one frame, which brings its style with it.

A notebook's theme is its own: JupyterLab, VS Code and Colab each say by an attribute of their own whether it is dark, and what
the system prefers need not be what the notebook shows. The text's color is what reaches an output everywhere. So all is made of
it: text inherits it, lines and backgrounds are gray that lets the page through, and the colors of curves, which are told from
white as from black, take a share of it.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from lamina.html.text import escaped

__all__ = ["display", "folded", "paragraph", "shared_style"]

_LONGEST = 2000  # characters of a paragraph


def display(title: str, *pieces: str) -> str:
    """Pieces of HTML below a title, as an object's ``_repr_html_`` returns them.

    The style holds for what is inside alone, whatever else is on the page; there are no ids.

    Parameters
    ----------
    title : str
        What it is; escaped. Nothing stands above the pieces where it is "".
    *pieces : str
        HTML.

    Examples
    --------
    >>> display("History", paragraph("3 epochs"))[:20]
    '<div class="lamina">'
    """
    head = f'<p class="la-title">{escaped(title)}</p>' if title else ""
    return f'<div class="lamina"><style>{_style()}</style>{head}{"".join(pieces)}</div>'


def paragraph(text: str, tone: str = "plain") -> str:
    """A paragraph of plain text, whose tone is "plain", "soft", "good", "alarm" or "missing".

    >>> paragraph("a < b"), paragraph("It fails.", "alarm")
    ('<p>a &lt; b</p>', '<p class="la-alarm">It fails.</p>')
    """
    kind = f' class="la-{tone}"' if tone != "plain" else ""
    return f"<p{kind}>{escaped(text, _LONGEST)}</p>"


def folded(title: str, *pieces: str) -> str:
    """Pieces of HTML that a click unfolds.

    >>> folded("More", paragraph("text"))
    '<details><summary>More</summary><p>text</p></details>'
    """
    return f"<details><summary>{escaped(title)}</summary>{''.join(pieces)}</details>"


@cache
def shared_style() -> str:
    """The style sheet of what notebooks and the report show alike; its colors are custom properties, which each sets."""
    return _sheet("shared.css")


@cache
def _style() -> str:
    return _sheet("notebook.css") + shared_style()


def _sheet(name: str) -> str:
    """A style sheet of this package as one line: every display brings it."""
    text = files("lamina.html").joinpath(name).read_text(encoding="utf-8")
    return re.sub(r"\s*([{};:,])\s*", r"\1", text).strip().replace(";}", "}")
