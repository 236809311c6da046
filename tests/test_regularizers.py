"""Regularizers: the pairs they give, the lecture's convention, round trips, refusals."""

import json

import numpy as np
import pytest

from lamina.errors import InvalidSettingError
from lamina.regularizers import L1, L2, REGULARIZERS, Elastic, from_lecture, get_regularizer


def penalty(regularizer, w):
    """What the engine adds to the loss."""
    l1, l2 = regularizer.pair
    return l1 * np.abs(w).sum() + 0.5 * l2 * (w**2).sum()


W = np.array([[0.5, -2.0], [3.0, 0.0]])


@pytest.mark.parametrize(
    ("regularizer", "pair"),
    [(L1(0.3), (0.3, 0.0)), (L2(0.3), (0.0, 0.3)), (Elastic(0.4, 0.25), (0.1, 0.3)), (Elastic(0.4, 1.0), (0.4, 0.0))],
)
def test_pairs(regularizer, pair):
    assert regularizer.pair == pytest.approx(pair)


@pytest.mark.parametrize(
    ("kind", "lecture"),
    [
        ("l1", lambda w, beta: np.abs(w).sum()),
        ("l2", lambda w, beta: (w**2).sum()),
        ("elastic", lambda w, beta: (beta * w**2 + np.abs(w)).sum()),
    ],
)
@pytest.mark.parametrize("beta", [0.0, 0.5, 3.0])
def test_the_lectures_penalty_is_what_the_engine_adds(kind, lecture, beta):
    assert penalty(from_lecture(kind, 0.07, beta=beta), W) == pytest.approx(0.07 * lecture(W, beta))


@pytest.mark.parametrize("name", REGULARIZERS)
def test_round_trip_through_json(name):
    regularizer = get_regularizer(name, strength=0.5)
    assert get_regularizer(json.loads(json.dumps(regularizer.to_dict()))) == regularizer


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(InvalidSettingError, match="Did you mean 'elastic'"):
        get_regularizer("elastik")
    with pytest.raises(InvalidSettingError, match="must be one of elastic, l1, l2, got 'l3'"):
        from_lecture("l3", 0.1)


@pytest.mark.parametrize("settings", [{"strength": -1}, {"strength": 1, "l1_ratio": 1.5}])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(InvalidSettingError, match="Elastic"):
        Elastic(**settings)


def test_a_negative_beta_is_refused():
    with pytest.raises(InvalidSettingError, match="beta must be a number >= 0"):
        from_lecture("elastic", 0.1, beta=-1.0)


def test_something_else_is_refused():
    with pytest.raises(InvalidSettingError, match="must be a name, a dict or a Regularizer"):
        get_regularizer(0.1)
