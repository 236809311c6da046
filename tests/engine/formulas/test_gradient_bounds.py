"""Penalties, the bound on weights, and clipping."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.engine.formulas.clipping import clip, clip_norm, clip_value, norm
from lamina.engine.formulas.penalty import max_norm, penalty, penalty_gradient
from lamina.engine.plan import Clipping


def test_penalty_by_hand(to):
    w = to([-2.0, 1.0, 0.0])
    assert penalty(w, to([1.0, 0.0, 1.0]), to([0.0, 3.0, 1.0])) == 2.0 + 1.5
    assert np.asarray(penalty_gradient(w, to([1.0, 0.0, 1.0]), to([0.0, 3.0, 1.0]))).tolist() == [-1.0, 3.0, 0.0]


def test_penalty_gradient(to, assert_gradient):
    w = np.array([-2.0, 1.0, 0.5])
    assert_gradient(lambda a: penalty(to(a), 0.3, 0.7), [w], [penalty_gradient(to(w), 0.3, 0.7)])


def test_a_penalty_too_large_for_float32_is_still_a_number():
    assert penalty(np.array([1e30], dtype=np.float32), 0.0, 2.0) == pytest.approx(1e60, rel=1e-6)


def test_max_norm_shortens_long_columns_only(to):
    bounded = np.asarray(max_norm(to([[3.0, 0.3, 0.0], [4.0, 0.4, 0.0]]), 1.0))
    assert bounded == pytest.approx(np.array([[0.6, 0.3, 0.0], [0.8, 0.4, 0.0]]))


def test_max_norm_takes_a_vector_for_one_row(to):
    assert np.asarray(max_norm(to([-3.0, 0.5]), 1.0)).tolist() == [-1.0, 0.5]


def test_norm_does_not_overflow_in_float32():
    assert norm(np.array([3e30, 4e30], dtype=np.float32)) == pytest.approx(5e30, rel=1e-6)


def test_clip_value_has_two_thresholds(to):
    assert np.asarray(clip_value(to([-5.0, 0.5, 5.0]), -1.0, 2.0)).tolist() == [-1.0, 0.5, 2.0]


def test_clip_norm_keeps_the_direction(to):
    assert np.asarray(clip_norm(to([3.0, 4.0]), 1.0)) == pytest.approx([0.6, 0.8])
    assert np.asarray(clip_norm(to([3.0, 4.0]), 5.0)).tolist() == [3.0, 4.0]


LAYERS = [[slice(0, 2), slice(3, 4)], [slice(2, 3)]]  # the second layer lies within the first


@pytest.mark.parametrize(
    ("clipping", "expected", "changed"),
    [
        (Clipping(), [3.0, 4.0, 1.0, 0.0], False),
        (Clipping(value=(-10.0, 10.0), layer_norm=10.0, norm=10.0), [3.0, 4.0, 1.0, 0.0], False),
        (Clipping(value=(-1.0, 3.0)), [3.0, 3.0, 1.0, 0.0], True),
        (Clipping(layer_norm=2.5), [1.5, 2.0, 1.0, 0.0], True),
        (Clipping(norm=np.sqrt(26.0) / 2), [1.5, 2.0, 0.5, 0.0], True),
        (Clipping(value=(-3.0, 3.0), layer_norm=np.sqrt(18.0) / 3, norm=np.sqrt(3.0) / 2), [0.5, 0.5, 0.5, 0.0], True),
    ],
)
def test_bounds_apply_in_their_order(clipping, expected, changed, to):
    clipped, was_changed = clip(to([3.0, 4.0, 1.0, 0.0]), clipping, LAYERS)
    assert np.asarray(clipped) == pytest.approx(expected)
    assert was_changed is changed
