"""Predictions in mixed precision: both engines multiply by the same rule, whatever the plan says, and nothing remembers it."""

import numpy as np
import pytest
from scipy import sparse
from tests.engine.native.mixed_programs import LARGE, PROGRAMS

from lamina.engine import StepValues, TrainingPlan, UpdateRule, _native
from lamina.engine.native import NativeExecutor

DESCENT = UpdateRule("gradient_descent", (), 0)
ROUNDOFF = 2.0**-8  # of bfloat16
_EACH = pytest.mark.parametrize("instruction_set", _native.instruction_sets())


@pytest.fixture(params=PROGRAMS)
def program(request, box):
    return PROGRAMS[request.param](box)


def _distance(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)


def _mixed(executor, inputs, links=None):
    return np.asarray(executor.predict(inputs, links, mixed=True)[0])


def _train(executor, data, plan, step=0):
    executor.configure(plan)
    executor.train(data, np.arange(data.num_rows), data.num_rows, step, StepValues(np.full(1, 0.01)))


@_EACH
@pytest.mark.parametrize("links", [None, ["tanh"]], ids=["logits", "linked"])
def test_both_engines_predict_the_same(box, program, instruction_set, links):
    inputs = box.batches_for(program, 37, "float32").inputs
    native, reference = box.pair(program, "float32", instruction_set=instruction_set)
    found, expected = (_mixed(executor, inputs, links) for executor in (native, reference))
    full = native.predict(inputs, links)[0]
    # Where engines differ by a bit, a number may be rounded the other way.
    assert _distance(found, expected) < 0.03 * ROUNDOFF
    assert 0.1 * ROUNDOFF < _distance(found, full) < 4 * len(program.ops) * ROUNDOFF


@_EACH
def test_a_product_is_off_by_the_rounding_of_its_two_operands_at_most(box, instruction_set):
    program = box.classifier(features=70, hidden=(), classes=9)
    (x,) = box.batches_for(program, 50, "float32").inputs
    native, _ = box.pair(program, "float32", instruction_set=instruction_set)
    parameters = native.snapshot().parameters
    weight, bias = (parameters[part.slice].reshape(part.shape) for part in program.parameters)
    most = (2 * ROUNDOFF + ROUNDOFF**2 + 1e-5) * (np.abs(x) @ np.abs(weight) + np.abs(bias))
    assert np.all(np.abs(_mixed(native, [x]) - (x @ weight + bias)) <= most)


@_EACH
def test_a_layer_of_few_outputs_is_not_rounded(box, instruction_set):
    program = box.classifier(features=70, hidden=(), classes=4)
    (x,) = box.batches_for(program, 50, "float32").inputs
    for executor in box.pair(program, "float32", instruction_set=instruction_set):
        np.testing.assert_array_equal(_mixed(executor, [x]), executor.predict([x])[0])


@_EACH
def test_sparse_rows_are_multiplied_in_full_and_all_behind_them_is_not(box, instruction_set):
    program = PROGRAMS["narrow"](box)
    rows = box.batches_for(program, 40, "float32").inputs[0]
    inputs = [sparse.csr_array(np.where(rows > 0.5, rows, np.float32(0)))]
    native, reference = box.pair(program, "float32", instruction_set=instruction_set)
    assert _distance(_mixed(native, inputs), _mixed(reference, inputs)) < 0.03 * ROUNDOFF
    assert _distance(_mixed(native, inputs), native.predict(inputs)[0]) > 0.1 * ROUNDOFF


@_EACH
@pytest.mark.parametrize("make", LARGE.values(), ids=LARGE)
def test_any_number_of_threads_gives_the_same_bits(box, make, instruction_set):
    program = make(box)
    inputs = box.batches_for(program, 3000, "float32").inputs
    executors = [box.pair(program, "float32", n_threads=threads, instruction_set=instruction_set)[0] for threads in (1, 2, 5)]
    for rows in (3000, 40):  # in many pieces, and in two
        found = [_mixed(executor, [inputs[0][:rows]]) for executor in executors]
        np.testing.assert_array_equal(found[1], found[0])
        np.testing.assert_array_equal(found[2], found[0])


@_EACH
def test_a_row_is_predicted_alone_as_among_others(box, program, instruction_set):
    inputs = box.batches_for(program, 600, "float32").inputs
    native, _ = box.pair(program, "float32", instruction_set=instruction_set)
    together = _mixed(native, inputs)
    alone = np.concatenate([_mixed(native, [x[i : i + 1] for x in inputs]) for i in range(0, 600, 7)])
    assert _distance(alone, together[::7]) < 0.03 * ROUNDOFF


@_EACH
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("trains_mixed", [True, False])
def test_each_call_multiplies_with_the_weights_of_the_moment(box, program, instruction_set, threads, trains_mixed):
    data, plan = box.batches_for(program, 1500, "float32"), TrainingPlan(DESCENT, mixed=trains_mixed)
    native, fresh = (box.pair(program, "float32", n_threads=threads, instruction_set=instruction_set)[0] for _ in range(2))
    before = _mixed(native, data.inputs)
    _train(native, data, plan)
    after = _mixed(native, data.inputs)
    fresh.restore(native.snapshot().parameters)
    np.testing.assert_array_equal(after, _mixed(fresh, data.inputs))
    assert not np.array_equal(after, before)
    native.views()[0][...] *= 0.5
    assert not np.array_equal(_mixed(native, data.inputs), after)


@_EACH
@pytest.mark.parametrize("plan", [TrainingPlan(DESCENT), TrainingPlan(DESCENT, mixed=True)], ids=["full", "mixed"])
def test_neither_the_plan_nor_a_call_before_changes_a_prediction(box, program, instruction_set, plan):
    data = box.batches_for(program, 37, "float32")
    native, _ = box.pair(program, "float32", instruction_set=instruction_set)
    full, mixed, losses = native.predict(data.inputs)[0], _mixed(native, data.inputs), native.evaluate(data)
    native.configure(plan)
    np.testing.assert_array_equal(native.predict(data.inputs)[0], full)
    np.testing.assert_array_equal(native.evaluate(data), losses)
    np.testing.assert_array_equal(_mixed(native, data.inputs), mixed)


@_EACH
def test_a_prediction_within_a_step_does_not_disturb_it(box, program, instruction_set):
    data = box.batches_for(program, 20, "float32")
    alone, asked = (box.pair(program, "float32", instruction_set=instruction_set)[0] for _ in range(2))
    gradients = []
    for executor in (alone, asked):
        executor.configure(TrainingPlan(DESCENT, mixed=True))
        outputs = executor.forward(data.inputs, np.arange(20), 0)
        if executor is asked:
            _mixed(executor, [x[:5] for x in data.inputs])
        gradients.append(executor.backward(outputs, 0))
    np.testing.assert_array_equal(*gradients)


def test_calls_of_any_size_follow_each_other(box, program):
    executor = NativeExecutor(program, "float32")
    executor.restore(np.random.default_rng(0).normal(size=program.num_parameters))
    (rows,) = box.batches_for(program, 5000, "float32").inputs
    expected = _mixed(executor, [rows])
    for count in (3, 5000, 17, 0):
        assert _distance(np.append(_mixed(executor, [rows[:count]]), 1.0), np.append(expected[:count], 1.0)) < 0.03 * ROUNDOFF
