"""The executor's promises: what a step does and in which order, what stays as it was, and where failures are found."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from tests.engine.update_rules import update_rules

from lamina.engine.plan import Batches, Clipping, Failure, TrainingPlan, UpdateRule
from lamina.engine.randomness import keep_mask
from lamina.errors import InvalidSettingError

DESCENT = TrainingPlan(UpdateRule("gradient_descent", (), 0))
RULES = update_rules(eps=1e-8)
# The bias before a batch norm has gradient 0 but for rounding; a large eps keeps Adam from scaling that noise up to full steps
ADAM = TrainingPlan(UpdateRule("adam", (0.9, 0.999, 1e-3), 2))
RNG = np.random.default_rng(11)
X = RNG.normal(size=(20, 3))
Y = RNG.normal(size=(20, 2))


@pytest.fixture
def network(build):
    """3 → dense 4 → batch norm → tanh → dropout → dense 2, squared error."""
    hidden = build.activation(build.batch_norm(build.dense(build.input(3), 4)), "tanh")
    build.head("squared_error", build.dense(build.dropout(hidden, 0.25), 2))
    return build.program()


@pytest.fixture
def line(build):
    """One linear unit without bias: the loss is 1/2 (t - w x)^2."""
    build.head("squared_error", build.dense(build.input(1), 1, bias=False))
    return build.program()


def test_it_keeps_the_contract(network, make):
    executor = make(network, dtype="float32")
    assert executor.program is network
    assert executor.dtype == np.float32
    assert executor.snapshot().parameters.shape == (network.num_parameters,)
    assert executor.snapshot().state.shape == (8,)
    assert executor.snapshot().slots.shape == (0, network.num_parameters)


def test_views_are_live(line, make, rates):
    executor = make(line)
    view, _ = executor.views()
    view[0] = 3.0
    assert executor.predict([np.array([[2.0]])])[0].tolist() == [[6.0]]
    executor.train(Batches([np.array([[1.0]])], [np.array([[0.0]])]), np.array([0]), 1, 0, rates(1))
    assert view.tolist() == pytest.approx([2.7])


def test_slots_are_kept_unless_their_number_changes(line, make):
    executor = make(line, ADAM)
    executor.restore(slots=np.full_like(executor.snapshot().slots, 5.0))
    executor.configure(ADAM)
    assert executor.snapshot().slots.tolist() == [[5.0], [5.0]]
    executor.configure(DESCENT)
    executor.configure(ADAM)
    assert executor.snapshot().slots.tolist() == [[0.0], [0.0]]


def test_a_step_by_hand_in_the_documented_order(build, make, rates):
    build.head("squared_error", build.dense(build.input(1), 1, bias=False, l2=1.0, decay=True, max_norm=1.5))
    executor = make(
        build.program(), TrainingPlan(UpdateRule("gradient_descent", (), 0), Clipping(value=(-3.0, 3.0)), record_norms=True)
    )
    executor.restore(parameters=np.full(executor.program.num_parameters, 2.0))
    data = Batches([np.array([[1.0]])], [np.array([[-2.0]])])
    result = executor.train(data, np.array([0]), 1, 0, rates(1, lr=0.1, weight_decays=np.array([0.5])))
    assert result.losses.tolist() == [0.5 * 16 + 0.5 * 4]  # data + penalty
    assert result.gradient_norms.tolist() == [4.0 + 2.0]  # data + penalty, before clipping
    assert result.num_clipped == 1
    assert executor.snapshot().parameters.tolist() == [1.5]  # 2 (1 - 0.1 * 0.5) - 0.1 * 3 = 1.6, bounded to 1.5


def test_l1_shrinks_after_the_rule_and_before_max_norm(build, make, rates):
    build.head("squared_error", build.dense(build.input(2), 1, bias=False, l1=2.0, decay=True, max_norm=1.0))
    plan = TrainingPlan(UpdateRule("gradient_descent", (), 0), Clipping(value=(-3.0, 3.0)), record_norms=True)
    executor = make(build.program(), plan)
    executor.restore(parameters=np.array([2.0, 0.5]))
    data = Batches([np.array([[1.0, 0.0]])], [np.array([[-2.0]])])
    result = executor.train(data, np.array([0]), 1, 0, rates(1, lr=0.1, weight_decays=np.array([0.5])))
    assert result.losses.tolist() == [0.5 * 16 + 2 * 2.5]  # data + penalty
    assert result.gradient_norms.tolist() == [4.0]  # of the data alone
    assert result.num_clipped == 1
    # 2 (1 - 0.1 * 0.5) - 0.1 * 3 - 0.2 = 1.4, and 0.475 - 0.2 = 0.275; scaled to a norm of 1
    norm = np.hypot(1.4, 0.275)
    np.testing.assert_allclose(executor.snapshot().parameters, [1.4 / norm, 0.275 / norm], rtol=1e-12)


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_weights_that_nothing_needs_become_zero_and_stay_so(build, make, rule, rates):
    build.head("squared_error", build.dense(build.input(2), 1, bias=False, l1=0.1))
    executor = make(build.program(), TrainingPlan(rule))
    executor.restore(parameters=np.array([0.5, 0.5]))
    x = np.array([[1.0, 0.1], [1.0, -0.1]])
    executor.train(Batches([x], [np.array([[2.0], [2.0]])]), np.tile([0, 1], 300), 2, 0, rates(300, lr=0.02))
    needed, useless = executor.snapshot().parameters
    assert needed > 0.5
    assert useless == 0


@pytest.mark.parametrize("per_row", [False, True])
def test_the_strength_of_l1_is_divided_by_the_weights_sum_if_the_plan_says_so(build, make, rates, per_row):
    build.head("squared_error", build.dense(build.input(1), 1, bias=False, l1=0.5))
    executor = make(build.program(), TrainingPlan(UpdateRule("gradient_descent", (), 0), penalty_per_row=per_row))
    executor.restore(parameters=np.array([2.0]))
    data = Batches([np.zeros((2, 1))], [np.zeros((2, 1))], np.array([1.0, 4.0]))
    executor.train(data, np.array([0, 1]), 2, 0, rates(1, lr=1.0))
    assert executor.snapshot().parameters == pytest.approx([2.0 - 0.5 / (5 if per_row else 1)])


@pytest.mark.parametrize(("step", "expected"), [(0, 0.1), (1, 0.1 * (0.1 / 0.19) / np.sqrt(0.001 / 0.001999))])
def test_the_rules_count_steps_from_one(line, step, expected, make, rates):
    executor = make(line, TrainingPlan(UpdateRule("adam", (0.9, 0.999, 0.0), 2)))
    executor.restore(parameters=np.full(executor.program.num_parameters, 1.0))
    executor.train(Batches([np.array([[1.0]])], [np.array([[0.0]])]), np.array([0]), 1, step, rates(1))
    assert executor.snapshot().parameters.tolist() == pytest.approx([1.0 - expected], rel=1e-12)


def test_the_last_batch_may_be_shorter(network, make, rates):
    executor = make(network)
    result = executor.train(Batches([X], [Y]), np.arange(20), 8, 0, rates(3))
    assert result.losses.shape == (3,)
    assert result.losses.dtype == np.float64
    assert result.gradient_norms is None


def test_no_rows_no_steps(network, make, rates):
    result = make(network).train(Batches([X], [Y]), np.arange(0), 8, 0, rates(0))
    assert (len(result.losses), result.num_clipped, result.failure) == (0, 0, None)


@pytest.mark.parametrize("plan", [DESCENT, ADAM])
def test_two_calls_are_one(network, plan, make, rates):
    once, twice = make(network, plan), make(network, plan)
    data, order = Batches([X], [Y]), RNG.permutation(20)
    whole = once.train(data, order, 5, 0, rates(4)).losses
    first = twice.train(data, order[:10], 5, 0, rates(2)).losses
    second = twice.train(data, order[10:], 5, 2, rates(2)).losses
    assert np.array_equal(whole, np.concatenate([first, second]))
    assert np.array_equal(once.snapshot().parameters, twice.snapshot().parameters)
    assert np.array_equal(once.snapshot().state, twice.snapshot().state)


def test_a_loss_and_its_gradient_change_nothing(network, make):
    executor = make(network)
    before = executor.snapshot().parameters, executor.snapshot().state
    executor.loss_and_gradient(Batches([X], [Y]))
    executor.predict([X])
    executor.evaluate(Batches([X], [Y]))
    assert np.array_equal(before[0], executor.snapshot().parameters)
    assert np.array_equal(before[1], executor.snapshot().state)


def test_training_moves_the_running_statistics(network, make, rates):
    executor = make(network)
    weight, bias = executor.snapshot().parameters[:12].reshape(3, 4).copy(), executor.snapshot().parameters[12:16].copy()
    executor.train(Batches([X], [Y]), np.arange(20), 20, 0, rates(1))
    hidden = X @ weight + bias
    assert executor.snapshot().state[:4] == pytest.approx(0.9 * 0.7 + 0.1 * hidden.mean(axis=0))
    assert executor.snapshot().state[4:] == pytest.approx(0.9 * 0.7 + 0.1 * hidden.var(axis=0))


def test_batched_prediction_is_row_by_row(network, make):
    executor = make(network)
    rows = np.random.default_rng(0).normal(size=(5000, 3))  # more than one chunk
    together = executor.predict([rows])[0]
    assert together.shape == (5000, 2)
    for i in (0, 4095, 4096, 4999):
        assert together[i] == pytest.approx(executor.predict([rows[i : i + 1]])[0][0], rel=1e-12)


def test_no_rows_give_no_predictions(network, make):
    assert make(network).predict([X[:0]])[0].shape == (0, 2)


@pytest.mark.parametrize(
    "convert",
    [
        np.asfortranarray,
        lambda x: np.repeat(x, 2, axis=1)[:, ::2],
        lambda x: x[::-1][::-1],
        sparse.csr_array,
        sparse.csr_matrix,
    ],
    ids=["fortran", "strided", "reversed", "csr_array", "csr_matrix"],
)
def test_every_kind_of_array_gives_the_same_numbers(network, convert, make, rates):
    x = np.where(X > 0, X, 0.0)
    plain, other = make(network, ADAM), make(network, ADAM)
    order = RNG.permutation(20)
    expected = plain.train(Batches([x], [Y]), order, 6, 0, rates(4)).losses
    found = other.train(Batches([convert(x)], [Y]), order, 6, 0, rates(4)).losses
    assert found == pytest.approx(expected, rel=1e-12)
    assert other.predict([convert(x)])[0] == pytest.approx(plain.predict([x])[0], rel=1e-10)


def test_sparse_rows_reach_ops_that_need_dense_ones(build, make):
    x = build.input(3)
    build.head("squared_error", build.combine("add", build.dense(x, 3), build.activation(x, "tanh")))
    executor = make(build.program())
    rows = np.where(X > 0, X, 0.0)
    assert executor.predict([sparse.csr_array(rows)])[0] == pytest.approx(executor.predict([rows])[0], rel=1e-12)


def test_numbers_are_converted_to_the_executors_dtype(network, make, rates):
    executor = make(network, dtype="float32")
    assert executor.predict([X])[0].dtype == np.float32
    assert executor.loss_and_gradient(Batches([X], [Y]))[1].dtype == np.float32
    executor.train(Batches([X], [Y], np.ones(20)), np.arange(20), 5, 0, rates(4, weight_decays=np.full(4, 0.1)))
    assert executor.snapshot().parameters.dtype == executor.snapshot().state.dtype == np.float32


def test_dropout_uses_the_masks_of_seed_step_and_op(build, make):
    build.head("external", build.dropout(build.activation(build.input(3), "identity"), 0.25))
    executor = make(build.program(), TrainingPlan(UpdateRule("gradient_descent", (), 0), seed=9))
    (out,) = executor.forward([X], np.arange(20), step=4)
    assert np.allclose(out, X * keep_mask(20, 3, 0.25, seed=9, step=4, op=1) / 0.75)
    assert np.array_equal(executor.predict([X])[0], X)


def test_dropout_rates_may_change_from_step_to_step(network, make, rates):
    data, order = Batches([X], [Y]), np.tile(np.arange(20), 2)
    plain = make(network).train(data, order, 20, 0, rates(2)).losses
    same = make(network).train(data, order, 20, 0, rates(2, dropout_rates=np.array([[0.25], [0.25]]))).losses
    other = make(network).train(data, order, 20, 0, rates(2, dropout_rates=np.array([[0.25], [0.9]]))).losses
    assert np.array_equal(plain, same)
    assert plain[0] == other[0]
    assert plain[1] != other[1]


def test_weight_decay_spares_parameters_that_do_not_decay(build, make, rates):
    build.head("squared_error", build.dense(build.input(1), 1, decay=True))
    executor = make(build.program())
    executor.restore(parameters=np.array([1.0, 4.0]))
    data = Batches([np.array([[0.0]])], [np.array([[4.0]])])  # gradient 0
    executor.train(data, np.array([0]), 1, 0, rates(1, weight_decays=np.array([0.5])))
    assert executor.snapshot().parameters.tolist() == pytest.approx([0.95, 4.0])


def test_a_weight_of_two_is_a_row_twice(build, make):
    build.head("squared_error", build.dense(build.input(3), 2), weight=0.5)
    executor = make(build.program())
    weighted = executor.loss_and_gradient(Batches([X[:2]], [Y[:2]], np.array([2.0, 1.0])))
    repeated = executor.loss_and_gradient(Batches([X], [Y]), order=np.array([0, 0, 1]))
    assert weighted[0] == pytest.approx(repeated[0], rel=1e-13)
    assert weighted[1] == pytest.approx(repeated[1], rel=1e-13)


def test_a_row_of_weight_zero_is_not_there(line, make):
    executor = make(line)
    data = Batches([X[:2, :1]], [Y[:2, :1]], np.array([1.0, 0.0]))
    assert executor.loss_and_gradient(data)[0] == executor.loss_and_gradient(Batches([X[:1, :1]], [Y[:1, :1]]))[0]


@pytest.mark.parametrize(("per_row", "penalty"), [(False, 2.0), (True, 0.0)])
def test_a_batch_without_weight_has_no_data_loss(build, per_row, penalty, make):
    build.head("squared_error", build.dense(build.input(1), 1, bias=False, l2=1.0))
    executor = make(build.program(), TrainingPlan(UpdateRule("gradient_descent", (), 0), penalty_per_row=per_row))
    executor.restore(parameters=np.full(executor.program.num_parameters, 2.0))
    data = Batches([X[:, :1]], [Y[:, :1]], np.zeros(20))
    loss, gradient = executor.loss_and_gradient(data)
    assert loss == penalty
    assert gradient.tolist() == [penalty]  # 1/2 w^2 = w at w = 2
    assert executor.evaluate(data).tolist() == [0.0]


def test_the_penalty_is_divided_by_the_weights_sum_if_the_plan_says_so(build, make):
    build.head("squared_error", build.dense(build.input(1), 1, bias=False, l1=0.5, l2=1.0))
    executor = make(build.program(), TrainingPlan(UpdateRule("gradient_descent", (), 0), penalty_per_row=True))
    executor.restore(parameters=np.full(executor.program.num_parameters, 2.0))
    data = Batches([np.zeros((2, 1))], [np.zeros((2, 1))], np.array([1.0, 4.0]))
    loss, gradient = executor.loss_and_gradient(data)
    assert loss == pytest.approx((1.0 + 2.0) / 5)
    assert gradient.tolist() == pytest.approx([(0.5 + 2.0) / 5])


def test_evaluation_knows_neither_penalty_nor_head_weight(build, make):
    x = build.input(3)
    build.head("squared_error", build.dense(x, 2, l2=5.0), weight=3.0)
    build.head("absolute_error", build.dense(x, 1), weight=0.5)
    executor = make(build.program())
    weights = RNG.uniform(size=20)
    data = Batches([X], [Y, Y[:, :1]], weights)
    first, second = executor.predict([X])
    expected = [
        np.average(0.5 * ((first - Y) ** 2).sum(axis=1), weights=weights),
        np.average(np.abs(second - Y[:, :1])[:, 0], weights=weights),
    ]
    assert executor.evaluate(data) == pytest.approx(expected, rel=1e-12)
    penalty = 2.5 * (executor.snapshot().parameters[:6] ** 2).sum()
    assert executor.loss_and_gradient(data)[0] == pytest.approx(3 * expected[0] + 0.5 * expected[1] + penalty, rel=1e-12)


def test_evaluation_of_many_rows_is_that_of_all_at_once(line, make):
    executor = make(line)
    x, y = RNG.normal(size=(9000, 1)), RNG.normal(size=(9000, 1))
    assert executor.evaluate(Batches([x], [y])) == pytest.approx(
        [0.5 * ((y - x * executor.snapshot().parameters) ** 2).mean()], rel=1e-12
    )


def test_half_steps_with_the_heads_gradient_are_training(network, second_half, make, rates):
    plan = TrainingPlan(ADAM.rule, Clipping(norm=0.1), penalty_per_row=True, seed=3)
    whole, halves = make(network, plan), make(network, plan)
    order = np.arange(20)
    whole.train(Batches([X], [Y]), order, 5, 0, rates(4, lr=0.05, weight_decays=np.full(4, 0.01)))
    for step in range(4):
        rows = order[step * 5 : (step + 1) * 5]
        (logits,) = halves.forward([X], rows, step)
        failure = second_half(halves, [(logits - Y[rows]) / 5], step, 0.05, 0.01, rows=5.0)
        assert failure is None
    assert halves.snapshot().parameters == pytest.approx(whole.snapshot().parameters, rel=1e-12)
    assert halves.snapshot().state == pytest.approx(whole.snapshot().state, rel=1e-14)


def test_the_second_half_needs_the_first(network, second_half, make):
    executor = make(network)
    executor.forward([X], np.arange(5), 0)
    second_half(executor, [np.zeros((5, 2))], 0, 0.1)
    with pytest.raises(RuntimeError, match="call forward first"):
        second_half(executor, [np.zeros((5, 2))], 1, 0.1)


def test_an_external_loss_cannot_be_trained_in_one_call(build, make, rates):
    build.head("external", build.dense(build.input(3), 2))
    executor = make(build.program())
    with pytest.raises(InvalidSettingError, match="Use forward, backward and update instead"):
        executor.train(Batches([X], [Y]), np.arange(20), 5, 0, rates(4))


def test_an_activation_that_is_not_finite_stops_before_its_step(network, make, rates):
    executor = make(network, ADAM)
    x = X.copy()
    x[12, 1] = np.nan  # in the third batch of five
    other = make(network, ADAM)
    other.train(Batches([X], [Y]), np.arange(10), 5, 7, rates(2))
    result = executor.train(Batches([x], [Y]), np.arange(20), 5, 7, rates(4))
    assert result.failure == Failure(9, network.ops[0].layer, "activation")
    assert result.losses.shape == (2,)
    assert np.array_equal(executor.snapshot().parameters, other.snapshot().parameters)
    assert np.array_equal(executor.snapshot().state, other.snapshot().state)
    assert np.array_equal(executor.snapshot().slots, other.snapshot().slots)


def test_a_loss_that_overflows_is_blamed_on_the_layer_before_it(line, make, rates):
    executor = make(line, dtype="float32")
    result = executor.train(Batches([np.array([[1.0]])], [np.array([[1e30]])]), np.array([0]), 1, 0, rates(1))
    assert result.failure == Failure(0, line.ops[0].layer, "loss")


def test_a_gradient_that_overflows_is_found_from_the_end(build, make, rates):
    hidden = build.dense(build.input(1), 1, bias=False)
    build.head("absolute_error", build.dense(hidden, 1, bias=False))
    executor = make(build.program(), dtype="float32")
    executor.restore(parameters=np.array([1e-30, 1e30]))
    data = Batches([np.array([[1e20]])], [np.array([[0.0]])])  # d weight_0 = 1e20 * 1e30 overflows, all else is finite
    result = executor.train(data, np.array([0]), 1, 0, rates(1))
    assert result.failure == Failure(0, build.ops[0].layer, "gradient")
    assert executor.snapshot().parameters.tolist() == pytest.approx([1e-30, 1e30])


def test_a_gradient_from_outside_that_is_not_finite_is_refused(network, second_half, make):
    executor = make(network)
    before = executor.snapshot().parameters
    executor.forward([X], np.arange(5), 2)
    failure = second_half(executor, [np.full((5, 2), np.inf)], 2, 0.1)
    assert failure == Failure(2, network.ops[-1].layer, "gradient")
    assert np.array_equal(executor.snapshot().parameters, before)


def test_a_parameter_that_nothing_reaches_has_gradient_zero(build, make):
    x = build.input(3)
    build.head("squared_error", build.dense(x, 2))
    build.dense(x, 1)
    gradient = make(build.program()).loss_and_gradient(Batches([X], [Y]))[1]
    assert np.all(gradient[:8] != 0)
    assert gradient[8:].tolist() == [0.0] * 4


def test_a_parameter_of_two_ops_gets_both_gradients(build, assert_gradient, make):
    x = build.input(3)
    first = build.dense(x, 3)
    build.ops.append(build.ops[0].__class__("dense", "again", (first,), build._buffer(3), parameters=build.ops[0].parameters))
    build.head("squared_error", build.dense(len(build.widths) - 1, 2))
    executor = make(build.program())
    w = executor.snapshot().parameters

    def loss(parameters):
        executor.restore(parameters=parameters)
        return executor.loss_and_gradient(Batches([X], [Y]))[0]

    assert_gradient(loss, [w], [executor.loss_and_gradient(Batches([X], [Y]))[1]])
