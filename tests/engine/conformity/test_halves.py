"""A step in two halves: the bits of a step of training, parts that add up to a batch, and failures that leave nothing behind."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.engine import Batches, Clipping, Failure, Head, TrainingPlan
from lamina.engine.executor import Gradient

NUM_ROWS, BATCH = 21, 7
PLANS = {
    "plain": {},
    "clip value": {"clipping": Clipping(value=(-0.01, 0.02))},
    "clip layers": {"clipping": Clipping(layer_norm=0.05)},
    "clip all": {"clipping": Clipping(value=(-0.1, 0.1), layer_norm=0.1, norm=0.15)},
    "per row": {"penalty_per_row": True, "record_norms": True},
}


def _network(box):
    """All that differs in training: dropout, batch norm, penalties, decay, max-norm, two heads of which one counts a third."""
    builder = box.ProgramBuilder(6)
    x = builder.activation(builder.batch_norm(builder.dense(0, 16, l1=0.01, l2=0.1, decay=True)), "relu")
    x = builder.activation(builder.dense(builder.dropout(x, 0.3), 16, decay=True, max_norm=0.7), "tanh")
    heads = Head("squared_error", builder.dense(x, 2), 2, weight=1 / 3), Head("hinge", builder.dense(x, 3), 3)
    return builder.program(*heads)


def _assert_same(one, other):
    for name, first, second in zip(one.snapshot()._fields, one.snapshot(), other.snapshot(), strict=True):
        np.testing.assert_array_equal(first, second, err_msg=name)


def _take_halves(executor, data, plan, values, batch):
    """As ``train``: losses, norms, how many steps were clipped, and the heads' losses."""
    told, of_heads = [], []
    for step in range(len(values.learning_rates)):
        rate, decay, dropout_rates = values.at(step)
        gradient = executor.gradient(data, np.arange(step * batch, (step + 1) * batch), step, dropout_rates=dropout_rates)
        update = executor.update(gradient, step, rate, decay)
        assert update.failure is None
        told.append((update.loss, update.gradient_norm, update.is_clipped))
        of_heads.append(gradient.head_losses)
    losses, norms, clipped = zip(*told, strict=True)
    return list(losses), list(norms) if plan.record_norms else None, sum(clipped), of_heads


