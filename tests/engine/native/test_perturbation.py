"""Perturbed weights (rows L8, L9 of the lecture): the engine that reuses the forward pass ends where whole passes end."""

import numpy as np
import pytest
from scipy import sparse

from lamina.engine import Batches, Clipping, Head, StepValues, TrainingPlan, UpdateRule
from lamina.engine.perturbation import PerturbationRule
from lamina.engine.reference.perturbation import draw_changes, draw_signs

GRADIENT_DESCENT = UpdateRule("gradient_descent", (), 0)
RULES = {
    "one": PerturbationRule("one", trials=60),
    "one, ties kept": PerturbationRule("one", trials=60, accept_ties=True),
    "all": PerturbationRule("all", trials=1, scale=0.01),
    "all, means of three": PerturbationRule("all", trials=3, scale=0.01),
    "all, one-sided": PerturbationRule("all", trials=2, scale=0.01, antithetic=False),
}
DENSE_FUNCTIONS = ("tanh", "relu", "step", "sigmoid", "softmax", "gelu")


def graph(box):
    """Every op that columns pass through: skips, products, joins, normalizations, softmax within."""
    b = box.ProgramBuilder(5, 3)
    left = b.parametric_activation(b.dense(0, 6), "tanh")
    right = b.scale(b.prelu(b.batch_norm(b.dense(1, 6, bias=False))))
    both = b.combine("average", b.combine("add", left, right, left), b.combine("subtract", right, left))
    gate = b.activation(b.layer_norm(b.dense(both, 6)), "softmax")
    mixed = b.combine("multiply", both, gate)
    joined = b.combine("concat", mixed, left, 1)
    # no biases below batch norm: they change nothing, and rounding would decide about them
    top = b.activation(b.batch_norm(b.dense(joined, 4, bias=False), affine=False), "relu")
    outputs = (b.dense(top, 3, l2=0.01, l1=0.002), b.dense(b.combine("concat", top, top), 1, max_norm=0.5))
    return b.program(Head("softmax_cross_entropy", outputs[0], 1, (0.0,)), Head("squared_error", outputs[1], 1, (), 0.5))


def agree(native, reference, results, dtype, box):
    tolerance = box.tolerance(dtype, 20.0)
    first, second = results
    assert first.num_kept == second.num_kept
    np.testing.assert_allclose(first.losses, second.losses, **tolerance)
    np.testing.assert_allclose(first.objectives, second.objectives, **tolerance)
    np.testing.assert_allclose(native.snapshot().parameters, reference.snapshot().parameters, **tolerance)
    np.testing.assert_allclose(native.snapshot().state, reference.snapshot().state, **tolerance)


def train_both(executors, data, rule, *, steps=4, rows=30, rate=0.05, objective=None, plan=None):
    results = []
    order = np.random.default_rng(7).permutation(data.num_rows)[: steps * rows].astype(np.int64)
    for executor in executors:
        executor.configure(plan or TrainingPlan(GRADIENT_DESCENT, seed=11, penalty_per_row=True))
        results.append(executor.perturb(data, order, rows, 2, StepValues(np.linspace(rate, rate / 2, steps)), rule, objective))
    return results


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("rule", list(RULES))
def test_l8_l9_a_graph_of_every_op_ends_where_the_reference_ends(box, rule, weighted):
    program = graph(box)
    executors = box.pair(program, "float64")
    before = executors[0].snapshot().parameters
    results = train_both(executors, box.batches_for(program, 121, "float64", weighted=weighted), RULES[rule])
    agree(*executors, results, "float64", box)
    assert np.any(executors[0].snapshot().parameters != before)


@pytest.mark.parametrize("function", DENSE_FUNCTIONS)
def test_l8_one_weight_at_a_time_equals_the_reference_for_every_kind_of_activation(box, function):
    program = box.classifier(7, (9, 8), 3, function)
    executors = box.pair(program, "float64")
    # These numbers hold no ties: with step, objectives may be equal but for rounding, and the change is then kept or not.
    data = box.batches_for(program, 120, "float64", seed=3)
    agree(*executors, train_both(executors, data, RULES["one"], rate=1.0), "float64", box)


def test_l8_kept_changes_lower_the_loss_and_the_reused_forward_pass_knows_it(box):
    program = box.classifier(7, (9, 8), 3, "tanh")
    data = box.batches_for(program, 50, "float64")
    (native, _) = box.pair(program, "float64")
    native.configure(TrainingPlan(GRADIENT_DESCENT))
    result = native.perturb(data, np.tile(np.arange(50), 10), 50, 0, StepValues(np.full(10, 0.5)), RULES["one"])
    assert np.all(np.diff(result.losses) < 0)
    assert 10 < result.num_kept < 600


def test_l9_float32_follows_the_reference(box):
    program = box.classifier(7, (9,), 3, "tanh")
    executors = box.pair(program, "float32")
    rule = PerturbationRule("all", trials=2, scale=0.25)  # differences of a small change are mostly rounding in float32
    results = train_both(executors, box.batches_for(program, 120, "float32"), rule)
    np.testing.assert_allclose(executors[0].snapshot().parameters, executors[1].snapshot().parameters, atol=1e-5)
    np.testing.assert_allclose(results[0].losses, results[1].losses, rtol=1e-5)


