from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lamina.distributed.shares import share


@given(st.integers(0, 300), st.integers(1, 12), st.integers(1, 3))
def test_shares_follow_each_other_and_cover_the_batch(num_rows: int, size: int, least: int) -> None:
    shares = [share(num_rows, rank, size, least) for rank in range(size)]
    assert [place for each in shares for place in range(num_rows)[each]] == list(range(num_rows))
    sizes = [each.stop - each.start for each in shares if each.stop > each.start]
    assert max(sizes, default=0) - min(sizes, default=0) <= 1
    assert min(sizes, default=num_rows) >= min(least, num_rows)
