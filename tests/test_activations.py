"""The table of activations: every row keeps what it says of itself."""

from __future__ import annotations

import pickle

import array_api_strict
import numpy as np
import pytest

from lamina.activations import ACTIVATIONS, ALIASES, Activation, get_activation
from lamina.engine.formulas.activation import FORMULAS
from lamina.errors import InvalidSettingError

GRID = np.linspace(-50.0, 50.0, 20_001)


def test_every_row_has_a_formula_and_every_formula_a_row():
    assert ACTIVATIONS.keys() == FORMULAS.keys()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_row_tells_its_name_formula_and_source(name):
    row = ACTIVATIONS[name]
    assert row.name == name
    assert row.formula
    assert row.derivative_formula
    assert row.source


@pytest.mark.parametrize("name", sorted(ACTIVATIONS.keys() - {"softmax"}))
def test_the_range_holds_all_values_and_is_no_wider(name):
    low, high = ACTIVATIONS[name].range
    values = ACTIVATIONS[name].value(GRID)
    assert low - 1e-12 <= values.min() <= (low + 0.02 if np.isfinite(low) else -0.4)
    assert (high - 0.02 if np.isfinite(high) else 49.0) <= values.max() <= high + 1e-12


@pytest.mark.parametrize("name", sorted(ACTIVATIONS.keys() - {"softmax"}))
def test_a_function_that_saturates_is_flat_on_both_sides(name):
    slopes = np.abs(ACTIVATIONS[name].derivative([-1e6, 1e6]))
    assert ACTIVATIONS[name].saturates == bool(np.all(slopes < 1e-9))
    assert np.all(np.isfinite(ACTIVATIONS[name].range)) or not ACTIVATIONS[name].saturates


def test_softmax_is_a_row_of_probabilities():
    values = ACTIVATIONS["softmax"].value([[0.0, 1.0, 2.0], [5.0, 5.0, 5.0]])
    assert values.sum(axis=1) == pytest.approx([1.0, 1.0])
    assert ACTIVATIONS["softmax"].saturates


@pytest.mark.parametrize(("alias", "name"), ALIASES.items())
def test_an_alias_means_its_function(alias, name):
    assert get_activation(alias) is ACTIVATIONS[name]


def test_an_activation_comes_back_as_it_is():
    leaky = get_activation("leaky_relu", slope=0.3)
    assert get_activation(leaky) is leaky
    assert get_activation(leaky, slope=0.01) == ACTIVATIONS["leaky_relu"]


def test_settings_change_values_and_range():
    elu = get_activation("elu", alpha=2)
    assert elu.settings == {"alpha": 2.0}
    assert elu.range == (-2.0, np.inf)
    assert elu.value([-np.inf, 1.0]).tolist() == [-2.0, 1.0]
    assert ACTIVATIONS["elu"].settings == {"alpha": 1.0}
    assert get_activation("leaky_relu", slope=0).range == (0.0, np.inf)


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(InvalidSettingError, match=r"activation must be one of .*tanh.*, got 'tahn'\. Did you mean 'tanh'\?"):
        get_activation("tahn")


@pytest.mark.parametrize("wrong", [None, 3, ["relu"]])
def test_what_is_no_name_is_refused(wrong):
    with pytest.raises(InvalidSettingError, match="activation must be one of"):
        get_activation(wrong)


def test_all_wrong_settings_are_reported_at_once():
    with pytest.raises(InvalidSettingError) as caught:
        get_activation("leaky_relu", alpha=1.0, slope=-1.0)
    assert str(caught.value).splitlines() == [
        "leaky_relu: alpha must be one of this function's settings (slope), got 1.0.",
        "leaky_relu: slope must be a finite number >= 0, got -1.0.",
    ]


@pytest.mark.parametrize("number", [np.nan, np.inf, "1", True, None])
def test_a_setting_must_be_a_finite_number(number):
    with pytest.raises(InvalidSettingError, match="slope must be a finite number >= 0"):
        get_activation("leaky_relu", slope=number)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_keep_their_dtype(dtype):
    assert ACTIVATIONS["gelu"].value(np.zeros(3, dtype=dtype)).dtype == dtype
    assert ACTIVATIONS["gelu"].derivative(np.zeros(3, dtype=dtype)).dtype == dtype


def test_lists_and_integers_become_float64():
    assert ACTIVATIONS["sigmoid"].value([0, 1]).dtype == np.float64


def test_arrays_of_other_libraries_stay_there():
    x = array_api_strict.asarray([-1.0, 1.0])
    assert isinstance(ACTIVATIONS["relu"].value(x), type(x))


def test_an_overflow_is_infinity_and_no_warning():
    assert ACTIVATIONS["exp"].value([1000.0]).tolist() == [np.inf]


def test_activations_are_immutable_hashable_and_picklable():
    relu = ACTIVATIONS["relu"]
    with pytest.raises(AttributeError):
        relu.name = "other"
    assert len({relu, pickle.loads(pickle.dumps(relu))}) == 1
    assert isinstance(relu, Activation)
