"""The Philox generator against its authors' known answers, and what is drawn from it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.engine.randomness import keep_mask, permutation, random_words


def test_zeros_give_the_known_answer():
    assert [hex(w) for w in random_words(4, seed=0, purpose=0)] == ["0x6627e8d5", "0xe169c58d", "0xbc57ac4c", "0x9b00dbd8"]


def test_every_part_of_the_key_and_counter_matters():
    base = {"seed": 1, "purpose": 1, "step": 1, "op": 1}
    reference = random_words(8, **base)
    changes = [{"seed": 2}, {"seed": 1 + 2**32}, {"purpose": 2}, {"step": 2}, {"op": 2}]
    for change in changes:
        assert not np.array_equal(random_words(8, **(base | change)), reference), change


@given(count=st.integers(0, 50), longer=st.integers(0, 50))
def test_a_longer_stream_starts_like_a_shorter_one(count: int, longer: int):
    words = random_words(count + longer, seed=3, purpose=2)
    assert np.array_equal(words[:count], random_words(count, seed=3, purpose=2))


def test_words_are_uniform():
    words = random_words(100_000, seed=5, purpose=2) / 2**32
    assert abs(words.mean() - 0.5) < 0.005
    assert abs(words.var() - 1 / 12) < 0.001


@given(n=st.integers(0, 200), seed=st.integers(0, 2**64 - 1), epoch=st.integers(0, 1000))
def test_a_permutation_holds_every_row_once(n: int, seed: int, epoch: int):
    assert sorted(permutation(n, seed=seed, epoch=epoch)) == list(range(n))


def test_a_permutation_is_the_fisher_yates_shuffle_of_its_words():
    order = list(range(5))
    words = random_words(5, seed=9, purpose=1, step=3).tolist()
    for i in (4, 3, 2, 1):
        j = (words[i] * (i + 1)) >> 32
        order[i], order[j] = order[j], order[i]
    assert permutation(5, seed=9, epoch=3).tolist() == order


def test_permutations_of_other_epochs_differ():
    assert not np.array_equal(permutation(50, seed=0, epoch=0), permutation(50, seed=0, epoch=1))


def test_all_orders_of_three_rows_are_equally_frequent():
    counts: dict[tuple[int, ...], int] = {}
    for epoch in range(3000):
        key = tuple(permutation(3, seed=0, epoch=epoch).tolist())
        counts[key] = counts.get(key, 0) + 1
    assert len(counts) == 6
    assert min(counts.values()) > 400


@pytest.mark.parametrize("rate", [0.0, 0.2, 0.5, 0.9])
def test_dropout_keeps_the_share_that_its_rate_says(rate: float):
    mask = keep_mask(300, 100, rate, seed=1, step=2, op=3)
    assert mask.shape == (300, 100)
    assert abs(mask.mean() - (1 - rate)) < 0.01


def test_a_mask_compares_each_word_with_the_threshold():
    words = random_words(6, seed=1, purpose=2, step=7, op=4).reshape(2, 3)
    assert np.array_equal(keep_mask(2, 3, 0.25, seed=1, step=7, op=4), words >= 2**30)
