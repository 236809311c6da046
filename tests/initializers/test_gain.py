"""The gain by activation: closed forms, and the variance it keeps."""

import math

import numpy as np
import pytest

from lamina.activations import ACTIVATIONS
from lamina.errors import InvalidSettingError
from lamina.initializers import Scaled, gain_for


@pytest.mark.parametrize(
    ("activation", "settings", "gain"),
    [
        ("identity", {}, 1.0),
        ("relu", {}, math.sqrt(2)),
        ("leaky_relu", {"slope": 0.2}, math.sqrt(2 / 1.04)),
        ("step", {}, math.sqrt(2)),
        ("exp", {}, math.exp(-1)),
        ("selu", {}, 1.0),
    ],
)
def test_closed_forms(activation, settings, gain):
    assert gain_for(activation, **settings) == pytest.approx(gain, rel=2e-4)


@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {"softmax"}))
def test_weighted_sums_of_variance_one_give_weighted_sums_of_variance_one(name):
    rng, function = np.random.default_rng(2), ACTIVATIONS[name].value
    weights = Scaled("lecun_normal", gain=gain_for(name))(rng, (500, 400), 500, 400)
    z = np.asarray(function(rng.normal(size=(600, 500)))) @ weights
    assert np.mean(z**2) == pytest.approx(1.0, rel=0.1)


@pytest.mark.parametrize("name", ["identity", "relu", "leaky_relu", "tanh", "softsign", "selu", "elu"])
def test_the_variance_stays_through_twenty_layers(name):
    rng, initializer = np.random.default_rng(2), Scaled("lecun_normal", gain=gain_for(name))
    z = rng.normal(size=(300, 300))
    for _ in range(20):
        z = np.asarray(ACTIVATIONS[name].value(z)) @ initializer(rng, (300, 300), 300, 300)
    # Rows grow alike in deep networks, so the variance walks at random: by a factor of exp(0.13) a layer at this width. Without
    # the gain it would be 2^-20 after ReLU.
    assert 1 / 8 < np.mean(z**2) < 8


def test_softmax_is_refused():
    with pytest.raises(InvalidSettingError, match="must work element by element, got 'softmax'"):
        gain_for("softmax")
