"""What a call of several steps measures on its way: the numbers of stopping before each of them, and the training is the same."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.engine import Batches, Head
from lamina.engine.executor import Probe, Watch
from lamina.engine.layer_buffers import unit_widths
from lamina.engine.native import NativeExecutor
from lamina.engine.plan import BestEpoch, Clipping, Epochs, StepValues, TrainingPlan, UpdateRule
from lamina.engine.pooled_probe import pool
from lamina.engine.probe import flat_units, probe

ADAM = TrainingPlan(UpdateRule("adam", (0.9, 0.999, 1e-3), 2))
CLIPPED = ADAM._replace(clipping=Clipping(norm=0.1), record_norms=True)
PROBES, UPDATES = [5, 6, 9], [5, 7, 9]
OWN = [4, 5, 7, 8, 10]


@pytest.fixture
def program(box):
    """Ops that are fused in training, dropout, a norm with running statistics, a narrow output."""
    builder = box.ProgramBuilder(5)
    x = builder.activation(builder.batch_norm(builder.dense(0, 8, l2=0.1)), "relu")
    x = builder.activation(builder.dense(builder.dropout(x, 0.25), 8), "relu")
    return builder.program(Head("squared_error", builder.dense(x, 2), 2))


def steps(*numbers):
    return np.array(numbers, dtype=np.int64)


def assert_same(one, other):
    for name, ours, theirs in zip(Probe._fields, one, other, strict=True):
        np.testing.assert_array_equal(ours, theirs, err_msg=name)


def assert_equal_states(one, other):
    for ours, theirs in zip(one.snapshot(), other.snapshot(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("plan", [ADAM, CLIPPED])
@pytest.mark.parametrize("batch_size", [1, 4])
def test_it_finds_what_stopping_before_each_step_finds(box, program, make, rates, plan, batch_size):
    watched, stopped, plain = (make(program, plan) for _ in range(3))
    data, rows = (box.batches_for(program, n, "float64", seed=n) for n in (28, 9))
    order = np.random.default_rng(0).permutation(28)[: 7 * batch_size]
    watch, empty = Watch(rows, steps(*PROBES), steps(*UPDATES)), Watch(rows, steps(), steps(6))
    result = watched.train(data, order, batch_size, 4, rates(7), [watch, empty])
    losses, probes, changes = [], [], []
    for k in range(7):
        before = stopped.snapshot().parameters
        if 4 + k in PROBES:
            loss, found = stopped.probe(rows)
            losses.append(loss)
            probes.append(found)
        stopped.train(data, order[k * batch_size : (k + 1) * batch_size], batch_size, 4 + k, rates(1))
        changes.append(stopped.weight_change(before))
    assert watch.losses.tolist() == losses
    assert_same(watch.found, Probe(*map(np.array, zip(*probes, strict=True))))
    np.testing.assert_array_equal(watch.changes, [changes[step - 4] for step in UPDATES])
    np.testing.assert_array_equal(empty.changes, [changes[2]])
    assert empty.losses.shape == (0,)
    assert empty.found.histogram.shape == (0, *watch.found.histogram.shape[1:])
    unwatched = plain.train(data, order, batch_size, 4, rates(7))
    np.testing.assert_array_equal(result.losses, unwatched.losses)
    assert_equal_states(watched, plain)


def test_many_epochs_in_one_call_are_watched_as_one_by_one(box, program, rates):
    data, rows = (box.batches_for(program, n, "float64", seed=n) for n in (10, 6))

    def trained(*epochs_of_a_call):
        executor = NativeExecutor(program, "float64")
        executor.configure(ADAM)
        executor.restore(np.random.default_rng(0).normal(size=program.num_parameters), np.full(program.num_state, 0.7))
        found, changes, first = [], [], 0
        for count in epochs_of_a_call:
            asked = [[step for step in numbers if 3 * first <= step < 3 * (first + count)] for numbers in ((6, 11), (0, 6, 11))]
            watch = Watch(rows, *(steps(*numbers) for numbers in asked))
            executor.train_epochs(data, Epochs(first, count), 4, 3 * first, rates(3 * count), best(executor), [watch])
            first += count
            found.append(watch.found)
            changes.append(watch.changes)
        return executor, Probe(*map(np.concatenate, zip(*found, strict=True))), np.concatenate(changes)

    (whole, found, changes), (parts, *expected) = trained(4), trained(1, 1, 1, 1)
    assert len(found.mean) == 2
    assert_same(found, expected[0])
    np.testing.assert_array_equal(changes, expected[1])
    assert_equal_states(whole, parts)


def best(executor):
    kept = [np.empty_like(array) for _ in range(2) for array in executor.snapshot()[:2]]
    return BestEpoch(np.inf, *kept)


def test_a_step_that_fails_is_probed_but_has_no_change(box, make):
    builder = box.ProgramBuilder(1)
    program = builder.program(Head("squared_error", builder.dense(0, 1), 1))
    executor = make(program)
    data = Batches([np.ones((3, 1))], [np.ones((3, 1))])
    watch = Watch(data, steps(0, 1, 2), steps(0, 1, 2))
    values = StepValues(np.array([0.1, 1e308, 1e308, 1e308]))
    result = executor.train(data, np.array([0, 1, 2, 0]), 1, 0, values, [watch])
    assert result.failure is not None
    done = len(result.losses)
    assert done < 3
    assert (len(watch.found.mean), len(watch.losses), len(watch.changes)) == (done + 1, done + 1, done)


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("batch_size", [1, 4])
def test_the_own_rows_of_a_step_are_seen_as_the_buffers_of_its_batch(box, program, make, rates, batch_size, weighted):
    watched, stopped = make(program, CLIPPED), make(program, CLIPPED)
    data = box.batches_for(program, 28, "float64", weighted=weighted)
    order = np.random.default_rng(0).permutation(28)[: 7 * batch_size]
    watch = Watch(data, steps(), steps(*UPDATES), steps(*OWN))
    watched.train(data, order, batch_size, 4, rates(7), [watch])
    seen, k = watch.seen, 0
    for step in range(4, 11):
        rows = order[(step - 4) * batch_size : (step - 3) * batch_size]
        if step in OWN:
            observed = stopped.observe(data, rows, step=step)
            weight = observed.gradient.weight_sum
            expected = probe(program, stopped.snapshot().parameters, observed, weight)
            for name, ours, theirs in zip(Probe._fields, seen.found, expected, strict=True):
                is_left_out = (name == "distinct" or name.startswith("weight_")) and step not in UPDATES
                wanted = np.full_like(theirs, np.nan) if is_left_out else theirs
                np.testing.assert_allclose(ours[k], wanted, rtol=1e-10, atol=1e-14, err_msg=name)
            np.testing.assert_allclose(seen.losses[k], observed.gradient.losses.sum(), rtol=1e-12)
            np.testing.assert_array_equal(seen.flat_units[k], flat_units(program, observed))
            assert (seen.num_rows[k], seen.weight_sums[k]) == (batch_size, weight)
            k += 1
        stopped.train(data, rows, batch_size, step, rates(1))
    assert k == len(seen.losses) == len(OWN)
    assert watch.changes.shape[0] == len(UPDATES)


PLANS = {
    "adam": ADAM,
    "clipped": CLIPPED,
    "descent": TrainingPlan(UpdateRule("gradient_descent", (), 0)),
    "penalty per row": ADAM._replace(penalty_per_row=True),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch_size", [1, 2, 5, 32, 37])
@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("widths", [(16, 16, 3), (32, 2), (24, 24, 24, 1)])
def test_a_step_that_is_seen_gives_the_same_bits(box, make, rates, widths, plan, batch_size, dtype):
    """Also where ops are fused in training, and where a step of one row leaves its gradient to the update."""
    builder = box.ProgramBuilder(7)
    x = 0
    for width in widths[:-1]:
        x = builder.activation(builder.dense(x, width, l1=0.01 if plan == "penalty per row" else 0.0), "relu")
    program = builder.program(Head("squared_error", builder.dense(x, widths[-1]), widths[-1]))
    data = box.batches_for(program, 74, dtype)
    order = np.random.default_rng(0).permutation(74)
    num_steps = -(-74 // batch_size)
    executors = [make(program, PLANS[plan], dtype=dtype) for _ in range(2)]
    watches = [], [Watch(data, steps(), steps(0), steps(0, 1, 3) if num_steps > 3 else steps(0, num_steps - 1))]
    given = data, order, batch_size, 0, rates(num_steps, 0.01)
    results = [executor.train(*given, own) for executor, own in zip(executors, watches, strict=True)]
    np.testing.assert_array_equal(results[0].losses, results[1].losses)
    assert_equal_states(*executors)


def test_the_steps_of_one_probe_are_pooled_as_if_they_were_one(box, make, rates):
    """At weights that do not move, the pooled probe is that of all rows."""
    builder = box.ProgramBuilder(5)
    x = builder.activation(builder.dense(0, 8), "relu")
    x = builder.activation(builder.layer_norm(builder.dense(x, 6)), "tanh")
    program = builder.program(Head("squared_error", builder.dense(x, 2), 2))
    executor = make(program)
    data = box.batches_for(program, 22, "float64", weighted=True)
    watch = Watch(data, steps(0), steps(0, 3), steps(0, 1, 2, 3, 4))
    executor.train(data, np.arange(22), 5, 0, rates(5, 0.0), [watch])
    losses, found = pool(watch.seen, np.array([0, 3]), unit_widths(program))
    whole_losses, whole = pool(watch.seen, np.array([0]), unit_widths(program))
    for at, first, last in ((0, 0, 15), (1, 15, 22)):
        part = Batches([data.inputs[0][first:last]], [data.targets[0][first:last]], data.sample_weight[first:last])
        loss, expected = executor.probe(part)
        assert losses[at] == pytest.approx(loss, rel=1e-12)
        for name, ours, theirs in zip(Probe._fields, found, expected, strict=True):
            if not name.startswith("weight_gradient"):
                np.testing.assert_allclose(ours[at], theirs, rtol=1e-10, atol=1e-12, err_msg=name)
    assert whole_losses[0] == pytest.approx(watch.losses[0], rel=1e-12)
    np.testing.assert_allclose(whole.dead[0], watch.found.dead[0])


def test_a_step_that_fails_is_seen_and_told_as_ever(box, make):
    builder = box.ProgramBuilder(3)
    x = builder.activation(builder.dense(0, 4), "relu")
    program = builder.program(Head("squared_error", builder.dense(x, 1), 1))
    data = box.batches_for(program, 6, "float64")
    values = StepValues(np.array([0.1, 1e200, 1e200, 1e200]))
    executors = make(program), make(program)
    watch = Watch(data, steps(), steps(0, 1, 2, 3), steps(0, 1, 2, 3))
    results = [executor.train(data, np.arange(4), 1, 0, values, w) for executor, w in zip(executors, ([], [watch]), strict=True)]
    assert results[0].failure is not None
    assert results[0].failure == results[1].failure
    done = len(results[0].losses)
    assert (len(watch.seen.losses), len(watch.changes)) == (done + 1, done)
