"""Probes: what both passes leave in every buffer, and that nothing else is left."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from lamina.engine import Batches, Head, TrainingPlan
from lamina.engine.native import NativeExecutor
from lamina.engine.reference import ReferenceExecutor


@pytest.fixture
def program(box):
    """Ops that are fused in training, dropout, batch norm, a fan-out, few outputs."""
    builder = box.ProgramBuilder(5)
    x = builder.activation(builder.batch_norm(builder.dense(0, 8, l2=0.1)), "relu")
    skip = builder.combine("add", x, builder.activation(builder.dense(builder.dropout(x, 0.25), 8), "relu"))
    return builder.program(Head("squared_error", builder.dense(skip, 2), 2), Head("hinge", builder.dense(skip, 1), 1, weight=0.5))


@pytest.fixture
def data(box, program):
    return box.batches_for(program, 14, "float64", weighted=True)


@pytest.mark.parametrize("training", [True, False])
def test_nothing_changes(make, program, data, training):
    executor = make(program)
    before = executor.snapshot()
    executor.observe(data, training=training)
    for array, expected in zip(executor.snapshot(), before, strict=True):
        np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_engine_sees_the_same(box, program, training, dtype):
    data = box.batches_for(program, 14, dtype, weighted=True)
    executors = NativeExecutor(program, dtype), ReferenceExecutor(program, dtype)
    rng = np.random.default_rng(0)
    values = 0.5 * rng.normal(size=program.num_parameters), rng.uniform(0.5, 1.5, program.num_state)
    for executor in executors:
        executor.restore(*values)
    native, reference = (executor.observe(data, np.arange(2, 12), training=training, step=3) for executor in executors)
    assert native.values.keys() == reference.values.keys() == set(range(len(program.widths)))
    assert native.d_values.keys() == reference.d_values.keys() == {op.output for op in program.ops}
    for ours, theirs in ((native.values, reference.values), (native.d_values, reference.d_values)):
        for buffer, array in theirs.items():
            np.testing.assert_allclose(ours[buffer], array, **box.tolerance(dtype, 3.0), err_msg=str(buffer))
    np.testing.assert_allclose(native.gradient.vector, reference.gradient.vector, **box.tolerance(dtype, 3.0))
    np.testing.assert_allclose(native.gradient.losses, reference.gradient.losses, rtol=box.tolerance(dtype)["rtol"])
    assert native.gradient.weight_sum == pytest.approx(reference.gradient.weight_sum)


def test_the_gradient_is_that_of_the_first_half(box, make, program, data):
    executor = make(program, TrainingPlan(box.rules["gradient_descent"], seed=2))
    seen = executor.observe(data, np.arange(9), step=5).gradient
    first_half = executor.gradient(data, np.arange(9), 5)
    np.testing.assert_allclose(seen.vector, first_half.vector, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(seen.losses, first_half.losses, rtol=1e-13)
    np.testing.assert_allclose(seen.head_losses, first_half.head_losses, rtol=1e-13)


def test_outputs_are_those_of_a_prediction_where_nothing_is_trained(make, program, data):
    executor = make(program)
    seen = executor.observe(data, training=False)
    for buffer, expected in zip(program.outputs, executor.predict(data.inputs), strict=True):
        np.testing.assert_allclose(seen.values[buffer], expected, rtol=1e-12)


def test_a_gradient_of_a_buffer_is_a_central_difference(make, box):
    """Of the sums of the first layer: the loss as a function of the second layer's input."""
    builder = box.ProgramBuilder(3)
    sums = builder.dense(0, 4)
    program = builder.program(Head("squared_error", builder.dense(builder.activation(sums, "tanh"), 2), 2))
    executor, data = make(program), box.batches_for(program, 6, "float64")
    bias, seen = program.parameters[1].slice, executor.observe(data)
    w = executor.snapshot().parameters
    # a bias moves its column of the sums in every row alike
    for j in range(4):
        losses = []
        for sign in (1, -1):
            moved = w.copy()
            moved[bias][j] += sign * 1e-6
            executor.restore(moved)
            losses.append(executor.loss_and_gradient(data)[0])
        assert seen.d_values[sums][:, j].sum() == pytest.approx((losses[0] - losses[1]) / 2e-6, rel=1e-6, abs=1e-9)


def test_dropout_may_be_left_out(make, program, data):
    executor = make(program)
    rows = np.arange(10)
    (dropout,) = (op for op in program.ops if op.kind == "dropout")
    silent = executor.observe(data, rows).values
    assert (silent[dropout.output] != silent[dropout.inputs[0]]).any()
    kept = executor.observe(data, rows, dropout_rates=[0.0]).values
    np.testing.assert_array_equal(kept[dropout.output], kept[dropout.inputs[0]])


def test_without_targets_there_is_no_backward_pass(make, program, data):
    seen = make(program).observe(Batches(data.inputs))
    assert len(seen.values) == len(program.widths)
    assert seen.d_values == {}
    assert seen.gradient is None


def test_the_backward_pass_starts_where_the_caller_says(make, program, data):
    executor, given = make(program), []

    def d_outputs(outputs):
        given.extend(np.array(output) for output in outputs)
        return [np.ones_like(output) for output in outputs]

    seen = executor.observe(Batches(data.inputs), step=1, d_outputs=d_outputs)
    executor.forward(data.inputs, np.arange(14), 1)
    expected = executor.backward([np.ones((14, 2)), np.ones((14, 1))], 1)
    np.testing.assert_allclose(seen.gradient.vector, expected, rtol=1e-12, atol=1e-15)
    assert np.isnan(seen.gradient.losses).all()
    for buffer, output in zip(program.outputs, given, strict=True):
        np.testing.assert_array_equal(seen.values[buffer], output)
        np.testing.assert_array_equal(seen.d_values[buffer], np.ones_like(output))


def test_sparse_rows_are_seen_as_dense_ones(make, program, data):
    x = np.where(data.inputs[0] > 0, data.inputs[0], 0.0)
    dense, rows = Batches([x], data.targets), Batches([sparse.csr_array(x)], data.targets)
    executor = make(program)
    for buffer, array in executor.observe(dense).values.items():
        np.testing.assert_allclose(executor.observe(rows).values[buffer], array, rtol=1e-12)
