"""Networks that read codes of categories: nothing scales them, and their size is no finding."""

from __future__ import annotations

import numpy as np
import pytest

from lamina import Dense, Embedding, MLPRegressor, Sequential, Trainer
from lamina.doctor import diagnose
from lamina.doctor.cures.ranges import random_cure
from lamina.doctor.patients.admission import admit
from lamina.training import Callback

RNG = np.random.default_rng(0)
CODES = RNG.integers(0, 900, 600)
X = np.column_stack([RNG.normal(size=600), RNG.integers(0, 5, 600), CODES])
Y = X[:, 0] + 2 * np.sin(X[:, 1]) + (CODES < 100)


def network(**settings):
    return Sequential([Embedding([None, 5, 900], [2, 3], **settings), Dense(8, activation="relu"), Dense(1)], input_width=3)


def weak(make):
    return {
        "trainer": lambda: Trainer(make, "squared_error", "gradient_descent", seed=0),
        "estimator": lambda: MLPRegressor(network=make),
    }


@pytest.mark.parametrize("kind", ["trainer", "estimator"])
@pytest.mark.parametrize("scale", [1.0, 5000.0])
def test_only_numbers_are_found_unscaled_and_no_cure_scales_codes(kind, scale):
    model = weak(network(mask=0.1))[kind]()
    rows = X * [scale, 1.0, 1.0]
    fit = {"max_epochs": 3} if kind == "trainer" else {}
    if kind == "estimator":
        model.set_params(max_iter=3)
    found = diagnose(model, rows, Y, **fit)
    assert ("unscaled_inputs" in [finding.name for finding in found.findings]) == (scale > 1)
    assert not any("scale_inputs" in cure.changes for finding in found.findings for cure in finding.cures)


@pytest.mark.parametrize("kind", ["trainer", "estimator"])
def test_every_change_that_it_takes_trains_it(kind):
    model = weak(network())[kind]()
    patient = admit(model, owner="test", fit={"max_epochs": 3} if kind == "trainer" else None)
    assert "scale_inputs" not in patient.words
    rng = np.random.default_rng(0)
    for _ in range(8):
        cure = random_cure(patient.words, rng, num_hidden=1, num_rows=len(X))
        changes = {word: value for word, value in cure.changes.items() if word != "epochs"} | {"epochs": 2}
        trained, failure = patient.changed(changes).train(X, Y, Callback())
        assert failure == ""
        assert np.isfinite(patient.changed(changes).score(trained, X, Y))
