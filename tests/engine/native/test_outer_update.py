"""Steps of one row, whose update works out gradients for itself: the numbers are those of a gradient that is written down."""

import numpy as np
import pytest

from lamina.engine import Batches, Failure, Head, StepValues, TrainingPlan, _native


def _trained(box, program, dtype, rule, *, written_down, steps=7, decay=None, **choice):
    """An executor after some steps of one row. Norms are made of the gradient, which is then written down."""
    executor, _ = box.pair(program, dtype, **choice)
    executor.configure(TrainingPlan(rule, record_norms=written_down))
    values = StepValues(np.full(steps, 0.01), None if decay is None else np.full(steps, decay))
    result = executor.train(box.batches_for(program, steps, dtype), np.arange(steps), 1, 0, values)
    assert result.failure is None
    return executor, result


def _assert_same(one, other):
    np.testing.assert_array_equal(one[0].snapshot().parameters, other[0].snapshot().parameters)
    np.testing.assert_array_equal(one[0].snapshot().slots, other[0].snapshot().slots)
    np.testing.assert_array_equal(one[1].losses, other[1].losses)


@pytest.mark.parametrize("instruction_set", _native.instruction_sets())
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("decay", [None, 0.1], ids=["no decay", "decay"])
def test_the_bits_are_those_of_a_gradient_that_is_written_down(box, rule, decay, dtype, instruction_set):
    program = box.classifier(features=5, hidden=(32, 16, 20, 48), classes=3)
    choice = {"decay": decay, "instruction_set": instruction_set}
    left, written = (_trained(box, program, dtype, rule, written_down=w, **choice) for w in (False, True))
    _assert_same(left, written)


@pytest.mark.parametrize("n_threads", [2, 3])
def test_the_bits_are_those_of_one_thread(box, n_threads):
    program = box.classifier(features=70, hidden=(1024,))
    several, one = (_trained(box, program, "float32", box.rules["adam"], written_down=False, n_threads=n) for n in (n_threads, 1))
    _assert_same(several, one)


def test_weights_used_twice_with_a_penalty_or_out_of_reach_get_their_gradient(box):
    builder = box.ProgramBuilder(5)
    builder.dense(0, 16)  # which no head reads
    x = builder.dense(0, 16, l2=0.1)
    x = builder.combine("add", builder.dense(x, 32), builder.dense(x, 32))
    program = builder.program(Head("squared_error", builder.dense(x, 16), 16))
    twice = program.ops[3]._replace(parameters=program.ops[2].parameters)
    program = box.replace(program, ops=(*program.ops[:3], twice, *program.ops[4:]))
    left, written = (_trained(box, program, "float64", box.rules["momentum"], written_down=w) for w in (False, True))
    _assert_same(left, written)


@pytest.mark.parametrize("written_down", [False, True])
def test_a_gradient_that_overflows_is_found_before_any_weight_moves(box, written_down):
    builder = box.ProgramBuilder(2)
    program = builder.program(Head("squared_error", builder.dense(0, 16), 16))
    executor, _ = box.pair(program, "float32")
    executor.restore(parameters=np.full(executor.program.num_parameters, 0.0))
    executor.configure(TrainingPlan(box.rules["adam"], record_norms=written_down))
    x, target = np.float32([[1, 2], [1e25, 0]]), np.zeros((2, 16), np.float32)
    target[1, 3] = 1e15
    result = executor.train(Batches([x], [target]), np.arange(2), 1, 4, StepValues(np.full(2, 0.01)))
    assert result.failure == Failure(5, "dense_0", "gradient")
    np.testing.assert_array_equal(executor.snapshot().parameters, 0)


def test_a_layer_is_not_blamed_for_what_an_earlier_step_left_in_its_gradient(box):
    builder = box.ProgramBuilder(1)
    program = builder.program(Head("squared_error", builder.dense(builder.dense(0, 1, bias=False), 16, bias=False), 16))
    executor, _ = box.pair(program, "float32")
    executor.configure(TrainingPlan(box.rules["adam"]))
    target = np.zeros((1, 16), np.float32)
    target[0, 3] = 1e15
    data, values = Batches([np.float32([[1e25]])], [target]), StepValues(np.full(1, 0.01))
    for first_weight, layer in ((1, "dense_1"), (1e-25, "dense_0")):
        executor.restore(parameters=np.full(executor.program.num_parameters, 0.0))
        executor.views()[0][0] = first_weight
        executor.views()[0][1 + 3] = layer == "dense_0"
        assert executor.train(data, np.arange(1), 1, 0, values).failure == Failure(0, layer, "gradient")
