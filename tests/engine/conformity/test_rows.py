"""Matrices that learn by row: a step changes the rows with a gradient, and nothing of the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.engine.update_rules import update_rules

from lamina.engine.perturbation import PerturbationRule
from lamina.engine.plan import Batches, Clipping, TrainingPlan, UpdateRule

RULES = update_rules(eps=1e-8)
RNG = np.random.default_rng(8)
ROWS, CARDINALITY = 60, 40
CODES = RNG.integers(0, CARDINALITY - 5, (ROWS, 3)).astype(float)  # the last 5 never occur
DATA = Batches([CODES], [RNG.normal(size=(ROWS, 2))], RNG.uniform(0.5, 2.0, ROWS))
CLIPPINGS = {
    "unbounded": Clipping(),
    "by value": Clipping(value=(-0.02, 0.03)),
    "by a value above 0": Clipping(value=(0.001, 0.03)),
    "by layer": Clipping(layer_norm=0.1),
    "by norm": Clipping(norm=0.2),
}


def network(build, *, mask=0.0, **fields):
    """Three columns of codes, their vectors, a hidden layer."""
    codes = build.input(3)
    if mask:
        codes = build.mask_codes(codes, mask, code=CARDINALITY - 1)
    vectors = build.embedding(codes, CARDINALITY, 4, **fields)
    build.head("squared_error", build.dense(build.activation(build.dense(vectors, 16), "tanh"), 2))
    return build.program()


@pytest.fixture
def program(build):
    return network(build, l2=0.3, decay=True, learning_rate_factor=2.0)


def tables(program, vector):
    """The tables in a flat vector."""
    return [vector[p.slice].reshape(p.shape) for p in program.parameters if p.by_row]


def begun(make, program, rule, **plan):
    """An executor whose slots have a past."""
    executor = make(program, TrainingPlan(rule, **plan))
    slots = executor.snapshot().slots
    executor.restore(slots=np.random.default_rng(3).uniform(0.1, 0.5, slots.shape))
    return executor


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("clipping", CLIPPINGS.values(), ids=CLIPPINGS)
def test_a_step_changes_the_rows_of_its_batch_and_no_others(make, program, rates, rule, clipping):
    executor = begun(make, program, rule, clipping=clipping)
    before, rows = executor.snapshot(), np.arange(7)
    executor.train(DATA, rows, 7, 4, rates(1, lr=0.01, weight_decays=np.array([0.2])))
    after = executor.snapshot()
    for column, (old, new) in enumerate(zip(*(tables(program, s.parameters) for s in (before, after)), strict=True)):
        touched = np.isin(np.arange(CARDINALITY), CODES[rows, column])
        assert (old != new).any(axis=1).tolist() == touched.tolist()
    for slot_before, slot_after in zip(before.slots, after.slots, strict=True):
        for column, (old, new) in enumerate(zip(tables(program, slot_before), tables(program, slot_after), strict=True)):
            untouched = ~np.isin(np.arange(CARDINALITY), CODES[rows, column])
            np.testing.assert_array_equal(old[untouched], new[untouched])


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_the_rows_with_a_gradient_move_as_those_of_any_matrix(make, program, rates, rule):
    values = rates(1, lr=0.01, weight_decays=np.array([0.2]))
    whole = replace(program, parameters=tuple(p._replace(by_row=False, l2=0.0) for p in program.parameters))
    by_row = replace(program, parameters=tuple(p._replace(l2=0.0) for p in program.parameters))
    found, expected = (begun(make, each, rule, clipping=Clipping(norm=0.2), record_norms=True) for each in (by_row, whole))
    results = [executor.train(DATA, np.arange(7), 7, 4, values) for executor in (found, expected)]
    np.testing.assert_allclose(results[0].gradient_norms, results[1].gradient_norms, rtol=1e-12)
    for column, (ours, theirs) in enumerate(
        zip(*(tables(program, executor.snapshot().parameters) for executor in (found, expected)), strict=True)
    ):
        touched = np.isin(np.arange(CARDINALITY), CODES[:7, column])
        np.testing.assert_allclose(ours[touched], theirs[touched], rtol=1e-10, atol=1e-13)


def test_only_the_rows_of_the_batch_are_penalized_in_a_step_and_all_in_the_objective(make, program, rates):
    executor = make(program)
    plain = make(replace(program, parameters=tuple(p._replace(l2=0.0) for p in program.parameters)))
    weights = tables(program, executor.snapshot().parameters)
    rows = np.arange(5)
    of_rows = sum(float((weights[j][np.unique(CODES[rows, j]).astype(int)] ** 2).sum()) for j in range(3))
    of_all = sum(float((table**2).sum()) for table in weights)
    whole, gradient = executor.loss_and_gradient(DATA, order=rows)
    loss, without = plain.loss_and_gradient(DATA, order=rows)
    assert whole - loss == pytest.approx(0.5 * 0.3 * of_all, rel=1e-9)
    for found, expected, table in zip(tables(program, gradient), tables(program, without), weights, strict=True):
        np.testing.assert_allclose(found, expected + 0.3 * table, rtol=1e-10, atol=1e-12)
    step = executor.train(DATA, rows, 5, 0, rates(1))
    assert step.losses[0] - loss == pytest.approx(0.5 * 0.3 * of_rows, rel=1e-9)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("clipping", CLIPPINGS.values(), ids=CLIPPINGS)
def test_the_halves_of_a_step_are_that_step_to_the_bit(make, program, rates, rule, clipping):
    whole, halves = (begun(make, program, rule, clipping=clipping, record_norms=True) for _ in range(2))
    order = np.random.default_rng(0).permutation(ROWS)
    result = whole.train(DATA, order, 13, 2, rates(5, lr=0.01, weight_decays=np.full(5, 0.1)))
    updates = [halves.update(halves.gradient(DATA, order[k * 13 : (k + 1) * 13], 2 + k), 2 + k, 0.01, 0.1) for k in range(5)]
    assert [update.loss for update in updates] == result.losses.tolist()
    assert [update.gradient_norm for update in updates] == result.gradient_norms.tolist()
    for ours, theirs in zip(whole.snapshot(), halves.snapshot(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_parts_of_a_batch_add_up_to_it(make, build, rates):
    program = network(build, mask=0.4, l2=0.3)
    whole, parts = make(program), make(program)
    whole.train(DATA, np.arange(20), 20, 0, rates(1))
    total = DATA.sample_weight[:20].sum()
    first = parts.gradient(DATA, np.arange(8), 0, 0, total)
    second = parts.gradient(DATA, np.arange(8, 20), 0, 8, total)
    joined = first._replace(
        losses=first.losses + second.losses, weight_sum=first.weight_sum + second.weight_sum, vector=first.vector + second.vector
    )
    parts.update(joined, 0, 0.1)
    np.testing.assert_allclose(whole.snapshot().parameters, parts.snapshot().parameters, rtol=1e-12, atol=1e-14)


def test_what_is_asked_between_steps_leaves_no_trace(make, build, rates):
    program = network(build, l2=0.3, mask=0.2)
    alone, asked = (begun(make, program, RULES["adam"]) for _ in range(2))
    for step in range(4):
        rows = np.arange(step * 9, step * 9 + 9)
        for executor in (alone, asked):
            executor.train(DATA, rows, 9, step, rates(1, lr=0.01))
        asked.loss_and_gradient(DATA)
        asked.probe(DATA)
        asked.observe(DATA, np.arange(30))
        asked.gradient(DATA, np.arange(50), 0)
        asked.predict(DATA.inputs)
    for ours, theirs in zip(alone.snapshot(), asked.snapshot(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_rows_without_weight_leave_their_categories_alone(make, program, rates):
    executor = begun(make, program, RULES["momentum"])
    before = executor.snapshot()
    executor.train(Batches(DATA.inputs, DATA.targets, np.zeros(ROWS)), np.arange(9), 9, 0, rates(1))
    for old, new in zip(tables(program, before.parameters), tables(program, executor.snapshot().parameters), strict=True):
        np.testing.assert_array_equal(old, new)


def test_frozen_tables_stand_still(make, program, rates):
    parameters = tuple(p._replace(trainable=not p.by_row) for p in program.parameters)
    executor = begun(make, replace(program, parameters=parameters), RULES["adam"])
    before = executor.snapshot()
    executor.train(DATA, np.arange(ROWS), 9, 0, rates(7, lr=0.1, weight_decays=np.full(7, 0.1)))
    after = executor.snapshot()
    for old, new in zip(tables(program, before.parameters), tables(program, after.parameters), strict=True):
        np.testing.assert_array_equal(old, new)
    assert (before.parameters != after.parameters).any()


def test_two_uses_of_a_table_change_the_rows_of_both(make, build, rates):
    left, right = build.input(1), build.input(1)
    first = build.embedding(left, CARDINALITY, 4)
    second = build.again(first, right)
    build.head("squared_error", build.dense(build.combine("multiply", first, second), 2))
    program = build.program()
    executor = make(program)
    codes = CODES[:6, :1], CODES[:6, 1:2]
    data = Batches(codes, [DATA.targets[0][:6]])
    _, gradient = executor.loss_and_gradient(data)
    (before,) = tables(program, executor.snapshot().parameters)
    before = before.copy()
    executor.train(data, np.arange(6), 6, 0, rates(1, lr=0.1))
    (after,) = tables(program, executor.snapshot().parameters)
    touched = np.isin(np.arange(CARDINALITY), np.concatenate(codes))
    assert (before != after).any(axis=1).tolist() == touched.tolist()
    np.testing.assert_allclose(after, before - 0.1 * tables(program, gradient)[0], rtol=1e-10, atol=1e-13)


def test_masked_codes_train_the_row_that_stands_for_unknown(make, build, rates):
    program = network(build, mask=0.5)
    executor = make(program)
    before = tables(program, executor.snapshot().parameters.copy())
    executor.train(DATA, np.arange(30), 30, 0, rates(1))
    for old, new in zip(before, tables(program, executor.snapshot().parameters), strict=True):
        assert (old[-1] != new[-1]).all()
        np.testing.assert_array_equal(old[-5:-1], new[-5:-1])
    seen, same = (executor.observe(DATA, training=True, step=step).values[1] for step in (3, 4))
    assert (seen != CODES).mean() == pytest.approx(0.5, abs=0.1)
    assert (seen != same).any()
    np.testing.assert_array_equal(seen[seen != CODES], CARDINALITY - 1)
    np.testing.assert_array_equal(executor.observe(DATA, training=False).values[1], CODES)
    np.testing.assert_array_equal(executor.observe(DATA, training=True, dropout_rates=[0.0]).values[1], CODES)


@pytest.mark.parametrize("wrong", [-1.0, float(CARDINALITY), 0.5, np.nan, np.inf, -1e30, 1e30])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_is_no_code_is_a_failure_and_never_another_row(make, program, rates, wrong, dtype):
    executor = make(program, dtype=dtype)
    codes = CODES.copy()
    codes[3, 1] = wrong
    data = Batches([codes], [DATA.targets[0].astype(dtype)])
    before = executor.snapshot()
    failure = executor.train(data, np.arange(9), 9, 5, rates(1)).failure
    assert (failure.step, failure.layer, failure.quantity) == (5, "embedding_0", "activation")
    for ours, theirs in zip(before, executor.snapshot(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    predicted = executor.predict([codes])[0]
    assert np.isnan(predicted[3]).all()
    assert np.isfinite(np.delete(predicted, 3, axis=0)).all()


@pytest.mark.parametrize("kind", ["all", "one"])
def test_perturbation_reaches_all_rows(make, program, rates, kind):
    executor = make(program)
    before = executor.snapshot().parameters
    rule = PerturbationRule(kind, 3000 if kind == "one" else 1, 0.1, True, True)
    executor.perturb(DATA, np.arange(9), 9, 0, rates(1, lr=0.1), rule)
    changed = [
        (old != new).any(axis=1)
        for old, new in zip(*(tables(program, v) for v in (before, executor.snapshot().parameters)), strict=True)
    ]
    assert all(rows[-5:].any() for rows in changed)


def test_a_plan_without_slots_and_one_with_two_agree_on_the_rows(make, program, rates):
    touched = []
    for rule in (UpdateRule("gradient_descent", (), 0), RULES["adam"]):
        executor = make(program, TrainingPlan(rule))
        before = executor.snapshot().parameters
        executor.train(DATA, np.arange(ROWS), 11, 0, rates(6))
        touched.append(
            [
                (a != b).any(axis=1).tolist()
                for a, b in zip(*(tables(program, v) for v in (before, executor.snapshot().parameters)), strict=True)
            ]
        )
    assert touched[0] == touched[1]
    assert not any(rows[-1] for rows in touched[0])
