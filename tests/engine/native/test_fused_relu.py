"""Relu beside dense ops is done by their products where nothing else reads what is skipped; the numbers are the reference's."""

import numpy as np
import pytest
from scipy import sparse

from lamina.engine import Batches, Failure, Head, StepValues, TrainingPlan, UpdateRule

SQUARED = Head("squared_error", 0, 6)  # wider than what ops/narrow_dense.hpp takes


def _between(builder):
    return builder.dense(builder.activation(builder.dense(0, 19), "relu"), 6)


def _output_itself(builder):
    return builder.activation(builder.dense(0, 6), "relu")


def _input_read_twice(builder):
    first = builder.dense(0, 19)
    return builder.dense(builder.combine("add", builder.activation(first, "relu"), first), 6)


def _output_read_twice(builder):
    x = builder.activation(builder.dense(0, 19), "relu")
    return builder.combine("add", builder.dense(x, 6), builder.dense(x, 6))


def _after_normalization(builder):
    return builder.dense(builder.activation(builder.layer_norm(builder.dense(0, 19)), "relu"), 6)


def _before_dropout(builder):
    return builder.dense(builder.dropout(builder.activation(builder.dense(0, 19), "relu"), 0.3), 6)


def _of_the_input(builder):
    return builder.dense(builder.activation(0, "relu"), 6)


NETWORKS = [
    _between,
    _output_itself,
    _input_read_twice,
    _output_read_twice,
    _after_normalization,
    _before_dropout,
    _of_the_input,
]


@pytest.mark.parametrize("product", ["built_in", "blas"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("network", NETWORKS)
def test_loss_gradient_and_outputs_are_those_of_the_reference(box, network, dtype, product):
    builder = box.ProgramBuilder(11)
    logits = network(builder)
    program = builder.program(SQUARED._replace(logits=logits))
    data = box.batches_for(program, 37, dtype)
    native, reference = box.pair(program, dtype, product=product)
    for got, expected in zip(native.loss_and_gradient(data), reference.loss_and_gradient(data), strict=True):
        np.testing.assert_allclose(got, expected, **box.tolerance(dtype, 3.0))
    np.testing.assert_allclose(native.predict(data.inputs)[0], reference.predict(data.inputs)[0], **box.tolerance(dtype, 3.0))


def test_sparse_rows_pass_through_relu_too(box):
    builder = box.ProgramBuilder(11)
    program = builder.program(SQUARED._replace(logits=_between(builder)))
    dense = box.batches_for(program, 37, "float64")
    dense.inputs[0][np.abs(dense.inputs[0]) < 0.8] = 0
    native, reference = box.pair(program, "float64")
    got = native.loss_and_gradient(Batches([sparse.csr_array(dense.inputs[0])], dense.targets))
    np.testing.assert_allclose(got[1], reference.loss_and_gradient(dense)[1], **box.tolerance("float64"))


def test_what_is_not_finite_is_named_by_the_dense_layer(box):
    builder = box.ProgramBuilder(11)
    program = builder.program(SQUARED._replace(logits=_between(builder)))
    data = box.batches_for(program, 12, "float32")
    data.inputs[0][5, 3] = np.nan
    failures = []
    for executor in box.pair(program, "float32"):
        executor.configure(TrainingPlan(UpdateRule("adam", (0.9, 0.999, 1e-8), 2)))
        failures.append(executor.train(data, np.arange(12), 12, 1, StepValues(np.full(1, 0.01))).failure)
    assert failures == [Failure(1, "dense_0", "activation")] * 2
