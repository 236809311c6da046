"""A series keeps some of what was added, evenly spread."""

from __future__ import annotations

from itertools import pairwise

import pytest

from lamina.lab.series import Series


@pytest.mark.parametrize("count", [0, 1, 4, 5, 17, 1000])
def test_at_most_so_many_entries_are_kept_evenly_spread_with_the_first_and_the_last(count: int) -> None:
    series: Series[int] = Series(most=4)
    for entry in range(count):
        series.add(entry)
    kept = list(series)
    assert len(series) == len(kept) <= 4
    assert kept[:1] + kept[-1:] == ([0, count - 1] if count else [])
    assert len({after - before for before, after in pairwise(kept[:-1])}) <= 1
