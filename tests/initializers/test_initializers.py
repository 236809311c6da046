"""Initializers: exact variances, shapes, dtypes, round trips, refusals."""

import json
import math

import numpy as np
import pytest

from lamina import Dense, MLPRegressor
from lamina.activations import ACTIVATIONS
from lamina.errors import InvalidSettingError, ShapeError
from lamina.initializers import ALIASES, INITIALIZERS, Auto, Scaled, get_initializer

FAN_IN, FAN_OUT = 400, 250
EXPECTED_VARIANCES = {
    "zeros": 0.0,
    "constant": 0.0,
    "normal": 0.01**2,
    "uniform": 0.1**2 / 12,
    "xavier": 1 / FAN_IN,
    "glorot_normal": 2 / (FAN_IN + FAN_OUT),
    "glorot_uniform": 2 / (FAN_IN + FAN_OUT),
    "he": 2 / FAN_IN,
    "he_normal": 2 / FAN_IN,
    "he_uniform": 2 / FAN_IN,
    "lecun_normal": 1 / FAN_IN,
    "lecun_uniform": 1 / FAN_IN,
    "unit_variance": 1 / FAN_IN,
    "among_rows": 0.0,
    "sklearn_uniform": 2 / (FAN_IN + FAN_OUT),
    "orthogonal": 1 / FAN_IN,
    "auto": 2 / (FAN_IN + FAN_OUT),
    "random_signs": 1,
}
# An estimated variance of 100,000 values is off by a factor of 1 + N(0, 2 / 100000) for normal ones, less for uniform ones:
# five standard errors.
TOLERANCE = 5 * math.sqrt(2 / (FAN_IN * FAN_OUT))


def drawn(initializer, shape=(FAN_IN, FAN_OUT), seed=0, dtype=np.float64):
    return get_initializer(initializer)(np.random.default_rng(seed), shape, FAN_IN, FAN_OUT, dtype)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("alias", "name"), ALIASES.items())
def test_an_alias_means_its_initializer(alias, name):
    assert alias not in INITIALIZERS
    assert get_initializer(alias) == get_initializer({"kind": alias}) == INITIALIZERS[name]
    assert get_initializer(alias, gain=2.0) == get_initializer(name, gain=2.0)
    assert Dense(3, weight_init=alias).to_dict()["weight_init"]["kind"] == name
    assert MLPRegressor(hidden_layer_sizes=3, weight_init=alias, max_iter=1).fit([[0.0], [1.0]], [0.0, 1.0]).n_iter_ == 1


def test_every_initializer_has_an_expected_variance_here():
    assert set(EXPECTED_VARIANCES) == set(INITIALIZERS)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_mean_is_zero_and_variance_as_stated(name):
    values, variance = drawn(name), EXPECTED_VARIANCES[name]
    assert abs(values.mean()) <= 5 * math.sqrt(variance / values.size)
    assert values.var() == pytest.approx(variance, rel=TOLERANCE)


@pytest.mark.parametrize("name", [name for name in INITIALIZERS if name.endswith("uniform")])
def test_uniform_ones_fill_their_bounds_and_no_more(name):
    bound = math.sqrt(3 * EXPECTED_VARIANCES[name])
    largest = np.abs(drawn(name)).max()
    assert 0.999 * bound < largest <= bound


@pytest.mark.parametrize("name", ["normal", "xavier", "glorot_normal", "he", "lecun_normal"])
def test_normal_ones_have_a_normal_share_beyond_two_deviations(name):
    beyond = np.mean(np.abs(drawn(name)) > 2 * math.sqrt(EXPECTED_VARIANCES[name]))
    assert beyond == pytest.approx(math.erfc(math.sqrt(2)), abs=0.004)


def test_zeros_are_zeros_and_a_constant_is_that_constant():
    assert not drawn("zeros").any()
    assert (drawn({"kind": "constant", "value": 0.25}) == 0.25).all()


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4)])
def test_orthogonal_keeps_lengths_on_the_smaller_side(shape):
    weights = drawn(get_initializer("orthogonal", gain=2.0), shape=shape)
    gram = weights.T @ weights if shape[0] >= shape[1] else weights @ weights.T
    np.testing.assert_allclose(gram, 4.0 * np.eye(min(shape)), atol=1e-12)