@pytest.mark.parametrize("settings", PLANS.values(), ids=PLANS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("batch", [1, BATCH])
def test_both_halves_are_a_step_of_training_bit_for_bit(box, make, rates, rule, dtype, settings, weighted, batch):
    program, plan = _network(box), TrainingPlan(rule, seed=4, **settings)
    data, values = box.batches_for(program, NUM_ROWS, dtype, weighted=weighted), rates(3, 0.02, weight_decays=np.full(3, 0.1))
    whole, halves = make(program, plan, dtype=dtype), make(program, plan, dtype=dtype)
    result = whole.train(data, np.arange(3 * batch), batch, 0, values)
    losses, norms, num_clipped, of_heads = _take_halves(halves, data, plan, values, batch)
    _assert_same(whole, halves)
    assert losses == result.losses.tolist()
    assert num_clipped == result.num_clipped
    assert norms is None or norms == result.gradient_norms.tolist()
    np.testing.assert_array_equal(of_heads, result.head_losses)


def test_both_halves_take_the_dropout_rates_of_the_step(box, make, rates, rule):
    program, plan = _network(box), TrainingPlan(rule, seed=4)
    data, values = box.batches_for(program, NUM_ROWS, "float64"), rates(3, 0.02, dropout_rates=np.array([[0.0], [0.5], [0.8]]))
    whole, halves, own = (make(program, plan) for _ in range(3))
    result = whole.train(data, np.arange(NUM_ROWS), BATCH, 0, values)
    assert _take_halves(halves, data, plan, values, BATCH)[0] == result.losses.tolist()
    _assert_same(whole, halves)
    assert own.train(data, np.arange(NUM_ROWS), BATCH, 0, rates(3, 0.02)).losses.tolist() != result.losses.tolist()


def test_a_gradient_left_to_the_update_is_no_other_one(box, make, rates, rule):
    program, plan = box.classifier(features=5, hidden=(32, 16), classes=3), TrainingPlan(rule)
    data, values = box.batches_for(program, 5, "float32"), rates(5, 0.01)
    whole, halves = make(program, plan, dtype="float32"), make(program, plan, dtype="float32")
    result = whole.train(data, np.arange(5), 1, 0, values)
    losses, _, _, of_heads = _take_halves(halves, data, plan, values, 1)
    _assert_same(whole, halves)
    assert losses == result.losses.tolist()
    assert of_heads == [None] * 5


def _without_batch_norm(box):
    builder = box.ProgramBuilder(5)
    x = builder.dropout(builder.activation(builder.dense(0, 9, l2=0.1), "tanh"), 0.4)
    return builder.program(
        Head("squared_error", builder.dense(x, 3), 3, weight=0.5), Head("huber", builder.dense(x, 1), 1, (1.0,))
    )


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize("cut", [1, 3, 8, 15])
def test_parts_of_a_batch_add_up_to_the_batch(box, make, cut, weighted):
    program = _without_batch_norm(box)
    data, rows = box.batches_for(program, 30, "float64", weighted=weighted), np.arange(4, 20)
    executor = make(program, TrainingPlan(box.rules["adam"], seed=3))
    whole = executor.gradient(data, rows, 6)
    parts = [
        executor.gradient(data, rows[:cut], 6, weight_sum=whole.weight_sum),
        executor.gradient(data, rows[cut:], 6, first_row=cut, weight_sum=whole.weight_sum),
    ]
    for i, expected in enumerate(whole):
        np.testing.assert_allclose(parts[0][i] + parts[1][i], expected, rtol=1e-12, atol=1e-15)


def test_a_part_without_the_weight_of_its_batch_is_a_batch(box, make):
    program = box.classifier(features=4, hidden=(3,))
    data = box.batches_for(program, 9, "float64", weighted=True)
    executor = make(program)
    loss, vector = executor.loss_and_gradient(data, order=np.arange(3))
    found = executor.gradient(data, np.arange(3), 0)
    assert found.losses.tolist() == [loss]
    assert found.weight_sum == pytest.approx(data.sample_weight[:3].sum(), rel=1e-15)
    np.testing.assert_array_equal(found.vector, vector)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_gradient_goes_where_it_is_wanted(box, make, dtype):
    program = box.classifier(features=4, hidden=(3,))
    data, executor = box.batches_for(program, 9, dtype), make(program, dtype=dtype)
    expected = executor.gradient(data, np.arange(9), 0).vector
    room = np.full(program.num_parameters + 2, 7.0, dtype)  # of which some is another's
    found = executor.gradient(data, np.arange(9), 0, out=room[1:-1])
    assert found.vector.base is room
    np.testing.assert_array_equal(room[1:-1], expected)
    assert room[[0, -1]].tolist() == [7.0, 7.0]


def test_rows_further_on_in_a_batch_have_its_masks(box, make):
    builder = box.ProgramBuilder(3)
    program = builder.program(Head("external", builder.dropout(builder.activation(0, "identity"), 0.4), 3))
    executor, x = make(program), np.ones((11, 3))
    (whole,) = executor.forward([x], np.arange(11), 5)
    (part,) = executor.forward([x], np.arange(4, 11), 5, first_row=4)
    np.testing.assert_array_equal(part, whole[4:])


def test_the_callers_loss_is_a_loss_of_the_engines(box, make, rule):
    builder = box.ProgramBuilder(4)
    x = builder.activation(builder.batch_norm(builder.dense(0, 5, l2=0.1)), "tanh")
    program = builder.program(Head("squared_error", builder.dense(x, 2), 2))
    data = box.batches_for(program, 8, "float64")
    own, callers = (make(program, TrainingPlan(rule, Clipping(norm=0.3), seed=2)) for _ in range(2))
    for step in range(3):
        own.update(own.gradient(data, np.arange(8), step), step, 0.05, 0.1)
        (logits,) = callers.forward(data.inputs, np.arange(8), step)
        vector = callers.backward([(logits - data.targets[0]) / 8], step)
        callers.update(Gradient(np.array([0.0]), 8.0, vector), step, 0.05, 0.1)
    for first, second in zip(own.snapshot(), callers.snapshot(), strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-9, atol=1e-12)


# What is not finite


def _far_apart(box):
    """Rows so far apart that a running variance overflows."""
    builder = box.ProgramBuilder(1)
    program = builder.program(Head("absolute_error", builder.dense(builder.batch_norm(0), 1), 1))
    return program, Batches([np.float32([[-3e38], [3e38]])], [np.zeros((2, 1), np.float32)])


def _overflowing(box, x, target):
    builder = box.ProgramBuilder(1)
    program = builder.program(Head("squared_error", builder.dense(0, 1), 1))
    return program, Batches([np.full((2, 1), x, np.float32)], [np.full((2, 1), target, np.float32)])


@pytest.mark.parametrize("case", ["activation", "loss", "gradient", "running statistics"])
def test_what_is_not_finite_is_found_as_in_training_and_leaves_nothing(box, make, rates, case):
    program, data = {
        "activation": lambda: _overflowing(box, np.inf, 0.0),
        "loss": lambda: _overflowing(box, 1.0, 1e30),
        "gradient": lambda: _overflowing(box, 1e25, 1e15),
        "running statistics": lambda: _far_apart(box),
    }[case]()
    executor = make(program, TrainingPlan(box.rules["adam"]), dtype="float32")
    if case == "gradient":
        executor.restore(np.zeros(program.num_parameters))
    before = executor.snapshot()
    expected = executor.train(data, np.arange(2), 2, 3, rates(1)).failure
    update = executor.update(executor.gradient(data, np.arange(2), 3), 3, 0.1)
    assert update.failure == expected
    assert update.failure.quantity == case
    for old, new in zip(before, executor.snapshot(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_failure_in_a_later_part_takes_back_the_statistics_of_all(box, make):
    program = _network(box)
    executor = make(program, TrainingPlan(box.rules["adam"]))
    data = box.batches_for(program, 8, "float64")
    before = executor.snapshot()
    executor.gradient(data, np.arange(4), 0)
    second = executor.gradient(data, np.arange(4, 8), 0, first_row=4)
    assert (executor.snapshot().state != before.state).all()
    update = executor.update(second._replace(vector=np.full(program.num_parameters, np.nan)), 0, 0.1)
    assert update.failure == Failure(0, program.ops[-1].layer, "gradient")
    for old, new in zip(before, executor.snapshot(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("ending", ["train", "restore", "configure"])
def test_a_half_that_is_not_gone_on_with_is_over(box, make, rates, ending):
    program = _network(box)
    executor = make(program, TrainingPlan(box.rules["adam"]))
    data = box.batches_for(program, 8, "float64")
    executor.gradient(data, np.arange(4), 0)
    {
        "train": lambda: executor.train(data, np.arange(8), 8, 0, rates(1)),
        "restore": lambda: executor.restore(state=np.full(program.num_state, 0.1)),
        "configure": lambda: executor.configure(TrainingPlan(box.rules["adam"], seed=1)),
    }[ending]()
    before = executor.snapshot()
    broken = executor.gradient(data, np.arange(4), 1)._replace(vector=np.full(program.num_parameters, np.inf))
    assert executor.update(broken, 1, 0.1).failure is not None
    np.testing.assert_array_equal(executor.snapshot().state, before.state)


def test_a_gradient_from_elsewhere_moves_the_weights(box, make):
    program = box.classifier(features=3, hidden=(4,))
    executor = make(program)
    before, vector = executor.snapshot().parameters, np.linspace(-1, 1, program.num_parameters)
    update = executor.update(Gradient(np.array([2.5]), 10.0, vector), 0, 0.1)
    assert (update.loss, update.is_clipped, update.failure) == (2.5, False, None)
    np.testing.assert_allclose(executor.snapshot().parameters, before - 0.1 * vector, rtol=1e-12)


@pytest.mark.parametrize("quantity", ["loss", "gradient"])
def test_a_gradient_from_elsewhere_is_looked_at(box, make, quantity):
    program = box.classifier(features=3, hidden=(4,))
    executor = make(program)
    loss = np.nan if quantity == "loss" else 1.0
    gradient = Gradient(np.array([loss]), 1.0, np.full(program.num_parameters, np.inf if quantity == "gradient" else 1.0))
    assert executor.update(gradient, 2, 0.1).failure == Failure(2, program.ops[-1].layer, quantity)
