"""A batch of an ensemble goes through both passes a few rows at a time: nothing but rounding shows it."""

import numpy as np
import pytest

from lamina.engine import Batches, Head, StepValues, TrainingPlan, UpdateRule
from lamina.engine.executor import Watch

ADAM = TrainingPlan(UpdateRule("adam", (0.9, 0.999, 1e-3), 2), record_norms=True)
ROWS = 37  # 8 at a time, as the widest buffer has 8192 columns


@pytest.fixture
def program(box):
    builder = box.ProgramBuilder(3)
    x = builder.scale(builder.repeat(0, 2), members=2)
    x = builder.dropout(builder.activation(builder.dense(x, 4096, copies=2), "relu"), 0.3)
    logits = builder.grouped_dense(x, 2, 2)
    number = builder.grouped_dense(x, 1, 2)
    heads = (Head("softmax_cross_entropy", logits, 1, (0.0,)), Head("squared_error", number, 1, weight=0.3))
    return builder.program(*heads, members=2)


@pytest.fixture
def data(box, program):
    return box.batches_for(program, ROWS, "float64", weighted=True)


def _trained(executor, data, watches=()):
    executor.configure(ADAM)
    values = StepValues(np.full(2, 0.01))
    return executor.train(data, np.arange(ROWS)[::-1].copy(), 20, 3, values, watches)


def test_loss_and_gradient_are_those_of_the_reference(box, program, data):
    (loss, gradient), (expected_loss, expected) = (e.loss_and_gradient(data, step=4) for e in box.pair(program, "float64"))
    assert loss == pytest.approx(expected_loss, rel=1e-12)
    np.testing.assert_allclose(gradient, expected, rtol=1e-9, atol=1e-13)


def test_training_is_that_of_the_reference(box, program, data):
    native, reference = box.pair(program, "float64")
    found, expected = _trained(native, data), _trained(reference, data)
    np.testing.assert_allclose(found.losses, expected.losses, rtol=1e-12)
    np.testing.assert_allclose(found.head_losses, expected.head_losses, rtol=1e-12)
    np.testing.assert_allclose(found.gradient_norms, expected.gradient_norms, rtol=1e-9)
    np.testing.assert_allclose(native.snapshot().parameters, reference.snapshot().parameters, rtol=1e-6, atol=1e-9)


def test_the_halves_of_a_step_are_the_step_to_the_bit(box, program, data):
    whole, halves = box.pair(program, "float64")[0], box.pair(program, "float64")[0]
    _trained(whole, data)
    halves.configure(ADAM)
    order = np.arange(ROWS)[::-1].copy()
    for k, rows in enumerate((order[:20], order[20:])):
        halves.update(halves.gradient(data, rows, 3 + k), 3 + k, 0.01)
    np.testing.assert_array_equal(halves.snapshot().parameters, whole.snapshot().parameters)


def test_a_look_within_a_step_changes_nothing(box, program, data):
    plain, watched = box.pair(program, "float64")[0], box.pair(program, "float64")[0]
    steps = np.array([3, 4])
    watch = Watch(Batches(data.inputs, data.targets), np.empty(0, np.int64), steps, steps)
    np.testing.assert_array_equal(_trained(watched, data, [watch]).losses, _trained(plain, data).losses)
    np.testing.assert_array_equal(watched.snapshot().parameters, plain.snapshot().parameters)
    assert watch.seen.num_rows.tolist() == [20, 17]
    assert np.isfinite(watch.seen.found.gradient_rms[:, 1:]).all()  # no weights lie before the first layer


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_change_nothing(box, program, data, threads):
    alone, several = box.pair(program, "float64", n_threads=1)[0], box.pair(program, "float64", n_threads=threads)[0]
    np.testing.assert_array_equal(alone.loss_and_gradient(data)[1], several.loss_and_gradient(data)[1])


def test_a_number_that_is_not_finite_is_found_in_its_layer(box, program, data):
    broken = [data.inputs[0].copy()]
    broken[0][30] = 1e200
    for executor in box.pair(program, "float64"):
        executor.views()[0][program.parameters[1].slice] = 1e200
        executor.configure(ADAM)
        found = executor.train(Batches(broken, data.targets), np.arange(ROWS), ROWS, 0, StepValues(np.full(1, 0.01)))
        assert (found.failure.step, found.failure.quantity) == (0, "activation")
        assert found.failure.layer == program.ops[2].layer


def test_rows_in_pieces_give_what_single_parts_add_up_to(box, program, data):
    native, _ = box.pair(program, "float64")
    native.configure(ADAM)
    total = float(np.sum(data.sample_weight))
    whole = native.gradient(data, np.arange(ROWS), 0).vector
    native.configure(ADAM)
    parts = [native.gradient(data, np.arange(a, b), 0, a, total).vector for a, b in ((0, 11), (11, ROWS))]
    np.testing.assert_allclose(sum(parts), whole, rtol=1e-9, atol=1e-13)
