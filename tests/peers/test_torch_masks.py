"""The masks that are made on a device are those of the other engines, bit for bit."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lamina.engine import randomness
from lamina.engine.torch.masks import keep_mask, random_words

CPU = torch.device("cpu")


@given(
    st.integers(0, 30),
    st.integers(0, 2**64 - 1),
    st.integers(1, 4),
    st.integers(0, 2**32 - 1),
    st.integers(0, 40),
    st.integers(0, 99),
)
def test_words_are_those_of_philox(count, seed, purpose, step, op, first):
    where = {"seed": seed, "purpose": purpose, "op": op, "first": first}
    expected = randomness.random_words(count, step=step, **where)
    for given_step in (step, torch.tensor(step)):
        found = random_words(torch, CPU, count, step=given_step, **where)
        assert found.dtype == torch.int64
        np.testing.assert_array_equal(found.numpy(), expected)


def test_words_of_several_steps_are_those_of_each():
    steps = torch.tensor([[3], [4], [9]])
    found = random_words(torch, CPU, 11, seed=5, purpose=2, step=steps, op=1, first=6)
    expected = [randomness.random_words(11, seed=5, purpose=2, step=step, op=1, first=6) for step in (3, 4, 9)]
    np.testing.assert_array_equal(found.numpy(), expected)


@pytest.mark.parametrize("rate", [0.0, 1e-12, 0.1, 0.25, 0.5, 1.0 - 2**-33, np.nextafter(1.0, 0.0)])
@pytest.mark.parametrize("first_row", [0, 3])
def test_masks_are_those_of_dropout(rate, first_row):
    where = {"seed": 2**40 + 7, "op": 5, "first_row": first_row}
    expected = randomness.keep_mask(9, 7, rate, step=11, **where)
    found = keep_mask(torch, CPU, 9, 7, rate, step=11, **where)
    of_scalars = keep_mask(torch, CPU, 9, 7, torch.tensor(rate, dtype=torch.float64), step=torch.tensor(11), **where)
    np.testing.assert_array_equal(found.numpy(), expected)
    np.testing.assert_array_equal(of_scalars.numpy(), expected)
