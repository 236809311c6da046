"""Factors of the learning rate: a parameter with one moves as under a learning rate of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.engine.update_rules import update_rules

from lamina.engine.perturbation import PerturbationRule
from lamina.engine.plan import Batches, Clipping, TrainingPlan
from lamina.engine.reference import ReferenceExecutor

RNG = np.random.default_rng(4)
RULES = update_rules(eps=1e-8)
X, Y = RNG.normal(size=(20, 16)), RNG.normal(size=(20, 16))
DATA = Batches([X], [Y])
EVERY = np.arange(20)
FACTORS = {"dense_0": 0.1, "dense_2": 6.0, "batch_norm_4": 3.0}


@pytest.fixture(params=[False, True], ids=["", "lasso"])
def program(build, request):
    """16 → dense 16 → tanh → dense 16 → relu → batch norm → dense 16, squared error; all have weight decay, one the lasso."""
    hidden = build.activation(build.dense(build.input(16), 16, decay=True), "tanh")
    hidden = build.activation(build.dense(hidden, 16, decay=True, l1=0.02 if request.param else 0.0), "relu")
    build.head("squared_error", build.dense(build.batch_norm(hidden), 16, decay=True, l2=0.1))
    return build.program()


def with_factors(program, factors):
    parameters = tuple(p._replace(learning_rate_factor=factors.get(p.layer, 1.0)) for p in program.parameters)
    return replace(program, parameters=parameters)


def stepped(make, program, plan, batch_size, rates, lr):
    executor = make(program, plan)
    slots = RNG.uniform(0.1, 0.5, size=executor.snapshot().slots.shape)
    executor.restore(slots=np.full_like(slots, 0.3))
    executor.train(DATA, EVERY[:batch_size], batch_size, 6, rates(1, lr=lr, weight_decays=np.array([0.2])))
    return executor.snapshot()


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("batch_size", [1, 20])
def test_a_step_is_that_of_a_learning_rate_of_its_own(program, make, rule, batch_size, rates):
    if batch_size == 1:
        program = replace(program, state=tuple(part._replace(trainable=False) for part in program.state))
    found = stepped(make, with_factors(program, FACTORS), TrainingPlan(rule), batch_size, rates, 0.01)
    for factor in {1.0, *FACTORS.values()}:
        alone = stepped(make, program, TrainingPlan(rule), batch_size, rates, 0.01 * factor)
        np.testing.assert_allclose(found.slots, alone.slots, rtol=1e-12)
        for part in program.parameters:
            if FACTORS.get(part.layer, 1.0) == factor:
                np.testing.assert_allclose(found.parameters[part.slice], alone.parameters[part.slice], rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_engines_take_the_same_steps(program, make, box, rule, dtype, rates):
    given = with_factors(program, FACTORS)
    plan = TrainingPlan(rule, Clipping(norm=1.0))
    executor, reference = make(given, plan, dtype=dtype), ReferenceExecutor(given, dtype)
    reference.configure(plan)
    reference.restore(*executor.snapshot())
    data = Batches([X.astype(dtype)], [Y.astype(dtype)])
    values = rates(6, lr=1e-3, weight_decays=np.full(6, 0.1))
    ours, theirs = (each.train(data, np.tile(EVERY, 3), 10, 0, values) for each in (executor, reference))
    np.testing.assert_allclose(ours.losses, theirs.losses, **box.tolerance(dtype, 10))
    np.testing.assert_allclose(executor.snapshot().parameters, reference.snapshot().parameters, **box.tolerance(dtype, 100))


def test_a_rate_that_may_overflow_is_watched(make, build, rates):
    """The bound of the weights must count the largest factor."""
    build.head("squared_error", build.dense(build.input(16), 16))
    program = with_factors(build.program(), {"dense_0": 1e30})
    executor = make(program, dtype="float32")
    data = Batches([X.astype("float32")], [1e6 * Y.astype("float32")])
    result = executor.train(data, np.tile(EVERY, 4), 20, 0, rates(4, lr=1e5))
    assert result.failure is not None
    assert result.failure.step <= 1


def test_a_perturbed_weight_changes_by_its_factor(make, build, rates):
    build.head("squared_error", build.dense(build.dense(build.input(16), 16), 16))
    program = with_factors(build.program(), {"dense_0": 0.01, "dense_1": 2.0})
    executor, reference = make(program), ReferenceExecutor(program, "float64")
    reference.configure(TrainingPlan(RULES["gradient_descent"]))
    reference.restore(*executor.snapshot()[:2])
    before, rule = executor.snapshot().parameters, PerturbationRule("one", 200, accept_ties=True)
    for each in (executor, reference):
        each.perturb(DATA, EVERY, 20, 0, rates(1, lr=0.1), rule)
    after = executor.snapshot().parameters
    np.testing.assert_allclose(after, reference.snapshot().parameters, rtol=1e-9)
    moved = np.abs(after - before)
    assert 0 < moved[:272].max() < 0.01  # several changes of at most 0.001
    assert moved[272:].max() > 0.1