def test_l9_the_mean_over_many_draws_is_the_gradient(box):
    program = box.classifier(3, (4,), 2, "tanh")
    data = box.batches_for(program, 40, "float64")
    (native, _) = box.pair(program, "float64")
    native.configure(TrainingPlan(GRADIENT_DESCENT))
    _, gradient = native.loss_and_gradient(data)
    before = native.snapshot().parameters
    native.perturb(data, np.arange(40), 40, 0, StepValues(np.ones(1)), PerturbationRule("all", trials=20000, scale=1e-4))
    np.testing.assert_allclose(before - native.snapshot().parameters, gradient, atol=0.03 * np.linalg.norm(gradient))


def test_sparse_rows_give_the_numbers_of_dense_ones(box):
    program = box.classifier(7, (9,), 3, "tanh")
    dense = box.batches_for(program, 60, "float64")
    dense.inputs[0][np.abs(dense.inputs[0]) < 0.8] = 0
    for rule in ("one", "all"):
        executors = [box.pair(program, "float64")[0] for _ in range(2)]
        for executor, x in zip(executors, (dense.inputs[0], sparse.csr_array(dense.inputs[0])), strict=True):
            executor.configure(TrainingPlan(GRADIENT_DESCENT))
            executor.perturb(Batches([x], dense.targets), np.arange(60), 30, 0, StepValues(np.full(2, 0.1)), RULES[rule])
        np.testing.assert_allclose(executors[0].snapshot().parameters, executors[1].snapshot().parameters, rtol=1e-10, atol=1e-12)


def test_clipping_bounds_the_estimated_gradient(box):
    program = box.classifier(7, (9,), 3, "tanh")
    executors = box.pair(program, "float64")
    before = executors[0].snapshot().parameters
    plan = TrainingPlan(GRADIENT_DESCENT, Clipping(norm=1e-3))
    results = train_both(executors, box.batches_for(program, 60, "float64"), RULES["all"], steps=1, rate=1.0, plan=plan)
    agree(*executors, results, "float64", box)
    assert results[0].num_clipped == 1
    assert np.linalg.norm(executors[0].snapshot().parameters - before) == pytest.approx(1e-3)


@pytest.mark.parametrize("rule", ["one, ties kept", "all, one-sided"])
def test_an_objective_of_the_callers_is_lowered_in_place_of_the_loss(box, rule):
    program = box.classifier(7, (9,), 3, "step")
    data = box.batches_for(program, 90, "float64")

    def errors(outputs, rows):
        assert outputs[0].shape == (len(rows), 3)
        return float(np.mean(outputs[0].argmax(axis=1) != data.targets[0][rows, 0]))

    executors = box.pair(program, "float64")
    results = train_both(executors, data, RULES[rule], steps=3, objective=errors)
    agree(*executors, results, "float64", box)
    assert np.all(results[0].losses != results[0].objectives)


@pytest.mark.parametrize("rule", ["one", "all"])
def test_an_objective_that_raises_leaves_the_weights_of_the_step_before(box, rule):
    program = box.classifier(7, (9,), 3)
    data = box.batches_for(program, 30, "float64")
    for executor in box.pair(program, "float64"):
        before, calls = executor.snapshot().parameters, []

        def fail(outputs, rows, calls=calls):
            calls.append(len(rows))
            if len(calls) == 2:
                raise RuntimeError("no opinion")
            return 1.0

        executor.configure(TrainingPlan(GRADIENT_DESCENT))
        with pytest.raises(RuntimeError, match="no opinion"):
            executor.perturb(data, np.arange(30), 30, 0, StepValues(np.ones(1)), RULES[rule], fail)
        np.testing.assert_array_equal(executor.snapshot().parameters, before)


def test_an_objective_may_predict_with_the_executor_that_calls_it(box):
    program = box.classifier(7, (9,), 3)
    data = box.batches_for(program, 30, "float64")
    (native, _) = box.pair(program, "float64")

    def objective(outputs, rows):
        np.testing.assert_allclose(native.predict(data.inputs)[0][rows], outputs[0], rtol=1e-12, atol=1e-14)
        return float(np.mean(outputs[0]))

    native.configure(TrainingPlan(GRADIENT_DESCENT))
    result = native.perturb(data, np.arange(30), 10, 0, StepValues(np.full(3, 0.1)), RULES["all"], objective)
    assert len(result.objectives) == 3


@pytest.mark.parametrize("rule", ["one", "all", "all, one-sided"])
def test_a_step_that_is_not_finite_is_not_applied(box, rule):
    program = box.classifier(7, (9,), 3)
    data = box.batches_for(program, 20, "float64")
    data.inputs[0][15] = np.inf
    executors = box.pair(program, "float64")
    outcomes = []
    for executor in executors:
        executor.configure(TrainingPlan(GRADIENT_DESCENT))
        outcomes.append(executor.perturb(data, np.arange(20), 10, 0, StepValues(np.full(2, 0.01)), RULES[rule]))
    assert outcomes[0].failure == outcomes[1].failure
    assert (outcomes[0].failure.step, outcomes[0].failure.quantity, len(outcomes[0].losses)) == (1, "activation", 1)
    np.testing.assert_allclose(executors[0].snapshot().parameters, executors[1].snapshot().parameters)


def test_draws_are_spread_evenly():
    index, change = draw_changes(10, 20000, 0.5, seed=3, step=1)
    assert np.abs(np.bincount(index, minlength=10) - 2000).max() < 250
    assert -0.5 <= change.min() < -0.49 < 0.49 < change.max() < 0.5
    signs = np.array([draw_signs(100, seed=3, step=1, trial=t) for t in range(400)])
    assert set(np.unique(signs)) == {-1.0, 1.0}
    assert np.abs(signs.mean(axis=0)).max() < 0.25
    assert np.abs(np.corrcoef(signs.T) - np.eye(100)).max() < 0.25
