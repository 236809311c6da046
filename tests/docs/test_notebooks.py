"""The pages of the course are notebooks as well: the same code in the same order, and text that Jupyter can show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from page_code import blocks_of

pytest.importorskip("sphinx", reason="notebooks are made with the documentation")
pytest.importorskip("nbformat", reason="notebooks are made with the documentation")
from notebooks import notebook_of

COURSE = Path(__file__).parents[2] / "docs" / "lecture"
PAGES = sorted(page for page in COURSE.glob("*.md") if page.stem != "index")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_as_a_notebook_has_its_code_and_plain_text(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    cells = notebook_of(text).cells
    code = [block.code.rstrip() for block in blocks_of(text) if block.language == "python"]
    assert [cell.source for cell in cells if cell.cell_type == "code"] == code
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    assert not re.search(r"^:::|\{\w+\}`|```output|^\(\w+\)=|\]\((?!http)", prose, flags=re.MULTILINE)


def test_a_page_as_a_notebook_is_the_same_each_time() -> None:
    text = PAGES[0].read_text(encoding="utf-8")
    assert notebook_of(text) == notebook_of(text)


def test_roles_links_and_folds_become_plain_text() -> None:
    page = (
        "(l1)=\n## One\n\nSee {class}`~lamina.Dense`, {doc}`../how-to/dropout`, {doc}`text <x>` and [a page](x.md).\n\n"
        "![Picture](x.png)\n\n:::{dropdown} Solution\nIt is:\n\n```python\nprint(1)\n```\n\n```output\n1\n```\n:::\n\nEnd.\n"
    )
    cells = [(cell.cell_type, cell.source) for cell in notebook_of(page).cells]
    assert cells == [
        ("markdown", '<a id="l1"></a>\n## One\n\nSee `Dense`, *dropout*, text and a page.\n\n\n**Solution**\nIt is:'),
        ("code", "print(1)"),
        ("markdown", "End."),
    ]
