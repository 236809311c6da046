"""Splits cover every row once, in equal shares of each class."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.data import DataWarning, holdout
from lamina.errors import InvalidSettingError


@given(n=st.integers(2, 200), fraction=st.floats(0.01, 0.99), seed=st.integers(0, 2**32))
def test_both_parts_are_disjoint_cover_all_rows_and_are_not_empty(n: int, fraction: float, seed: int) -> None:
    kept, held = holdout(n, fraction, seed=seed)
    assert sorted([*kept, *held]) == list(range(n))
    assert len(kept) > 0
    assert len(held) > 0
    assert abs(len(held) - fraction * n) <= 1


@given(counts=st.lists(st.integers(2, 40), min_size=2, max_size=6), fraction=st.floats(0.1, 0.5))
def test_each_class_gives_its_share(counts: list[int], fraction: float) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    kept, held = holdout(len(labels), fraction, seed=1, labels=labels)
    assert sorted([*kept, *held]) == list(range(len(labels)))
    for label, count in enumerate(counts):
        assert abs((labels[held] == label).sum() - fraction * count) <= 1.5
        assert (labels[kept] == label).any()


def test_a_class_with_one_row_stays_in_training_with_a_note() -> None:
    labels = np.array([0] * 10 + [1] * 10 + [2])
    with pytest.warns(DataWarning, match="class 2 has only one row, which is kept for training"):
        kept, _ = holdout(21, 0.2, seed=0, labels=labels)
    assert 20 in kept


def test_equal_seeds_give_equal_splits_and_others_do_not() -> None:
    assert np.array_equal(holdout(100, 0.2, seed=3)[1], holdout(100, 0.2, seed=3)[1])
    assert not np.array_equal(holdout(100, 0.2, seed=3)[1], holdout(100, 0.2, seed=4)[1])


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.5, 2.0, float("nan")])
def test_fractions_outside_are_refused(fraction: float) -> None:
    with pytest.raises(InvalidSettingError, match=r"must be in \(0, 1\)"):
        holdout(10, fraction, seed=0)
