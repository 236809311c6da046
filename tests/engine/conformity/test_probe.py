"""Probes of layers: every engine finds the same numbers, and changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from lamina.activations import ACTIVATIONS
from lamina.engine import Batches, Head
from lamina.engine.executor import Probe
from lamina.engine.native import NativeExecutor
from lamina.engine.reference import ReferenceExecutor


@pytest.fixture
def program(box):
    """Ops that are fused in training, dropout, both norms, a slope that is learned, a fan-out, several heads."""
    builder = box.ProgramBuilder(5)
    x = builder.activation(builder.batch_norm(builder.dense(0, 8, l2=0.1)), "relu")
    skip = builder.combine("add", x, builder.activation(builder.dense(builder.dropout(x, 0.25), 8), "tanh"))
    return builder.program(Head("squared_error", builder.dense(skip, 2), 2), Head("hinge", builder.dense(skip, 1), 1, weight=0.5))


def probes(program, data, dtype, scale=0.5):
    executors = NativeExecutor(program, dtype), ReferenceExecutor(program, dtype)
    rng = np.random.default_rng(0)
    values = scale * rng.normal(size=program.num_parameters), rng.uniform(0.5, 1.5, program.num_state)
    for executor in executors:
        executor.restore(*values)
    return [executor.probe(data) for executor in executors]


def assert_same(one, other, **tolerance):
    assert one[0] == pytest.approx(other[0], rel=tolerance["rtol"], nan_ok=True)
    for name, ours, theirs in zip(Probe._fields, one[1], other[1], strict=True):
        np.testing.assert_allclose(ours, theirs, **tolerance, err_msg=name)


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_engine_finds_the_same(box, program, dtype, weighted):
    data = box.batches_for(program, 14, dtype, weighted=weighted)
    assert_same(*probes(program, data, dtype), **box.tolerance(dtype, 3.0))


@pytest.mark.parametrize("rows", [1, 7, 300])
@pytest.mark.parametrize("function", ACTIVATIONS)
def test_every_activation_is_judged_alike(box, function, rows):
    builder = box.ProgramBuilder(3)
    settings = tuple(ACTIVATIONS[function].settings.values())
    out = builder.activation(builder.dense(0, 21), function, *settings)
    program = builder.program(Head("squared_error", builder.dense(out, 2), 2))
    data = box.batches_for(program, rows, "float64")
    assert_same(*probes(program, data, "float64", scale=0.4), rtol=1e-9, atol=1e-12)


def test_without_targets_there_are_no_gradients(box, make, program):
    data = box.batches_for(program, 14, "float64")
    loss, found = make(program).probe(Batches(data.inputs))
    _, whole = make(program).probe(data)
    assert np.isnan(loss)
    for name in Probe._fields:
        if "gradient" in name:
            assert np.isnan(getattr(found, name)).all()
        else:
            np.testing.assert_array_equal(getattr(found, name), getattr(whole, name))


def test_nothing_changes(box, make, program):
    executor, data = make(program), box.batches_for(program, 14, "float64")
    before = executor.snapshot()
    executor.probe(data)
    for array, expected in zip(executor.snapshot(), before, strict=True):
        np.testing.assert_array_equal(array, expected)


def test_sparse_rows_are_those_made_dense(box, make):
    builder = box.ProgramBuilder(6)
    program = builder.program(Head("squared_error", builder.dense(builder.activation(builder.dense(0, 4), "relu"), 2), 2))
    data = box.batches_for(program, 9, "float64")
    rows = np.where(np.random.default_rng(0).random((9, 6)) < 0.3, data.inputs[0], 0.0)
    executor = make(program)
    found = [executor.probe(Batches([x], data.targets)) for x in (rows, sparse.csr_array(rows))]
    assert_same(*found, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_counted(box, program, number):
    data = box.batches_for(program, 14, "float64")
    data.inputs[0][3, 2] = number
    ours, theirs = probes(program, data, "float64")
    np.testing.assert_array_equal(ours[1].non_finite, theirs[1].non_finite)
    np.testing.assert_array_equal(ours[1].histogram, theirs[1].histogram)
    assert ours[1].non_finite[0] > 0


def test_equal_units_are_counted_once(box, make):
    builder = box.ProgramBuilder(4)
    program = builder.program(Head("squared_error", builder.dense(builder.activation(builder.dense(0, 9), "tanh"), 2), 2))
    executor, weight = make(program), program.parameters[0]
    w = executor.snapshot().parameters
    units = w[weight.slice].reshape(weight.shape)
    units[:, 3] = units[:, 7] = units[:, 1] * (1 + 1e-5)
    executor.restore(w)
    assert executor.probe(box.batches_for(program, 5, "float64"))[1].distinct.tolist() == [7.0, 2.0]


def test_the_change_of_weights_is_a_norm_without_biases(make, program):
    executor = make(program)
    before = executor.snapshot().parameters
    after = before + np.arange(len(before))
    executor.restore(after)
    dense = [program.parameters[op.parameters[0]] for op in program.ops if op.kind == "dense"]
    expected = [np.linalg.norm(np.arange(len(before))[weight.slice]) for weight in dense]
    found = executor.weight_change(before)
    np.testing.assert_allclose(found[~np.isnan(found)], expected)
