"""Dense ops with few outputs go back in one pass, with the bias below; the numbers are the reference's."""

import numpy as np
import pytest

from lamina.engine import Failure, Head, StepValues, TrainingPlan, UpdateRule

ADAM = TrainingPlan(UpdateRule("adam", (0.9, 0.999, 1e-8), 2))


def _above_relu(builder, outputs):
    return builder.dense(builder.activation(builder.dense(0, 37), "relu"), outputs)


def _above_tanh(builder, outputs):
    return builder.dense(builder.activation(builder.dense(0, 37), "tanh"), outputs)


def _above_dense(builder, outputs):
    return builder.dense(builder.dense(0, 37), outputs)


def _above_dense_without_bias(builder, outputs):
    return builder.dense(builder.activation(builder.dense(0, 37, bias=False), "relu"), outputs, bias=False)


def _above_sum(builder, outputs):
    x = builder.combine("add", builder.dense(0, 37), builder.dense(0, 37))
    return builder.dense(builder.activation(x, "relu"), outputs)


def _above_narrow(builder, outputs):
    x = builder.activation(builder.dense(0, 4), "relu")
    return builder.dense(builder.activation(builder.dense(x, 3), "relu"), outputs)


def _beside_another(builder, outputs):
    x = builder.dense(0, 37)
    return builder.combine("add", builder.dense(x, outputs), builder.dense(builder.activation(x, "relu"), outputs))


def _of_the_input(builder, outputs):
    return builder.dense(builder.activation(0, "relu"), outputs)


NETWORKS = [
    _above_relu,
    _above_tanh,
    _above_dense,
    _above_dense_without_bias,
    _above_sum,
    _above_narrow,
    _beside_another,
    _of_the_input,
]


def _program(box, network, outputs):
    builder = box.ProgramBuilder(11)
    logits = network(builder, outputs)
    return builder.program(Head("squared_error", logits, outputs))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("outputs", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("network", NETWORKS)
def test_loss_and_gradient_are_those_of_the_reference(box, network, outputs, dtype):
    program = _program(box, network, outputs)
    data = box.batches_for(program, 23, dtype, weighted=True)
    native, reference = box.pair(program, dtype)
    for got, expected in zip(native.loss_and_gradient(data), reference.loss_and_gradient(data), strict=True):
        np.testing.assert_allclose(got, expected, **box.tolerance(dtype, 3.0))


@pytest.mark.parametrize("network", NETWORKS)
def test_steps_are_those_of_the_reference(box, network):
    program = _program(box, network, 2)
    data = box.batches_for(program, 50, "float64")
    parameters = []
    for executor in box.pair(program, "float64"):
        executor.configure(ADAM)
        executor.train(data, np.arange(50), 8, 0, StepValues(np.full(7, 0.01)))
        parameters.append(executor.snapshot().parameters)
    np.testing.assert_allclose(*parameters, **box.tolerance("float64", 1e4))


def _shared(box):
    """Two inputs through the same two dense layers: every parameter of theirs has two ops."""
    builder = box.ProgramBuilder(11, 11)
    logits = [builder.dense(builder.activation(builder.dense(x, 37), "relu"), 2) for x in (0, 1)]
    for op, twin in ((0, 3), (2, 5)):
        builder.ops[twin] = builder.ops[twin]._replace(parameters=builder.ops[op].parameters)
    return builder.program(*[Head("squared_error", x, 2) for x in logits])


def test_shared_parameters_add_up(box):
    program = _shared(box)
    data = box.batches_for(program, 23, "float64")
    native, reference = box.pair(program, "float64")
    np.testing.assert_allclose(
        native.loss_and_gradient(data)[1], reference.loss_and_gradient(data)[1], **box.tolerance("float64", 3.0)
    )


def test_many_columns_give_the_same_bits_on_any_number_of_threads(box):
    builder = box.ProgramBuilder(11)
    program = builder.program(Head("squared_error", builder.dense(builder.activation(builder.dense(0, 333), "relu"), 2), 2))
    data = box.batches_for(program, 400, "float32")
    gradients = [box.pair(program, "float32", n_threads=n)[0].loss_and_gradient(data)[1] for n in (1, 2, 3)]
    np.testing.assert_array_equal(gradients[0], gradients[1])
    np.testing.assert_array_equal(gradients[0], gradients[2])
    expected = box.pair(program, "float32")[1].loss_and_gradient(data)[1]
    np.testing.assert_allclose(gradients[0], expected, **box.tolerance("float32", 20.0))


def test_a_gradient_that_overflows_is_not_taken_for_the_activation_whose_place_it_took(box):
    builder = box.ProgramBuilder(1)
    hidden = builder.activation(builder.dense(0, 1, bias=False), "relu")
    program = builder.program(Head("absolute_error", builder.dense(hidden, 2, bias=False), 2))
    data = box.batches_for(program, 1, "float32")
    data.inputs[0][:] = 10
    data.targets[0][:] = 0
    for executor in box.pair(program, "float32"):
        executor.configure(ADAM)
        executor.restore(parameters=np.array([2e-38, 3e38, 3e38]))
        result = executor.train(data, np.zeros(1, np.int64), 1, 0, StepValues(np.ones(1)))
        assert result.failure == Failure(0, "dense_0", "gradient")
        np.testing.assert_array_equal(executor.snapshot().parameters, np.float32([2e-38, 3e38, 3e38]))
