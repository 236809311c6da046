"""Every activation: values in closed form, derivatives by differences, and what happens far out."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from lamina.engine.formulas.activation import FORMULAS, activation_backward, activation_forward
from lamina.engine.formulas.error_function import erf, erf_series
from lamina.engine.formulas.links import log_sum_exp, sigmoid, softmax

SETTINGS = {"leaky_relu": (0.2,), "elu": (1.5,)}
ELEMENTWISE = sorted(FORMULAS.keys() - {"softmax"})
POINTS = [-7.3, -2.9, -1.0, -0.4, -1e-3, 0.3, 0.9, 2.5, 5.5, 8.2]
KINKS = {"step": {0}, "relu": {0}, "leaky_relu": {0}, "hard_tanh": {-1, 1}, "hard_sigmoid": {-3, 3}, "relu6": {0, 6}}


def logistic(x: float) -> float:
    return 1 / (1 + math.exp(-x))


# Each function once more, in Python's scalars and straight from its definition.
DEFINITIONS: dict[str, Callable[[float], float]] = {
    "identity": lambda x: x,
    "step": lambda x: 1.0 if x >= 0 else 0.0,
    "sigmoid": logistic,
    "tanh": lambda x: (math.exp(x) - math.exp(-x)) / (math.exp(x) + math.exp(-x)),
    "relu": lambda x: max(x, 0.0),
    "leaky_relu": lambda x: x if x > 0 else 0.2 * x,
    "elu": lambda x: x if x > 0 else 1.5 * math.expm1(x),
    "selu": lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * math.expm1(x)),
    "gelu": lambda x: x * 0.5 * (1 + math.erf(x / math.sqrt(2))),
    "gelu_tanh": lambda x: 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "silu": lambda x: x * logistic(x),
    "mish": lambda x: x * math.tanh(math.log1p(math.exp(x))),
    "softplus": lambda x: math.log1p(math.exp(x)),
    "softsign": lambda x: x / (1 + abs(x)),
    "hard_sigmoid": lambda x: min(max((x + 3) / 6, 0.0), 1.0),
    "hard_tanh": lambda x: min(max(x, -1.0), 1.0),
    "hard_swish": lambda x: x * min(max(x + 3, 0.0), 6.0) / 6,
    "relu6": lambda x: min(max(x, 0.0), 6.0),
    "exp": math.exp,
}

# (f, f') at -infinity and +infinity
LIMITS = {
    "identity": ((-np.inf, 1), (np.inf, 1)),
    "step": ((0, 0), (1, 0)),
    "sigmoid": ((0, 0), (1, 0)),
    "tanh": ((-1, 0), (1, 0)),
    "relu": ((0, 0), (np.inf, 1)),
    "leaky_relu": ((-np.inf, 0.2), (np.inf, 1)),
    "elu": ((-1.5, 0), (np.inf, 1)),
    "selu": ((-1.7580993408473766, 0), (np.inf, 1.0507009873554805)),
    "gelu": ((0, 0), (np.inf, 1)),
    "gelu_tanh": ((0, 0), (np.inf, 1)),
    "silu": ((0, 0), (np.inf, 1)),
    "mish": ((0, 0), (np.inf, 1)),
    "softplus": ((0, 0), (np.inf, 1)),
    "softsign": ((-1, 0), (1, 0)),
    "hard_sigmoid": ((0, 0), (1, 0)),
    "hard_tanh": ((-1, 0), (1, 0)),
    "hard_swish": ((0, 0), (np.inf, 1)),
    "relu6": ((0, 0), (6, 0)),
    "exp": ((0, 0), (np.inf, np.inf)),
}


def value(name, x):
    return activation_forward(x, name, SETTINGS.get(name, ()))


def derivative(name, x):
    return FORMULAS[name].derivative(x, *SETTINGS.get(name, ()))


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_values_are_those_of_the_definition(name, to):
    found = np.asarray(value(name, to(POINTS)))
    assert found == pytest.approx([DEFINITIONS[name](x) for x in POINTS], rel=1e-14, abs=2e-15)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_derivatives_are_those_of_small_differences(name, to):
    h = 1e-5
    points = np.array([x for x in POINTS if x not in KINKS.get(name, ())])
    difference = (np.asarray(value(name, to(points + h))) - np.asarray(value(name, to(points - h)))) / (2 * h)
    assert np.asarray(derivative(name, to(points))) == pytest.approx(difference, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_gradient(name, xp, to, assert_gradient):
    rng = np.random.default_rng(0)
    x, d_out = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    d_x = activation_backward(to(d_out), to(x), name, SETTINGS.get(name, ()))
    if name == "step":
        assert not np.any(np.asarray(d_x))
    else:
        assert_gradient(lambda a: xp.sum(value(name, to(a)) * to(d_out)), [x], [d_x])


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_values_and_slopes_at_infinity_are_the_limits(name, to):
    (low, low_slope), (high, high_slope) = LIMITS[name]
    with np.errstate(all="ignore"):
        f, slope = value(name, to([-np.inf, np.inf])), derivative(name, to([-np.inf, np.inf]))
    assert np.asarray(f) == pytest.approx([low, high])
    assert np.asarray(slope) == pytest.approx([low_slope, high_slope])


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_huge_numbers_come_close_to_the_limits(name, to):
    (low, low_slope), (high, high_slope) = LIMITS[name]
    with np.errstate(all="ignore"):
        f, slope = value(name, to([-1e300, 1e300])), derivative(name, to([-1e300, 1e300]))
    assert np.clip(np.asarray(f), -1e299, 1e299) == pytest.approx(np.clip([low, high], -1e299, 1e299))
    assert np.asarray(slope) == pytest.approx([low_slope, high_slope])


@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_nan_is_never_hidden(name, to):
    with np.errstate(all="ignore"):
        assert np.all(np.isnan(np.asarray(value(name, to([[np.nan, np.nan]])))))


@pytest.mark.parametrize("name", sorted(FORMULAS))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype_is_kept(name, dtype, xp):
    x = xp.asarray(np.array([[-1.0, 0.5]]), dtype=getattr(xp, dtype))
    assert value(name, x).dtype == x.dtype
    assert derivative(name, x).dtype == x.dtype


AT_KINKS = [
    ("relu", 0, 0),
    ("leaky_relu", 0, 0.2),
    ("elu", 0, 1.5),
    ("hard_tanh", 1, 0),
    ("hard_sigmoid", 3, 0),
    ("relu6", 0, 0),
    ("relu6", 6, 0),
    ("hard_swish", 3, 1),
    ("hard_swish", -3, 0),
]


@pytest.mark.parametrize(("name", "at", "slope"), AT_KINKS)
def test_kinks_take_torchs_side(name, at, slope, to):
    assert float(derivative(name, to([at]))[0]) == slope


def test_softmax_rows_are_probabilities(to):
    out = np.asarray(softmax(to([[0.0, math.log(3.0)], [1e300, -1e300], [5.0, 5.0]])))
    assert out == pytest.approx(np.array([[0.25, 0.75], [1, 0], [0.5, 0.5]]))


def test_softmax_of_one_class_is_certain(to):
    assert np.asarray(softmax(to([[3.0], [-1e9]]))).tolist() == [[1.0], [1.0]]


def test_sigmoid_keeps_the_precision_of_small_probabilities(to):
    assert np.asarray(sigmoid(to([-700.0, 0.0, 700.0]))) == pytest.approx([math.exp(-700), 0.5, 1.0], rel=1e-14, abs=0)


def test_log_sum_exp_does_not_overflow(to):
    assert np.asarray(log_sum_exp(to([[1e4, 1e4], [-1e4, -1e4]]))) == pytest.approx(
        np.array([[1e4 + math.log(2)], [-1e4 + math.log(2)]])
    )


def test_error_function_agrees_with_pythons_wherever_it_is_computed(to):
    points = np.concatenate([np.linspace(-7, 7, 281), [1e-300, 1e-8, 1e10, -np.inf]])
    expected = [math.erf(x) for x in points]
    assert np.asarray(erf(to(points))) == pytest.approx(expected, rel=1e-15, abs=0)
    assert erf_series(points) == pytest.approx(expected, rel=4e-15, abs=0)
    assert np.isnan(erf_series(np.array([np.nan])))[0]
