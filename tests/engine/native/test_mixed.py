"""Mixed precision: both engines train by the same rounded products; what is not a product stays as it is."""

import numpy as np
import pytest
from scipy import sparse
from tests.engine.native.mixed_programs import LARGE, PROGRAMS, squared_error

from lamina.engine import Batches, StepValues, TrainingPlan, UpdateRule, _native
from lamina.engine.native import NativeExecutor
from lamina.engine.perturbation import PerturbationRule
from lamina.engine.plan import Clipping

ADAM = UpdateRule("adam", (0.9, 0.999, 1e-8), 2)
MIXED = TrainingPlan(ADAM, mixed=True)
ROUNDOFF = 2.0**-8  # of bfloat16
_EACH = pytest.mark.parametrize("instruction_set", _native.instruction_sets())


@pytest.fixture(params=PROGRAMS)
def program(request, box):
    return PROGRAMS[request.param](box)


def _gradient(executor, data, *, mixed):
    executor.configure(TrainingPlan(ADAM, mixed=mixed))
    loss, gradient = executor.loss_and_gradient(data)
    return loss, np.asarray(gradient)


def _distance(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)


@_EACH
def test_both_engines_find_the_same_gradient(box, program, instruction_set):
    data = box.batches_for(program, 37, "float32")
    native, reference = box.pair(program, "float32", instruction_set=instruction_set)
    loss, gradient = _gradient(native, data, mixed=True)
    expected_loss, expected = _gradient(reference, data, mixed=True)
    # Where engines differ by a bit, a number may be rounded the other way.
    assert loss == pytest.approx(expected_loss, rel=1e-5)
    assert _distance(gradient, expected) < 0.03 * ROUNDOFF
    assert _distance(gradient, _gradient(reference, data, mixed=False)[1]) > 0.1 * ROUNDOFF


@_EACH
def test_each_product_is_off_by_the_rounding_of_its_two_operands_at_most(box, program, instruction_set):
    data = box.batches_for(program, 37, "float32")
    native, _ = box.pair(program, "float32", instruction_set=instruction_set)
    native.configure(MIXED)
    seen, parameters = native.observe(data), native.snapshot().parameters
    most = 2 * ROUNDOFF + ROUNDOFF**2 + 1e-5  # and that of sums in float32
    for op in program.ops:
        if op.kind != "dense":
            continue
        part = program.parameters[op.parameters[0]]
        weight, found = (vector[part.slice].reshape(part.shape) for vector in (parameters, seen.gradient.vector))
        x = seen.values[op.inputs[0]].reshape(-1, part.shape[0])
        out, d_out = (arrays[op.output].reshape(-1, part.shape[1]) for arrays in (seen.values, seen.d_values))
        bias = parameters[program.parameters[op.parameters[1]].slice] if len(op.parameters) > 1 else 0.0
        assert np.all(np.abs(out - (x @ weight + bias)) <= most * (np.abs(x) @ np.abs(weight) + np.abs(bias)))
        assert np.all(np.abs(found - x.T @ d_out) <= most * (np.abs(x).T @ np.abs(d_out)))


@_EACH
@pytest.mark.parametrize("function", ["tanh", "gelu", "softplus"])
@pytest.mark.parametrize("hidden", [(40,), (70, 33), (30, 30, 30, 30)], ids=len)
def test_gradients_of_smooth_networks_are_off_by_the_rounding_on_their_way(box, function, hidden, instruction_set):
    # At most two products a layer lie on the way of a gradient, each of two operands that are off by 2^-8 of their size.
    program = box.classifier(19, hidden, 7, function)
    for seed in range(5):
        data = box.batches_for(program, 64, "float32", seed=seed)
        native, _ = box.pair(program, "float32", instruction_set=instruction_set, seed=seed)
        mixed, full = (_gradient(native, data, mixed=mixed)[1] for mixed in (True, False))
        assert _distance(mixed, full) <= 4 * (len(hidden) + 1) * ROUNDOFF


@_EACH
@pytest.mark.parametrize("rows", [1, 37])
def test_ten_steps_are_those_of_the_reference(box, program, instruction_set, rows):
    data = box.batches_for(program, 10 * rows, "float32")
    results = []
    for executor in box.pair(program, "float32", instruction_set=instruction_set):
        executor.configure(MIXED)
        values = StepValues(np.full(10, 1e-3))
        result = executor.train(data, np.arange(10 * rows), rows, 0, values)
        results.append((result.losses, np.asarray(executor.snapshot().parameters)))
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-3)
    np.testing.assert_allclose(results[0][1], results[1][1], atol=2e-3)
    assert _distance(results[0][1], results[1][1]) < 1e-3


@_EACH
def test_sparse_rows_are_multiplied_in_full_and_all_behind_them_is_not(box, instruction_set):
    program = PROGRAMS["narrow"](box)
    data = box.batches_for(program, 40, "float32")
    rows = np.where(data.inputs[0] > 0.5, data.inputs[0], np.float32(0))
    data = Batches([sparse.csr_array(rows)], data.targets)
    native, reference = box.pair(program, "float32", instruction_set=instruction_set)
    found, expected = (_gradient(executor, data, mixed=True)[1] for executor in (native, reference))
    assert _distance(found, expected) < 0.03 * ROUNDOFF


