"""The page of the findings has every finding, with what it is, when it is said, and the lecture's row."""

from __future__ import annotations

import pytest
from finding_entries import Entry, entries

from lamina.doctor import FINDINGS
from lamina.lecture import read_rows

ROWS = {row.number for row in read_rows()}


def test_every_finding_is_on_the_page() -> None:
    assert [entry.name for entry in entries()] == sorted(FINDINGS)


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_a_finding_says_what_it_is_and_when_it_is_said(entry: Entry) -> None:
    for text in (entry.meaning, entry.sign):
        assert text.endswith(".")
        assert text[0].isupper()
        assert len(text.split()) >= 4
    assert entry.row in ROWS
    assert {row for _, row in entry.cures} <= ROWS
