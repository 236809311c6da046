"""``lamina lecture``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from lamina.cli.options import Flag, Quiet
from lamina.cli.output import notes_printed, print_json, print_line, print_table
from lamina.cli.standard_streams import has_standard_output

if TYPE_CHECKING:
    from lamina.lecture import Picture, Row

__all__ = ["lecture"]


def lecture(
    item: str | None = None,
    /,
    *,
    output: Annotated[Path | None, Parameter(alias="-o")] = None,
    seed: int = 0,
    json: Flag = False,
    quiet: Quiet = False,
) -> None:
    """List the lecture's rows and pictures, find some by a word, explain a row, or make a picture.

    Making a picture trains its networks, which takes seconds to a few minutes.

    Parameters
    ----------
    item : str
        A picture (P10), a row (L14), or words that rows and pictures are found by ("batch normalization"); without it, all are
        listed.
    output : Path
        File for the picture: .png, .svg, .pdf. For a row or words with one picture, that picture is drawn.
    seed : int
        Seed of the picture's run.
    json : bool
        Print one JSON object.
    quiet : bool
        Print no notes.
    """
    with notes_printed(quiet):
        if output is not None:
            item = _picture_of(item, output)
        if item is None or not _is_number(item):
            _list(item or "", json)
        elif item.upper().startswith("L"):
            _explain(item, json)
        else:
            _make(item, output, seed, json)


def _is_number(item: str) -> bool:
    """Whether this is the number of a row or a picture, be there such a one or not."""
    return re.fullmatch(r"[LP]\d+", item, flags=re.IGNORECASE) is not None


def _picture_of(item: str | None, output: Path) -> str:
    """The picture to draw: the named one, or the only one of a row or of some words; raises if there are none or several."""
    from lamina.errors import InvalidSettingError, phrase
    from lamina.lecture import PICTURES, get_row

    if item is None:
        found, which = list(PICTURES), ""
    elif not _is_number(item):
        found, which = list(_mentioning(item)[1]), f": {item!r}"
    elif item.upper().startswith("L"):
        row = get_row(item).number
        found, which = [number for number, picture in PICTURES.items() if row in picture.rows], f": row {row}"
    else:
        return item
    if len(found) == 1:
        return found[0]
    rule = f"must come with one of {', '.join(found or PICTURES)}"
    how_many = f"{which} has {'several pictures' if found else 'no picture of its own'}" if which else ""
    repair = f"Name one: lamina lecture {(found or list(PICTURES))[0]} -o {output}."
    raise InvalidSettingError(phrase("--output", rule + how_many, str(output), repair=repair))


def _mentioning(words: str) -> tuple[dict[str, Row], dict[str, Picture]]:
    """The rows that mention all of the words, and the pictures that do or that belong to such a row.

    Raises
    ------
    InvalidSettingError
        If there is neither.
    """
    from lamina.errors import InvalidSettingError, nearest, phrase
    from lamina.lecture import PICTURES, read_rows
    from lamina.lecture.rows import mentions

    rows = {row.number: row for row in read_rows() if row.mentions(words)}
    pictures = {
        number: picture
        for number, picture in PICTURES.items()
        if not rows.keys().isdisjoint(picture.rows) or mentions(picture.title, words)
    }
    if not rows and not pictures:
        guess = nearest(words, {word for row in read_rows() for word in re.findall(r"[a-z]{4,}", row.concept.lower())})
        repair = f"Did you mean {guess!r}?" if guess else "Type 'lamina lecture' to see all of them."
        raise InvalidSettingError(
            phrase("ITEM", "must be a row, a picture, or words that some of them mention", words, repair=repair)
        )
    return rows, pictures


def _list(words: str, json: bool) -> None:
    found_rows, found_pictures = _mentioning(words)
    rows = {number: {"concept": row.concept, "where": row.where} for number, row in found_rows.items()}
    pictures = {number: {"title": picture.title, "rows": list(picture.rows)} for number, picture in found_pictures.items()}
    if json:
        print_json({"rows": rows, "pictures": pictures})
        return
    if rows:
        _print_columns(("row", "concept", "where"), [(number, row["concept"], row["where"]) for number, row in rows.items()])
    if pictures:
        titles = [(number, picture.title, ", ".join(picture.rows)) for number, picture in found_pictures.items()]
        _print_columns(("picture", "what it shows", "rows"), titles)
    print_line("`lamina lecture L14` explains a row, `lamina lecture P10 -o picture.png` makes a picture.")


def _explain(number: str, json: bool) -> None:
    from lamina.lecture import get_row

    row = get_row(number)
    fields = {
        "row": row.number,
        "concept": row.concept,
        "where": row.where,
        "how": row.how,
        "page": f"docs/lecture/{row.page}.md",
    }
    if json:
        print_json(fields)
    else:
        print_line("\n".join(f"{name + ':':9}{text}" for name, text in fields.items()))


def _make(number: str, output: Path | None, seed: int, json: bool) -> None:
    from lamina.files import check_writable
    from lamina.lecture import get_picture

    picture = get_picture(number)
    if output is not None:
        _check_format(output)
        check_writable(output)
    result = picture.compute(seed=seed)
    if output is not None:
        _save(picture, result, output)
    if json:
        print_json({"picture": number.upper(), "title": picture.title, "result": str(result), "output": output and str(output)})
        return
    if output is not None and not has_standard_output():
        return
    print_line(f"{number.upper()}: {picture.title}\n{result}")
    print_line(f"Picture: {output}" if output else f"`lamina lecture {number.upper()} -o picture.png` also draws it.")


def _check_format(output: Path) -> None:
    """Reject an output that matplotlib cannot write, before training."""
    from lamina.errors import InvalidSettingError, phrase

    _use_no_screen()
    from matplotlib.backend_bases import FigureCanvasBase

    known = FigureCanvasBase.get_supported_filetypes()
    if output.suffix[1:].lower() not in known:
        rule = f"must end in one of {', '.join(f'.{suffix}' for suffix in sorted(known))}"
        raise InvalidSettingError(phrase("--output", rule, str(output), repair="Use picture.png."))


def _save(picture: Picture, result: object, output: Path) -> None:
    from lamina.files import atomic_write

    figure = picture.draw(result)
    with atomic_write(output) as file:
        figure.savefig(file, format=output.suffix[1:].lower(), dpi=150)


def _use_no_screen() -> None:
    from lamina.extras import require

    require("matplotlib", owner="a picture").use("agg")


def _print_columns(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(*headings)
    for row in rows:
        table.add_row(*map(Text, row))
    print_table(table)