@_EACH
@pytest.mark.parametrize("make", LARGE.values(), ids=LARGE)
def test_any_number_of_threads_gives_the_same_bits(box, make, instruction_set):
    program = make(box)
    data = box.batches_for(program, 400, "float32")
    found = []
    for threads in (1, 2, 5):
        native, _ = box.pair(program, "float32", n_threads=threads, instruction_set=instruction_set)
        native.configure(MIXED)
        result = native.train(data, np.arange(400), 150, 0, StepValues(np.full(3, 1e-3)))
        found.append((*result.losses.tolist(), *native.snapshot().parameters.tolist()))
    assert found[0] == found[1] == found[2]


def test_members_of_many_rows_go_through_in_pieces_with_the_same_weights(box):
    builder = box.ProgramBuilder(30)
    x = builder.activation(builder.dense(builder.repeat(0, 32), 512, copies=32), "relu")
    program = squared_error(builder, builder.grouped_dense(x, 6, 32), members=32)
    data = box.batches_for(program, 24, "float32")
    native, reference = box.pair(program, "float32")
    plan = TrainingPlan(ADAM, mixed=True, record_norms=True)
    norms = []
    for executor in (native, reference):
        executor.configure(plan)
        norms.append(executor.train(data, np.arange(24), 24, 0, StepValues(np.full(1, 1e-3))).gradient_norms)
    np.testing.assert_allclose(*norms, rtol=1e-4)


@_EACH
def test_predictions_and_measured_losses_stay_full(box, program, instruction_set):
    data = box.batches_for(program, 37, "float32")
    native, _ = box.pair(program, "float32", instruction_set=instruction_set)
    expected = native.predict(data.inputs), native.evaluate(data)
    native.configure(MIXED)
    np.testing.assert_array_equal(native.predict(data.inputs), expected[0])
    np.testing.assert_array_equal(native.evaluate(data), expected[1])


def test_probes_measure_in_full_precision(box, program):
    data = box.batches_for(program, 37, "float32")
    for executor in box.pair(program, "float32"):
        expected = executor.probe(data)
        executor.configure(MIXED)
        for found, full in zip(executor.probe(data), expected, strict=True):
            np.testing.assert_equal(found, full)


@_EACH
def test_full_precision_is_not_changed_by_a_mixed_step_before(box, program, instruction_set):
    data = box.batches_for(program, 37, "float32")
    native, _ = box.pair(program, "float32", instruction_set=instruction_set)
    before = _gradient(native, data, mixed=False)
    _gradient(native, data, mixed=True)
    after = _gradient(native, data, mixed=False)
    assert before[0] == after[0]
    np.testing.assert_array_equal(before[1], after[1])


@_EACH
@pytest.mark.parametrize("halves", [True, False])
def test_a_step_in_two_halves_is_the_whole_step(box, program, instruction_set, halves):
    data = box.batches_for(program, 20, "float32")
    native, twin = (box.pair(program, "float32", instruction_set=instruction_set)[0] for _ in range(2))
    plan = TrainingPlan(ADAM, Clipping(norm=0.5) if halves else Clipping(), mixed=True)
    for executor in (native, twin):
        executor.configure(plan)
    native.train(data, np.arange(20), 20, 0, StepValues(np.full(1, 1e-3)))
    twin.update(twin.gradient(data, np.arange(20), 0), 0, 1e-3)
    np.testing.assert_array_equal(native.snapshot().parameters, twin.snapshot().parameters)


@_EACH
def test_operands_that_round_to_infinity_are_found_as_an_activation(box, instruction_set):
    program = PROGRAMS["deep"](box)
    data = box.batches_for(program, 12, "float32")
    data.inputs[0][5, 3] = 3.4e38  # finite, but nearer to infinity in bfloat16
    for executor in box.pair(program, "float32", instruction_set=instruction_set):
        executor.configure(MIXED)
        before = executor.snapshot().parameters
        failure = executor.train(data, np.arange(12), 12, 0, StepValues(np.full(1, 1e-3))).failure
        assert failure is not None
        assert failure.quantity == "activation"
        assert failure.layer == program.ops[0].layer
        np.testing.assert_array_equal(executor.snapshot().parameters, before)


def test_mixed_precision_is_refused_in_float64(box):
    for executor in box.pair(PROGRAMS["deep"](box), "float64"):
        with pytest.raises(ValueError, match=r"precision must be 'full' with float64.*Use dtype=\"float32\""):
            executor.configure(MIXED)


def test_weights_that_are_perturbed_one_by_one_are_not_rounded(box):

    program = PROGRAMS["deep"](box)
    data = box.batches_for(program, 12, "float32")
    losses = []
    for mixed in (True, False):
        native = box.pair(program, "float32")[0]
        native.configure(MIXED._replace(mixed=mixed))
        rule = PerturbationRule("one", trials=4, scale=0.1)
        losses.append(native.perturb(data, np.arange(12), 12, 0, StepValues(np.full(1, 0.1)), rule).losses)
    np.testing.assert_array_equal(*losses)


def test_an_executor_makes_room_for_batches_of_other_sizes(box):
    program = PROGRAMS["members"](box)
    executor = NativeExecutor(program, "float32")
    executor.configure(MIXED)
    for rows in (3, 200, 17):
        data = box.batches_for(program, rows, "float32")
        assert np.isfinite(executor.train(data, np.arange(rows), rows, 0, StepValues(np.full(1, 1e-3))).losses).all()
