"""Ten steps of training: the native engine ends where the reference ends, for every rule and every part of a step."""

import numpy as np
import pytest
from tests.engine.update_rules import update_rules

from lamina.engine import Clipping, Head, StepValues, TrainingPlan, permutation

RULES = update_rules(eps=1e-6)
NUM_ROWS, BATCH = 95, 10  # ten steps, the last one short


def _network(box, **dense):
    """Every kind of op that behaves differently while training, and a fan-out."""
    builder = box.ProgramBuilder(6)
    # No bias before batch norm: its gradient is rounding alone, which Adam would divide by its own size.
    x = builder.activation(builder.batch_norm(builder.dense(0, 12, bias=False, **dense)), "relu")
    skip = builder.combine("add", x, builder.activation(builder.dense(builder.dropout(x, 0.25), 12, **dense), "tanh"))
    return builder.program(Head("softmax_cross_entropy", builder.dense(builder.layer_norm(skip), 3, **dense), 1, (0.0,)))


def _train_both(box, program, dtype, plan, values=None, *, first_step=0, **native):
    data = box.batches_for(program, NUM_ROWS, dtype, weighted=True)
    order = permutation(NUM_ROWS, seed=plan.seed, epoch=1)
    values = values or StepValues(np.linspace(0.02, 0.01, 10))
    executors = box.pair(program, dtype, **native)
    results = []
    for executor in executors:
        executor.configure(plan)
        results.append(executor.train(data, order, BATCH, first_step, values))
    return executors, results


def _check_equal(box, executors, results, dtype, scale=20.0):
    (native, reference), (result, expected) = executors, results
    close = box.tolerance(dtype, scale)
    assert len(result.losses) == len(expected.losses)
    np.testing.assert_allclose(result.losses, expected.losses, rtol=close["rtol"])
    np.testing.assert_allclose(native.snapshot().parameters, reference.snapshot().parameters, **close)
    np.testing.assert_allclose(native.snapshot().state, reference.snapshot().state, **close)
    np.testing.assert_allclose(native.snapshot().slots, reference.snapshot().slots, **close)
    assert result.num_clipped == expected.num_clipped
    assert result.failure is expected.failure is None
    if expected.gradient_norms is not None:
        np.testing.assert_allclose(result.gradient_norms, expected.gradient_norms, rtol=close["rtol"])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rule", RULES)
def test_every_rule_ends_where_the_reference_ends(box, rule, dtype):
    plan = TrainingPlan(RULES[rule], seed=3, record_norms=True)
    _check_equal(box, *_train_both(box, _network(box), dtype, plan), dtype, scale=100.0)


@pytest.mark.parametrize("rule", ["momentum", "adam"])
def test_weight_decay_spares_the_parameters_without_it(box, rule):
    values = StepValues(np.full(10, 0.01), np.linspace(0.1, 0.5, 10))
    plan = TrainingPlan(RULES[rule])
    _check_equal(box, *_train_both(box, _network(box, decay=True), "float64", plan, values), "float64")


@pytest.mark.parametrize("per_row", [False, True])
def test_penalties_are_those_of_the_reference(box, per_row):
    plan = TrainingPlan(RULES["gradient_descent"], penalty_per_row=per_row, record_norms=True)
    _check_equal(box, *_train_both(box, _network(box, l1=0.02, l2=0.3), "float64", plan), "float64")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rule", RULES)
def test_every_rule_shrinks_the_weights_that_the_reference_shrinks(box, rule, dtype):
    values = StepValues(np.linspace(0.02, 0.01, 10), np.full(10, 0.1))
    network = _network(box, l1=0.3, l2=0.1, decay=True, max_norm=1.0)
    executors, results = _train_both(box, network, dtype, TrainingPlan(RULES[rule], Clipping(norm=0.5), True), values)
    _check_equal(box, executors, results, dtype, scale=100.0)
    if dtype == "float64":
        native, reference = (executor.snapshot().parameters == 0 for executor in executors)
        np.testing.assert_array_equal(native, reference)


