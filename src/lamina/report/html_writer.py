"""A report as one page: no script, no request, charts as inline SVG; its policy lets a browser load nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib.resources import files

from lamina.html import chart_svg, escaped, finding, legend, paragraph, table
from lamina.html.displays import shared_style
from lamina.html.numbers import shown
from lamina.report.content import Bars, Block, Chart, Code, Content, Heat, Matrix, Part, Table, Told, Words
from lamina.report.svg import bars_svg, heat_legend, heat_svg, matrix_svg

__all__ = ["html_of"]

_FIGURES = (Chart, Heat, Bars, Matrix)
_LONGEST = 2000  # characters of a text


def html_of(report: Content) -> str:
    """The page, which needs nothing beside it."""
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    facts = "".join(f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd></div>" for name, value in report.facts.items())
    links = "".join(f'<li><a href="#{escape(part.key)}">{_text(part.title)}</a></li>' for part in report.parts)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
        f'<title>{_text(report.title)}</title>\n<style>{style}</style></head>\n<body class="lamina">\n'
        f'<header><h1>{_text(report.title)}</h1><p class="lead">{_text(report.lead)}</p>'
        f'{f"""<dl class="facts">{facts}</dl>""" if facts else ""}<nav aria-label="Parts"><ul>{links}</ul></nav></header>\n'
        f"<main>{''.join(map(_part, report.parts))}</main>\n<footer>Written by Lamina.</footer>\n</body></html>\n"
    )


@cache
def _style() -> str:
    return shared_style() + files("lamina.report").joinpath("report.css").read_text(encoding="utf-8")


def _part(part: Part) -> str:
    """The blocks in order; figures that follow each other stand side by side where there is room."""
    inside, figures = [], []
    for block in part.blocks:
        if isinstance(block, _FIGURES):
            figures.append(_figure(block))
            continue
        inside += _side_by_side(figures)
        figures = []
        inside.append(_block(block))
    inside += _side_by_side(figures)
    key = escape(part.key)
    title = f'<h2 id="{key}-title">{_text(part.title)}</h2>'
    return f'<section id="{key}" aria-labelledby="{key}-title">{title}{"".join(inside)}</section>\n'


def _side_by_side(figures: Sequence[str]) -> list[str]:
    return [f'<div class="figures">{"".join(figures)}</div>'] if figures else []


def _figure(figure: Chart | Heat | Bars | Matrix) -> str:
    match figure:
        case Chart():
            drawn = chart_svg(figure) + legend(figure)
        case Heat():
            drawn = heat_svg(figure) + heat_legend(figure)
        case Bars():
            drawn = bars_svg(figure)
        case Matrix():
            drawn = matrix_svg(figure)
    return f'<figure><h3>{_text(figure.title)}</h3>{drawn}<figcaption class="la-told">{_text(figure.told)}</figcaption></figure>'


def _block(block: Block) -> str:
    match block:
        case Words():
            return paragraph(block.text, block.tone)
        case Told():
            return finding(block)
        case Table():
            return _table(block)
        case Code():
            name = _text(block.title)
            return f'<h3>{name}</h3><pre tabindex="0" role="region" aria-label="{name}">{escape(block.text)}</pre>'
        case _:
            return _figure(block)


def _table(block: Table) -> str:
    rows = [[shown(cell) for cell in row] for row in block.rows]
    right = [
        name
        for i, name in enumerate(block.headers)
        if i > 0 and all(not isinstance(row[i], str) or _is_number(row[i]) for row in block.rows)
    ]
    if block.is_long:
        return _folded(block.title or "All rows", table(block.headers, rows, right=right, longest=_LONGEST))
    return table(block.headers, rows, right=right, title=block.title, longest=_LONGEST)


def _folded(title: str, inside: str) -> str:
    """What a click unfolds, and paper always shows: it stands after the element that is closed, which no style opens."""
    return f'<details><summary>{_text(title)}</summary></details><div class="folded">{inside}</div>'


def _is_number(text: str) -> bool:
    return text == "–" or text.replace(",", "").replace(".", "").replace("%", "").strip().lstrip("-").isdigit()


def _text(value: object) -> str:
    return escaped(value, _LONGEST)