def test_orthogonal_refuses_a_bias():
    with pytest.raises(ShapeError, match=r"Orthogonal: shape must have two axes, got \(3,\)"):
        drawn("orthogonal", shape=(3,))


def test_scikit_learns_bound_has_the_factor_two_for_the_logistic_function():
    bound = math.sqrt(2 / (FAN_IN + FAN_OUT))
    largest = np.abs(drawn(get_initializer("sklearn_uniform", factor=2.0))).max()
    assert 0.999 * bound < largest <= bound


def test_gain_scales_every_value():
    np.testing.assert_allclose(drawn(Scaled("he", gain=3.0)), 3.0 * drawn("he"), rtol=1e-15)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_float32_values_are_the_rounded_float64_values(name):
    single = drawn(name, shape=(7, 3), dtype=np.float32)
    assert single.dtype == np.float32
    np.testing.assert_array_equal(single, drawn(name, shape=(7, 3)).astype(np.float32))


@pytest.mark.parametrize("name", INITIALIZERS)
def test_round_trip_through_json(name):
    initializer = INITIALIZERS[name]
    assert get_initializer(json.loads(json.dumps(initializer.to_dict()))) == initializer


@pytest.mark.parametrize("function", ["relu", "leaky_relu", "prelu", "elu", "gelu", "silu", "mish"])
def test_auto_takes_he_before_rectifiers(function):
    assert Auto().for_activation(function) == Scaled("he")


@pytest.mark.parametrize("function", ["tanh", "sigmoid", "identity", "softsign", "softmax"])
def test_auto_takes_glorot_elsewhere(function):
    assert Auto().for_activation(function) == Scaled("glorot_uniform")


def test_auto_takes_lecun_before_selu():
    assert Auto().for_activation("selu") == Scaled("lecun_normal")


def second_moments(initializer, function, layers=20, width=300):
    """Mean square of the output of every layer of a deep network fed with standard normal rows."""
    rng = np.random.default_rng(1)
    x, moments = rng.normal(size=(400, width)), []
    for _ in range(layers):
        x = np.asarray(ACTIVATIONS[function].value(x @ get_initializer(initializer)(rng, (width, width), width, width)))
        moments.append(float(np.mean(x**2)))
    return moments


def test_he_keeps_the_variance_through_twenty_relu_layers():
    moments = second_moments("he", "relu")
    assert 0.5 < moments[-1] / moments[0] < 2.0


def test_small_normal_weights_vanish_and_large_ones_explode_in_deep_relu_networks():
    small = second_moments({"kind": "normal", "std": 0.01}, "relu")
    large = second_moments({"kind": "normal", "std": 1.0}, "relu")
    assert small[-1] / small[0] < 1e-20
    assert large[-1] / large[0] > 1e20


def test_xavier_keeps_the_variance_of_linear_layers():
    moments = second_moments("xavier", "identity")
    assert 0.5 < moments[-1] / moments[0] < 2.0


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(InvalidSettingError, match="Did you mean 'xavier'"):
        get_initializer("xavior")


def test_an_unknown_setting_is_refused():
    with pytest.raises(InvalidSettingError, match=r"Normal: .* must be one of std, got 'sigma'"):
        get_initializer("normal", sigma=1.0)


@pytest.mark.parametrize(
    ("name", "settings", "rule"),
    [
        ("normal", {"std": -1.0}, "std must be a number >= 0"),
        ("normal", {"std": math.nan}, "std must be"),
        ("he", {"gain": 0.0}, "gain must be a number > 0"),
        ("constant", {"value": math.inf}, "value must be a finite number"),
        ("uniform", {"low": 1.0, "high": 0.0}, r"low must be at most high = 0\.0, got 1\.0"),
        ("sklearn_uniform", {"factor": -6}, "factor must be"),
    ],
)
def test_settings_out_of_range_are_refused(name, settings, rule):
    with pytest.raises(InvalidSettingError, match=rule):
        get_initializer(name, **settings)


def test_something_else_is_refused():
    with pytest.raises(InvalidSettingError, match="must be a name, a dict or an Initializer, got 3"):
        get_initializer(3)


def test_an_unknown_scheme_is_refused():
    with pytest.raises(InvalidSettingError, match="Scaled: scheme must be one of"):
        Scaled("kaiming")
