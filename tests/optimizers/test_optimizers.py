"""Optimizers: descriptions that name the right rule, and rules that do by the engines what their docstrings say."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from lamina.engine import Batches, Head, Op, Parameter, Program, StepValues, TrainingPlan, make_executor
from lamina.errors import InvalidSettingError
from lamina.optimizers import (
    LBFGS,
    OPTIMIZERS,
    Adagrad,
    Adam,
    AdamW,
    GradientDescent,
    Momentum,
    Nadam,
    Nesterov,
    RMSprop,
    StepOptimizer,
    get_optimizer,
)

RATE = 0.1


def weight_after(optimizer: StepOptimizer, engine: str, num_steps: int, start: float = 2.0) -> list[float]:
    """A single weight w with loss 1/2 w^2, whose gradient is w, after each step."""
    program = Program((1, 1), (0,), (1,), (Op("dense", "d", (0,), 1, (0,)),), (Parameter("w", "d", 0, (1, 1), decay=True),))
    executor = make_executor(
        replace(program, heads=(Head("squared_error", 1, 1),)),
        dtype="float64",
        engine=engine,
    )
    executor.configure(TrainingPlan(optimizer.rule()))
    executor.restore(parameters=np.array([start]))
    data, row = Batches([np.ones((1, 1))], [np.zeros((1, 1))]), np.zeros(1, dtype=np.int64)
    decays = np.array([optimizer.weight_decay]) if optimizer.weight_decay else None
    seen = []
    for step in range(num_steps):
        executor.train(data, row, 1, step, StepValues(np.array([optimizer.learning_rate]), decays))
        seen.append(float(executor.snapshot().parameters[0]))
    return seen


def by_hand(name: str, w: float = 2.0) -> list[float]:
    """Three steps of each rule as its docstring writes it, the gradient being w."""
    seen, v, s, m, product = [], 0.0, 0.0, 0.0, 1.0
    for t in (1, 2, 3):
        g = w
        if name == "gradient_descent":
            w -= RATE * g
        elif name in ("momentum", "nesterov"):
            v = 0.9 * v + g
            w -= RATE * (v if name == "momentum" else g + 0.9 * v)
        elif name == "rmsprop":
            s = 0.99 * s + 0.01 * g**2
            w -= RATE * g / (s**0.5 + 1e-8)
        elif name == "adagrad":
            s += g**2
            w -= RATE * g / (s**0.5 + 1e-10)
        elif name in ("adam", "adamw"):
            w -= RATE * 0.01 * w if name == "adamw" else 0.0
            m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2
            w -= RATE * (m / (1 - 0.9**t)) / ((s / (1 - 0.999**t)) ** 0.5 + 1e-8)
        elif name == "nadam":
            mu, mu_next = (0.9 * (1 - 0.5 * 0.96 ** (i * 0.004)) for i in (t, t + 1))
            product *= mu
            m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2
            direction = mu_next * m / (1 - product * mu_next) + (1 - mu) * g / (1 - product)
            w -= RATE * direction / ((s / (1 - 0.999**t)) ** 0.5 + 1e-8)
        seen.append(w)
    return seen


STEP_OPTIMIZERS = [name for name, kind in OPTIMIZERS.items() if issubclass(kind, StepOptimizer)]


@pytest.mark.parametrize("engine", ["reference", "auto"])
@pytest.mark.parametrize("name", STEP_OPTIMIZERS)
def test_three_steps_are_those_of_the_docstring(name, engine):
    optimizer = get_optimizer(name, learning_rate=RATE)
    np.testing.assert_allclose(weight_after(optimizer, engine, 3), by_hand(name), rtol=1e-12)


@pytest.mark.parametrize("name", STEP_OPTIMIZERS)
def test_a_parabola_is_descended(name):
    optimizer = get_optimizer(name, learning_rate=RATE)
    values = weight_after(optimizer, "auto", 400)
    assert abs(values[-1]) < 0.2 < abs(values[0])


def test_weight_decay_acts_on_any_optimizer_before_its_step():
    (w,) = weight_after(GradientDescent(0.1, weight_decay=0.5), "auto", 1)
    assert w == pytest.approx(2.0 - 0.1 * 0.5 * 2.0 - 0.1 * 2.0)


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_a_description_gives_an_equal_optimizer_back(name):
    optimizer = get_optimizer(name)
    assert get_optimizer(json.loads(json.dumps(optimizer.to_dict()))) == optimizer


def test_an_optimizer_is_returned_as_it_is():
    optimizer = Adam(0.5)
    assert get_optimizer(optimizer) is optimizer


def test_all_wrong_settings_are_named_at_once():
    with pytest.raises(
        InvalidSettingError, match=r"(?s)Adam: learning_rate must be .* > 0, got -1.*beta1 must be .*\[0, 1\), got 1\.2"
    ):
        Adam(-1, beta1=1.2)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (GradientDescent, {"learning_rate": 0}),
        (Momentum, {"momentum": 1.0}),
        (Nesterov, {"momentum": -0.1}),
        (RMSprop, {"eps": 0.0}),
        (Adagrad, {"learning_rate": float("inf")}),
        (AdamW, {"weight_decay": -1e-3}),
        (Nadam, {"momentum_decay": float("nan")}),
        (LBFGS, {"memory": 0}),
        (LBFGS, {"max_evaluations": 1.5}),
    ],
)
def test_settings_out_of_range_are_refused(kind, settings):
    with pytest.raises(InvalidSettingError, match=next(iter(settings))):
        kind(**settings)


def test_an_unknown_name_suggests_the_nearest():
    with pytest.raises(InvalidSettingError, match="Did you mean 'rmsprop'"):
        get_optimizer("RMSProb")


def test_an_unknown_setting_suggests_the_nearest():
    with pytest.raises(InvalidSettingError, match="Did you mean 'momentum'"):
        get_optimizer("momentum", moment=0.5)


@pytest.mark.parametrize("wrong", [Adam, ["adam"], 3])
def test_what_is_no_optimizer_is_refused(wrong):
    with pytest.raises(InvalidSettingError, match="must be a name, a dict or an Optimizer"):
        get_optimizer(wrong)


def test_settings_beside_an_optimizer_are_refused_and_not_ignored():
    with pytest.raises(InvalidSettingError, match="Settings belong to a name or a dict"):
        get_optimizer(Adam(), learning_rate=0.5)


def test_optimizers_are_immutable():
    with pytest.raises(AttributeError):
        Adam().learning_rate = 1.0
