"""What a call of several steps measures on its way: the numbers of stopping before each of them, and the training is the same."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.engine import Batches, Head
from lamina.engine.executor import Probe, Watch
from lamina.engine.native import NativeExecutor
from lamina.engine.plan import BestEpoch, Clipping, Epochs, StepValues, TrainingPlan, UpdateRule

ADAM = TrainingPlan(UpdateRule("adam", (0.9, 0.999, 1e-3), 2))
CLIPPED = ADAM._replace(clipping=Clipping(norm=0.1), record_norms=True)
PROBES, UPDATES = [5, 6, 9], [5, 7, 9]


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
