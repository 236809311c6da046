"""A table in HTML: its columns keep their width, and a narrow screen scrolls it alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from lamina.html.text import escaped

__all__ = ["table"]


def table(
    headers: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    right: Collection[str] = (),
    title: str = "",
    longest: int = 200,
) -> str:
    """A table; all that is given is escaped.

    Parameters
    ----------
    headers : sequence of str
    rows : sequence of rows
        Each as long as ``headers``.
    right : collection of str
        The headers of the columns that are aligned to the right.
    title : str
        A line above the table.
    longest : int, default=200
        The most characters of a cell.

    Examples
    --------
    >>> table(["n"], [[1]], right=["n"]).count('class="la-r"')
    2
    """
    sides = [' class="la-r"' if header in right else "" for header in headers]
    head = "".join(
        f'<th scope="col"{side}>{escaped(name)}</th>' if name else "<td></td>" for name, side in zip(headers, sides, strict=True)
    )
    body = "".join(
        f"<tr>{''.join(f'<td{side}>{escaped(cell, longest)}</td>' for cell, side in zip(row, sides, strict=True))}</tr>"
        for row in rows
    )
    caption = f"<caption>{escaped(title)}</caption>" if title else ""
    return (
        f'<div class="la-wide" tabindex="0" role="group" aria-label="{escaped(title or "Table")}"><table class="la-table">'
        f"{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
