"""A report as one page: no script, no request, charts as inline SVG; its policy lets a browser load nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib.resources import files

from lamina.report.content import Bars, Block, Chart, Code, Content, Heat, Matrix, Part, Table, Told, Words
from lamina.report.numbers import shown
from lamina.report.svg import bars_svg, chart_svg, heat_svg, legend, matrix_svg

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
        f"<title>{_text(report.title)}</title>\n<style>{style}</style></head>\n<body>\n"
        f'<header><h1>{_text(report.title)}</h1><p class="lead">{_text(report.lead)}</p>'
        f'{f"""<dl class="facts">{facts}</dl>""" if facts else ""}<nav aria-label="Parts"><ul>{links}</ul></nav></header>\n'
        f"<main>{''.join(map(_part, report.parts))}</main>\n<footer>Written by Lamina.</footer>\n</body></html>\n"
    )


@cache
def _style() -> str:
    return files("lamina.report").joinpath("report.css").read_text(encoding="utf-8")


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
            drawn = heat_svg(figure)
        case Bars():
            drawn = bars_svg(figure)
        case Matrix():
            drawn = matrix_svg(figure)
    return f'<figure><h3>{_text(figure.title)}</h3>{drawn}<figcaption class="told">{_text(figure.told)}</figcaption></figure>'


def _block(block: Block) -> str:
    match block:
        case Words():
            tone = f' class="{block.tone}"' if block.tone != "plain" else ""
            return f"<p{tone}>{_text(block.text)}</p>"
        case Told():
            return _told(block)
        case Table():
            return _table(block)
        case Code():
            name = _text(block.title)
            return f'<h3>{name}</h3><pre tabindex="0" role="region" aria-label="{name}">{escape(block.text)}</pre>'
        case _:
            return _figure(block)


def _told(told: Told) -> str:
    row = f" · row {_text(told.row)} of the lecture" if told.row else ""
    evidence = "".join(f"<li>{_text(each)}</li>" for each in told.evidence)
    cures = "".join(f"<li>{_text(cure)}</li>" for cure in told.cures)
    helps = f'<p class="cures">What may help</p><ul>{cures}</ul>' if cures else ""
    kind = {"hint": ' class="hint"', "healthy": ' class="healthy"'}.get(told.severity, "")
    return (
        f'<article{kind}><h3>{_text(told.title)}</h3><p class="grade">{_text(told.grade)}{row}</p><p>{_text(told.meaning)}</p>'
        f"<ul>{evidence}</ul>{helps}</article>"
    )


def _table(table: Table) -> str:
    right = [
        i > 0 and all(not isinstance(row[i], str) or _is_number(row[i]) for row in table.rows) for i in range(len(table.headers))
    ]
    sides = [' class="r"' if each else "" for each in right]
    head = "".join(f'<th scope="col"{side}>{_text(name)}</th>' for name, side in zip(table.headers, sides, strict=True))
    rows = "".join(
        f"<tr>{''.join(f'<td{side}>{_text(shown(cell))}</td>' for cell, side in zip(row, sides, strict=True))}</tr>"
        for row in table.rows
    )
    caption = f"<caption>{_text(table.title)}</caption>" if table.title and not table.is_long else ""
    label = _text(table.title or "Table")
    drawn = (
        f'<div class="wide" tabindex="0" role="region" aria-label="{label}"><table>{caption}<thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )
    return f"<details><summary>{_text(table.title or 'All rows')}</summary>{drawn}</details>" if table.is_long else drawn


def _is_number(text: str) -> bool:
    return text == "–" or text.replace(",", "").replace(".", "").replace("%", "").strip().lstrip("-").isdigit()


def _text(value: object) -> str:
    text = str(value)
    return escape(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")
