"""A parameter that several ops share: their gradients add up, and everything else happens to it once."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from lamina.engine.perturbation import PerturbationRule
from lamina.engine.plan import Batches, TrainingPlan, UpdateRule
from lamina.engine.reference import ReferenceExecutor

RNG = np.random.default_rng(5)
ADAM = TrainingPlan(UpdateRule("adam", (0.9, 0.999, 1e-3), 2))
LEFT, RIGHT, Y = (RNG.normal(size=(20, width)) for width in (16, 16, 2))
DATA = Batches([LEFT, RIGHT], [Y])
KINDS = {
    "dense": lambda build, x: build.dense(x, 16),
    "narrow dense": lambda build, x: build.dense(x, 3),
    "prelu": lambda build, x: build.prelu(x),
    "parametric activation": lambda build, x: build.parametric_activation(x, "tanh"),
    "scale": lambda build, x: build.scale(x),
    "batch norm": lambda build, x: build.batch_norm(x),
    "layer norm": lambda build, x: build.layer_norm(x),
}


def twice(build, make_op, *, shared=True):
    """Two inputs with an op on each, their product, and the squared error of its sums."""
    left, right = build.input(16), build.input(16)
    first = make_op(build, left)
    second = build.again(first, right) if shared else make_op(build, right)
    build.head("squared_error", build.dense(build.combine("multiply", first, second), 2))
    return build.program()


def of_both(vector, size):
    """A vector of two ops with parameters of their own, from that of one op for both, with so many parameters."""
    return np.concatenate([vector[:size], vector])


@pytest.mark.parametrize("rows", [1, 20])
@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_is_the_sum_over_the_ops(make, build, kind, rows):
    shared = make(twice(build, KINDS[kind]))
    apart = make(twice(type(build)(), KINDS[kind], shared=False))
    size = apart.program.num_parameters - shared.program.num_parameters
    apart.restore(of_both(shared.snapshot().parameters, size))
    loss, gradient = shared.loss_and_gradient(DATA, order=np.arange(rows))
    loss_apart, of_ops = apart.loss_and_gradient(DATA, order=np.arange(rows))
    assert loss == pytest.approx(loss_apart, rel=1e-12)
    np.testing.assert_allclose(gradient, np.append(of_ops[:size] + of_ops[size : 2 * size], of_ops[2 * size :]), atol=1e-11)


@pytest.mark.parametrize("batch_size", [1, 20])
@pytest.mark.parametrize("kind", KINDS)
def test_a_step_is_one_along_that_sum(make, build, kind, batch_size, rates):
    executor = make(twice(build, KINDS[kind]))
    rows = np.arange(batch_size)
    before, (_, gradient) = executor.snapshot().parameters, executor.loss_and_gradient(DATA, order=rows)
    executor.train(DATA, rows, batch_size, 0, rates(1, lr=0.1))
    np.testing.assert_allclose(executor.snapshot().parameters, before - 0.1 * gradient, atol=1e-12)


def test_sparse_rows_give_the_same_gradient(make, build):
    executor = make(twice(build, KINDS["dense"]))
    left, right = (np.where(rows > 0.5, rows, 0.0) for rows in (LEFT, RIGHT))
    dense = executor.loss_and_gradient(Batches([left, right], [Y]))
    compressed = executor.loss_and_gradient(Batches([sparse.csr_array(left), sparse.csr_array(right)], [Y]))
    np.testing.assert_allclose(compressed[1], dense[1], atol=1e-12)


def test_penalties_decay_and_max_norm_act_once(make, build, rates):
    program = twice(build, lambda build, x: build.dense(x, 16, bias=False, l2=0.5, decay=True, max_norm=0.9))
    executor = make(program)
    weight = program.parameters[0].slice
    no_gradient = Batches([np.zeros_like(LEFT), np.zeros_like(RIGHT)], [Y])
    w = executor.snapshot().parameters[weight].reshape(16, 16)
    executor.train(no_gradient, np.arange(20), 20, 0, rates(1, lr=0.1, weight_decays=np.array([0.2])))
    expected = w * (1 - 0.1 * 0.2) - 0.1 * 0.5 * w
    expected *= np.minimum(1.0, 0.9 / np.linalg.norm(expected, axis=0))
    np.testing.assert_allclose(executor.snapshot().parameters[weight].reshape(16, 16), expected, atol=1e-12)


def test_running_statistics_take_in_one_use_after_the_other(make, build, rates):
    executor = make(twice(build, lambda build, x: build.batch_norm(x, momentum=0.6)))
    executor.train(DATA, np.arange(20), 20, 0, rates(1))
    statistics = np.full(32, 0.7)
    for rows in (LEFT, RIGHT):
        statistics = 0.6 * statistics + 0.4 * np.append(rows.mean(axis=0), rows.var(axis=0))
    np.testing.assert_allclose(executor.snapshot().state, statistics, atol=1e-12)


def test_an_op_that_reads_its_own_output_learns_from_every_pass(make, build, rates):
    first = build.dense(build.input(16), 16)
    second = build.again(first, build.activation(first, "tanh"))
    build.head("squared_error", build.again(first, build.activation(second, "relu")))
    executor = make(build.program(), ADAM)
    data = Batches([LEFT], [RIGHT])
    losses = executor.train(data, np.tile(np.arange(20), 200), 20, 0, rates(200, lr=0.01)).losses
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize(("rule", "rate"), [(PerturbationRule("one", 40), 0.3), (PerturbationRule("all", 3, 0.01), 1e-4)])
@pytest.mark.parametrize("kind", KINDS)
def test_a_perturbed_weight_changes_in_all_ops(make, build, kind, rule, rate, rates):
    executor = make(twice(build, KINDS[kind]))
    reference = ReferenceExecutor(executor.program, "float64")
    reference.configure(TrainingPlan(UpdateRule("gradient_descent", (), 0)))
    reference.restore(*executor.snapshot()[:2])
    order = np.tile(np.arange(20), 4)
    ours, theirs = (each.perturb(DATA, order, 20, 0, rates(4, lr=rate), rule) for each in (executor, reference))
    np.testing.assert_allclose(ours.losses, theirs.losses, rtol=1e-9)
    np.testing.assert_allclose(executor.snapshot().parameters, reference.snapshot().parameters, rtol=1e-8, atol=1e-10)
