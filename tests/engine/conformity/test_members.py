"""Members side by side: an ensemble's program computes what a program of each member alone computes."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.engine.plan import Batches, TrainingPlan, UpdateRule
from lamina.engine.program import Head, Op, Parameter, Program

DESCENT = TrainingPlan(UpdateRule("gradient_descent", (), 0))
RNG = np.random.default_rng(3)
X, Y = RNG.normal(size=(20, 3)), RNG.integers(0, 2, size=(20, 1)).astype(float)
MEMBERS = 3


def _parameters(*named):
    """Parameters one after the other."""
    placed, offset = [], 0
    for name, layer, shape in named:
        placed.append(Parameter(name, layer, offset, shape))
        offset = placed[-1].slice.stop
    return tuple(placed)


@pytest.fixture
def ensemble():
    """3 → factors of each member → shared dense 4 → relu → dense 2 of each member, softmax cross-entropy."""
    k = MEMBERS
    ops = (
        Op("repeat", "hidden", (0,), 1, settings=(k,)),
        Op("scale", "hidden", (1,), 2, (0,)),
        Op("dense", "hidden", (2,), 3, (1, 2), copies=k),
        Op("activation", "hidden", (3,), 4, function="relu"),
        Op("grouped_dense", "logits", (4,), 5, (3, 4)),
    )
    parameters = _parameters(
        ("scale", "hidden", (k, 3)), ("weight", "hidden", (3, 4)), ("bias", "hidden", (4,)),
        ("weight", "logits", (k, 4, 2)), ("bias", "logits", (k, 2)),
    )  # fmt: skip
    head = Head("softmax_cross_entropy", 5, 1, (0.0,))
    return Program((3, 3 * k, 3 * k, 4 * k, 4 * k, 2 * k), (0,), (5,), ops, parameters, heads=(head,), members=k)


@pytest.fixture
def one():
    """A member alone."""
    ops = (
        Op("scale", "hidden", (0,), 1, (0,)),
        Op("dense", "hidden", (1,), 2, (1, 2)),
        Op("activation", "hidden", (2,), 3, function="relu"),
        Op("dense", "logits", (3,), 4, (3, 4)),
    )
    parameters = _parameters(
        ("scale", "hidden", (3,)), ("weight", "hidden", (3, 4)), ("bias", "hidden", (4,)),
        ("weight", "logits", (4, 2)), ("bias", "logits", (2,)),
    )  # fmt: skip
    return Program((3, 3, 4, 4, 2), (0,), (4,), ops, parameters, heads=(Head("softmax_cross_entropy", 4, 1, (0.0,)),))


@pytest.fixture
def vector(ensemble):
    return np.random.default_rng(4).normal(size=ensemble.num_parameters)


def _tensors(program, flat):
    return [flat[p.slice].reshape(p.shape) for p in program.parameters]


def _alone(make, one, ensemble, vector):
    """An executor for each member, with its own weights."""
    scale, weight, bias, last, last_bias = _tensors(ensemble, vector)
    executors = []
    for i in range(MEMBERS):
        executors.append(make(one, DESCENT))
        executors[-1].restore(np.concatenate([part.ravel() for part in (scale[i], weight, bias, last[i], last_bias[i])]))
    return executors


@pytest.fixture
def together(make, ensemble, vector):
    executor = make(ensemble, DESCENT)
    executor.restore(vector)
    return executor


def test_logits_are_those_of_each_member_side_by_side(make, one, ensemble, vector, together):
    alone = [executor.predict([X])[0] for executor in _alone(make, one, ensemble, vector)]
    np.testing.assert_allclose(together.predict([X])[0], np.concatenate(alone, axis=1), rtol=1e-12)


def test_predictions_are_the_mean_after_the_link(make, one, ensemble, vector, together):
    alone = [executor.predict([X], ["softmax"])[0] for executor in _alone(make, one, ensemble, vector)]
    np.testing.assert_allclose(together.predict([X], ["softmax"])[0], np.mean(alone, axis=0), rtol=1e-12)


@pytest.mark.parametrize("weights", [None, RNG.random(20)], ids=["equal weights", "sample weights"])
def test_loss_and_gradient_are_the_mean_over_members(make, one, ensemble, vector, together, weights):
    data = Batches([X], [Y], weights)
    found = [executor.loss_and_gradient(data) for executor in _alone(make, one, ensemble, vector)]
    loss, gradient = together.loss_and_gradient(data)
    assert loss == pytest.approx(np.mean([loss for loss, _ in found]), rel=1e-12)
    assert together.evaluate(data)[0] == pytest.approx(loss, rel=1e-12)
    of_each = [_tensors(one, d) for _, d in found]
    scale, weight, bias, last, last_bias = _tensors(ensemble, gradient)
    close = {"rtol": 1e-10, "atol": 1e-14}
    for tensor, place in ((weight, 1), (bias, 2)):  # shared
        np.testing.assert_allclose(tensor, np.mean([own[place] for own in of_each], axis=0), **close)
    for tensor, place in ((scale, 0), (last, 3), (last_bias, 4)):  # of each
        np.testing.assert_allclose(tensor, np.array([own[place] for own in of_each]) / MEMBERS, **close)


def test_the_halves_of_a_step_are_the_step(make, ensemble, vector, together, rates):
    data, order = Batches([X], [Y]), np.arange(20)
    together.train(data, order, 20, 0, rates(1))
    halves = make(ensemble, DESCENT)
    halves.restore(vector)
    halves.update(halves.gradient(data, order, 0), 0, float(rates(1).learning_rates[0]))
    np.testing.assert_array_equal(together.snapshot().parameters, halves.snapshot().parameters)


def test_a_probe_sees_the_units_of_all_members(together):
    loss, probe = together.probe(Batches([X], [Y]))
    assert loss == pytest.approx(together.loss_and_gradient(Batches([X], [Y]))[0], rel=1e-12)
    hidden, logits = together.observe(Batches([X], [Y])).values[3], together.predict([X])[0]
    np.testing.assert_allclose(probe.sum_mean, [hidden.mean(), logits.mean()], rtol=1e-10)
    assert probe.distinct.tolist() == [4, 2 * MEMBERS]


def test_the_norm_of_each_members_weights_is_bounded(make, ensemble, vector, rates):
    bounded = tuple(p._replace(max_norm=0.5) if p.layer == "logits" and p.name == "weight" else p for p in ensemble.parameters)
    program = Program(
        *(ensemble.widths, ensemble.inputs, ensemble.outputs, ensemble.ops, bounded), heads=ensemble.heads, members=3
    )
    executor = make(program, DESCENT)
    executor.restore(10 * vector)
    executor.train(Batches([X], [Y]), np.arange(20), 20, 0, rates(1))
    last = _tensors(program, executor.snapshot().parameters)[3]
    np.testing.assert_allclose(np.linalg.norm(last, axis=1), 0.5, rtol=1e-12)
