"""Numbers that are not finite: found in the step where they appear, with layer and quantity; nothing of the step is kept."""

import numpy as np
import pytest

from lamina.engine import Batches, Clipping, Failure, Head, StepValues, TrainingPlan, UpdateRule

ROWS = 12
ADAM = TrainingPlan(UpdateRule("adam", (0.9, 0.999, 1e-8), 2))


def _program(box, head="squared_error"):
    builder = box.ProgramBuilder(3)
    x = builder.activation(builder.batch_norm(builder.dense(0, 4)), "tanh")
    return builder.program(Head(head, builder.dense(x, 2), 2))


def _train_both(box, program, spoil):
    """The results of both executors, after `spoil(executor, inputs, targets)` has done its worst."""
    results = []
    for executor in box.pair(program, "float32"):
        data = box.batches_for(program, ROWS, "float32")
        inputs, targets = data.inputs[0].copy(), data.targets[0].copy()
        spoil(executor, inputs, targets)
        executor.configure(ADAM)
        before = executor.snapshot().parameters, executor.snapshot().state, executor.snapshot().slots
        result = executor.train(Batches([inputs], [targets]), np.arange(ROWS), 4, 7, StepValues(np.full(3, 0.01)))
        results.append((executor, result, before))
    return results


def _nan_input(executor, inputs, targets):
    inputs[9, 1] = np.nan


def _infinite_target(executor, inputs, targets):
    targets[5, 1] = np.inf


def _infinite_weight(executor, inputs, targets):
    executor.views()[0][executor.program.parameters[4].slice][0] = np.inf


@pytest.mark.parametrize(
    ("spoil", "failure"),
    [
        (_nan_input, Failure(9, "dense_0", "activation")),
        (_infinite_target, Failure(8, "dense_3", "loss")),
        (_infinite_weight, Failure(7, "dense_3", "activation")),
    ],
)
def test_both_executors_name_step_layer_and_quantity(box, spoil, failure):
    for executor, result, _ in _train_both(box, _program(box), spoil):
        assert result.failure == failure
        assert len(result.losses) == failure.step - 7
        assert np.isfinite(result.losses).all()
        assert executor.dtype == np.float32


@pytest.mark.parametrize("l2", [0.0, 1e-30], ids=["no penalty", "penalty"])
@pytest.mark.parametrize("clipping", [Clipping(), Clipping(norm=1.0), Clipping((-1.0, 1.0))], ids=["none", "norm", "value"])
def test_a_gradient_that_overflows_is_named(box, l2, clipping):
    builder = box.ProgramBuilder(1)
    first = builder.dense(0, 1, bias=False, l2=l2)
    program = builder.program(Head("absolute_error", builder.dense(first, 1, bias=False), 1))
    data = Batches([np.array([[10.0]], np.float32)], [np.zeros((1, 1), np.float32)])
    for executor in box.pair(program, "float32"):
        executor.configure(TrainingPlan(ADAM.rule, clipping))
        executor.restore(parameters=np.array([2e-38, 3e38]))
        result = executor.train(data, np.zeros(1, np.int64), 1, 0, StepValues(np.ones(1)))
        assert result.failure == Failure(0, "dense_0", "gradient")
        np.testing.assert_array_equal(executor.snapshot().parameters, np.float32([2e-38, 3e38]))


def test_a_failed_step_changes_nothing(box):
    native, result, (parameters, state, slots) = _train_both(box, _program(box), _infinite_weight)[0]
    assert result.losses.shape == (0,)
    np.testing.assert_array_equal(native.snapshot().parameters, parameters)
    np.testing.assert_array_equal(native.snapshot().state, state)
    np.testing.assert_array_equal(native.snapshot().slots, slots)


def test_a_penalty_that_is_not_finite_is_a_loss_that_is_not(box):
    builder = box.ProgramBuilder(2)
    program = builder.program(Head("absolute_error", builder.dense(0, 1, bias=False, l2=1e30), 1))
    for executor in box.pair(program, "float32"):
        executor.restore(parameters=np.full(executor.program.num_parameters, 1e10))
        data = Batches([np.ones((1, 2), np.float32)], [np.zeros((1, 1), np.float32)])
        executor.configure(ADAM)
        failure = executor.train(data, np.zeros(1, np.int64), 1, 0, StepValues(np.ones(1))).failure
        assert failure is not None
        assert failure.layer == "dense_0"


def test_the_callers_gradient_is_checked_too(box, second_half):
    program = _program(box)
    for executor in box.pair(program, "float32"):
        executor.configure(ADAM)
        data = box.batches_for(program, 4, "float32")
        executor.forward(data.inputs, np.arange(4), 3)
        before = executor.snapshot().parameters
        assert second_half(executor, [np.full((4, 2), np.nan)], 3, 0.1) == Failure(3, "dense_3", "gradient")
        np.testing.assert_array_equal(executor.snapshot().parameters, before)


def test_a_norm_whose_squares_overflow_is_still_clipped(box):
    builder = box.ProgramBuilder(1)
    program = builder.program(Head("absolute_error", builder.dense(0, 1, bias=False), 1))
    plan = TrainingPlan(UpdateRule("gradient_descent", (), 0), Clipping(norm=1.0), record_norms=True)
    data = Batches([np.full((1, 1), 1e30, np.float32)], [np.zeros((1, 1), np.float32)])
    for executor in box.pair(program, "float32"):
        executor.configure(plan)
        executor.restore(parameters=np.full(executor.program.num_parameters, 1.0))
        result = executor.train(data, np.zeros(1, np.int64), 1, 0, StepValues(np.ones(1)))
        assert result.failure is None
        assert result.gradient_norms[0] == pytest.approx(1e30)
        assert executor.snapshot().parameters[0] == pytest.approx(0.0, abs=1e-6)