@pytest.mark.parametrize(
    "clipping",
    [
        Clipping((-0.01, 0.02)),
        Clipping(layer_norm=0.05),
        Clipping(norm=0.1),
        Clipping((-0.1, 0.1), 0.1, 0.15),
        Clipping(norm=1e6),
    ],
    ids=["value", "layer", "global", "all", "never"],
)
def test_clipping_is_that_of_the_reference(box, clipping):
    plan = TrainingPlan(RULES["gradient_descent"], clipping, record_norms=True)
    _check_equal(box, *_train_both(box, _network(box), "float64", plan), "float64")


def test_max_norm_bounds_the_weights_into_every_unit(box):
    executors, results = _train_both(box, _network(box, max_norm=0.5), "float64", TrainingPlan(RULES["adam"]))
    _check_equal(box, executors, results, "float64")
    weight = executors[0].snapshot().parameters[executors[0].program.parameters[0].slice].reshape(6, 12)
    assert np.linalg.norm(weight, axis=0).max() <= 0.5 + 1e-12


def test_dropout_rates_of_the_step_replace_those_of_the_ops(box):
    values = StepValues(np.full(10, 0.02), dropout_rates=np.linspace(0.0, 0.9, 10)[:, None])
    _check_equal(box, *_train_both(box, _network(box), "float64", TrainingPlan(RULES["adam"], seed=9), values), "float64")


@pytest.mark.parametrize("seed", [0, 2**40 + 7, -1])
def test_masks_follow_the_seed_and_the_step(box, seed):
    plan = TrainingPlan(RULES["gradient_descent"], seed=seed)
    _check_equal(box, *_train_both(box, _network(box), "float64", plan, first_step=2**32 + 5), "float64")


@pytest.mark.parametrize("batch_size", [1, 7, 95, 1000])
def test_any_batch_size_agrees_with_the_reference(box, batch_size):
    program = box.classifier(features=5, hidden=(8,), classes=3)
    data = box.batches_for(program, NUM_ROWS, "float64")
    steps = -(-NUM_ROWS // batch_size)
    results = []
    executors = box.pair(program, "float64")
    for executor in executors:
        executor.configure(TrainingPlan(RULES["momentum"]))
        results.append(executor.train(data, np.arange(NUM_ROWS), batch_size, 0, StepValues(np.full(steps, 0.05))))
    _check_equal(box, executors, results, "float64")


def test_two_calls_of_five_steps_are_one_call_of_ten(box):
    program = _network(box)
    data = box.batches_for(program, NUM_ROWS, "float32")
    order, rates = permutation(NUM_ROWS, seed=0, epoch=0), np.full(10, 0.01)
    whole, _ = box.pair(program, "float32")
    parts, _ = box.pair(program, "float32")
    for executor in (whole, parts):
        executor.configure(TrainingPlan(RULES["adam"]))
    expected = whole.train(data, order, BATCH, 0, StepValues(rates)).losses
    first = parts.train(data, order[:50], BATCH, 0, StepValues(rates[:5])).losses
    second = parts.train(data, order[50:], BATCH, 5, StepValues(rates[5:])).losses
    assert np.array_equal(np.concatenate([first, second]), expected)
    assert np.array_equal(whole.snapshot().parameters, parts.snapshot().parameters)
    assert np.array_equal(whole.snapshot().state, parts.snapshot().state)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_halves_of_a_step_with_the_callers_loss_are_a_step(box, dtype, second_half):
    program = _network(box)
    native, reference = box.pair(program, dtype)
    data = box.batches_for(program, 30, dtype)
    for executor in (native, reference):
        executor.configure(TrainingPlan(RULES["adam"], Clipping(norm=0.5), seed=4))
        for step in range(10):
            (logits,) = executor.forward(data.inputs, np.arange(3 * step, 3 * step + 3), step)
            assert second_half(executor, [np.tanh(logits) / 3], step, 0.01, 0.1, rows=3.0) is None
    np.testing.assert_allclose(native.snapshot().parameters, reference.snapshot().parameters, **box.tolerance(dtype, 100.0))
    np.testing.assert_allclose(native.snapshot().state, reference.snapshot().state, **box.tolerance(dtype, 100.0))
