"""What an executor remembers: handed out as copies, taken back whole or in parts, and shown to users in place."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.engine import Batches, Head, TrainingPlan
from lamina.errors import ShapeError


@pytest.fixture
def program(box):
    builder = box.ProgramBuilder(3)
    return builder.program(Head("squared_error", builder.dense(builder.batch_norm(builder.dense(0, 4)), 2), 2))


@pytest.fixture
def trained(box, make, rates, program):
    """An executor after two steps, and how to go on."""
    executor, data = make(program, TrainingPlan(box.rules["adam"])), box.batches_for(program, 12, "float64")

    def go_on(first_step=2, steps=4):
        return executor.train(data, np.arange(3 * steps), 3, first_step, rates(steps)).losses

    go_on(0, 2)
    return executor, go_on


def test_a_snapshot_brings_everything_back(trained):
    executor, go_on = trained
    before = executor.snapshot()
    losses = go_on()
    assert all((new != old).any() for new, old in zip(executor.snapshot(), before, strict=True))
    executor.restore(*before)
    np.testing.assert_array_equal(go_on(), losses)


def test_a_snapshot_is_a_copy_in_both_directions(trained):
    executor, go_on = trained
    taken = executor.snapshot()
    kept = [np.array(array) for array in taken]
    go_on()
    for array, expected in zip(taken, kept, strict=True):
        np.testing.assert_array_equal(array, expected)
    executor.restore(*taken)
    for array in taken:
        array[...] = -1.0
    for array, expected in zip(executor.snapshot(), kept, strict=True):
        np.testing.assert_array_equal(array, expected)


def test_a_snapshot_goes_into_arrays_that_are_there(trained):
    executor, _ = trained
    expected = executor.snapshot()
    room = [np.full_like(array, 7.0) for array in expected]
    executor.copy_into(*room)
    for array, kept in zip(room, expected, strict=True):
        np.testing.assert_array_equal(array, kept)


@pytest.mark.parametrize("name", ["parameters", "state", "slots"])
def test_a_part_is_restored_alone(trained, name):
    executor, _ = trained
    before = executor.snapshot()
    other = np.linspace(1, 2, getattr(before, name).size).reshape(getattr(before, name).shape)
    executor.restore(**{name: other})
    for part, array in executor.snapshot()._asdict().items():
        np.testing.assert_array_equal(array, other if part == name else getattr(before, part))


@pytest.mark.parametrize("name", ["parameters", "state", "slots"])
def test_an_array_of_another_shape_is_refused_and_nothing_changes(trained, name):
    executor, _ = trained
    before = executor.snapshot()
    given = {part: np.zeros_like(array) for part, array in before._asdict().items()} | {name: np.zeros((7, 7))}
    with pytest.raises(ShapeError, match=f"{name} must be an array of shape"):
        executor.restore(**given)
    for array, expected in zip(executor.snapshot(), before, strict=True):
        np.testing.assert_array_equal(array, expected)


def test_numbers_are_of_the_executors_dtype(box, make):
    executor = make(box.classifier(), TrainingPlan(box.rules["adam"]), dtype="float32")
    executor.restore(parameters=np.full(executor.program.num_parameters, 0.1))
    assert {array.dtype for array in executor.snapshot()} == {np.dtype(np.float32)}


def test_views_show_the_model_and_change_it(trained, program):
    executor, go_on = trained
    parameters, state = executor.views()
    go_on()
    np.testing.assert_array_equal(parameters, executor.snapshot().parameters)
    np.testing.assert_array_equal(state, executor.snapshot().state)
    parameters[...] = 0.0
    parameters[program.parameters[-1].slice] = [5.0, 6.0]
    assert executor.predict([np.ones((1, 3))])[0].tolist() == [[5.0, 6.0]]
    assert executor.evaluate(Batches([np.ones((1, 3))], [np.array([[5.0, 6.0]])])).tolist() == [0.0]
