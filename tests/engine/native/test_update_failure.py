"""Updates that overflow: found in their step, with layer and quantity, by every way to train and in both executors."""

import numpy as np
import pytest
import scipy.sparse

from lamina.engine import Batches, Failure, Head, StepValues, TrainingPlan, _native
from lamina.engine.executor import runs_epochs
from lamina.engine.perturbation import PerturbationRule
from lamina.engine.plan import BestEpoch, Clipping, Epochs

WIDTHS = [1, 16]  # of one row, the gradient of 16 weights is not written down


def _line(box, units=1, kind="absolute_error", **fields):
    """One dense layer without a bias, of one feature."""
    builder = box.ProgramBuilder(1)
    return builder.program(Head(kind, builder.dense(0, units, bias=False, **fields), units))


def _row(units, x=1.0, target=0.0):
    return Batches([np.full((1, 1), x, np.float32)], [np.full((1, units), target, np.float32)])


def _rising(units):
    """A row with which weights of 3.4e38 become larger."""
    return _row(units, -1.0, -3.4028e38)


def _train(executor, data, rate, *, steps=1, decay=None):
    decays = None if decay is None else np.full(steps, decay)
    return executor.train(data, np.zeros(steps, np.int64), 1, 5, StepValues(np.full(steps, rate), decays))


def _assert_finite(executor):
    for vector in (executor.snapshot().parameters, executor.snapshot().state, executor.snapshot().slots):
        assert np.isfinite(vector).all()


@pytest.mark.parametrize("units", WIDTHS)
def test_weights_that_overflow_are_named_in_their_step(box, rule, units):
    for executor in box.pair(_line(box, units), "float32"):
        executor.configure(TrainingPlan(rule))
        executor.restore(parameters=np.full(executor.program.num_parameters, 3.4e38))
        result = _train(executor, _rising(units), 1e38, steps=3)
        assert result.failure == Failure(5, "dense_0", "updated weights")
        assert (len(result.losses), result.num_clipped) == (0, 0)


@pytest.mark.parametrize("units", WIDTHS)
@pytest.mark.parametrize("name", ["rmsprop", "adagrad", "adam", "nadam"])
def test_squares_that_overflow_are_the_optimizers_state(box, name, units):
    for executor in box.pair(_line(box, units), "float32"):
        executor.configure(TrainingPlan(box.rules[name]))
        executor.restore(parameters=np.full(executor.program.num_parameters, 1e-3))
        result = _train(executor, _row(units, 1e22), 1e-3)
        assert result.failure == Failure(5, "dense_0", "optimizer state")
        assert np.isfinite(executor.snapshot().parameters).all()


@pytest.mark.parametrize("units", WIDTHS)
def test_the_steps_before_it_are_done_and_reported(box, units):
    for executor in box.pair(_line(box, units), "float32"):
        executor.configure(TrainingPlan(box.rules["gradient_descent"]))
        executor.restore(parameters=np.full(executor.program.num_parameters, 3.4e38))
        values = StepValues(np.array([1.0, 1.0, 1.0, 1e38, 1.0]))
        result = executor.train(_rising(units), np.zeros(5, np.int64), 1, 0, values)
        assert result.failure == Failure(3, "dense_0", "updated weights")
        assert len(result.losses) == 3


@pytest.mark.parametrize("units", WIDTHS)
def test_weight_decay_that_overflows_is_seen(box, units):
    for executor in box.pair(_line(box, units, decay=True), "float32"):
        executor.configure(TrainingPlan(box.rules["gradient_descent"]))
        executor.restore(parameters=np.full(executor.program.num_parameters, 10.0))
        assert _train(executor, _row(units), 1e19, decay=1e19).failure == Failure(5, "dense_0", "updated weights")


def test_the_first_layer_in_forward_order_is_named(box):
    builder = box.ProgramBuilder(1)
    first = builder.dense(0, 1, bias=False)
    program = builder.program(Head("absolute_error", builder.dense(first, 1, bias=False), 1))
    for executor in box.pair(program, "float32"):
        executor.configure(TrainingPlan(box.rules["gradient_descent"]))
        executor.restore(parameters=np.array([2.0, 0.0]))
        assert _train(executor, _row(1, target=-1.0), 3e38).failure == Failure(5, "dense_1", "updated weights")
        executor.restore(parameters=np.array([2.0, 2.0]))
        assert _train(executor, _row(1, target=-1.0), 3e38).failure == Failure(5, "dense_0", "updated weights")


def test_clipping_does_not_hide_an_update_that_overflows(box):
    for executor in box.pair(_line(box), "float32"):
        executor.configure(TrainingPlan(box.rules["gradient_descent"], Clipping(norm=0.5)))
        executor.restore(parameters=np.full(executor.program.num_parameters, 3.4e38))
        result = _train(executor, _rising(1), 3e38)
        assert result.failure == Failure(5, "dense_0", "updated weights")
        assert result.num_clipped == 0


def test_a_bound_on_the_norm_does_not_make_infinite_weights_finite_unseen(box):
    for executor in box.pair(_line(box, max_norm=1.0), "float32"):
        executor.configure(TrainingPlan(box.rules["gradient_descent"]))
        executor.restore(parameters=np.full(executor.program.num_parameters, 3.4e38))
        assert _train(executor, _rising(1), 3e38).failure == Failure(5, "dense_0", "updated weights")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_norm_of_huge_weights_is_bounded_and_not_lost(box, dtype):
    builder = box.ProgramBuilder(2)
    program = builder.program(Head("absolute_error", builder.dense(0, 2, bias=False, max_norm=5.0), 2))
    huge = 1e30 if dtype == "float32" else 1e200
    for executor in box.pair(program, dtype):
        executor.configure(TrainingPlan(box.rules["gradient_descent"]))
        executor.restore(parameters=np.array([3 * huge, 0.3, 4 * huge, 0.4]))
        data = Batches([np.zeros((1, 2), dtype)], [np.zeros((1, 2), dtype)])
        assert _train(executor, data, 0.1).failure is None
        np.testing.assert_allclose(executor.snapshot().parameters, [3.0, 0.3, 4.0, 0.4], rtol=1e-6)


def _normalized(box):
    builder = box.ProgramBuilder(1)
    return builder.program(Head("squared_error", builder.dense(builder.batch_norm(0), 1), 1))


def _far_apart():
    """Rows whose variance overflows in float32: normalized they are 0, and all else is finite."""
    return Batches([np.array([[-1e20], [1e20]], np.float32)], [np.zeros((2, 1), np.float32)])


def test_running_statistics_that_overflow_are_found_and_nothing_is_applied(box):
    for executor in box.pair(_normalized(box), "float32"):
        executor.configure(TrainingPlan(box.rules["adam"]))
        before = executor.snapshot().parameters, executor.snapshot().state, executor.snapshot().slots
        result = executor.train(_far_apart(), np.arange(2), 2, 3, StepValues(np.ones(1)))
        assert result.failure == Failure(3, "batch_norm_0", "running statistics")
        for old, new in zip(
            before, (executor.snapshot().parameters, executor.snapshot().state, executor.snapshot().slots), strict=True
        ):
            np.testing.assert_array_equal(old, new)


def test_the_state_is_that_before_a_step_whose_update_overflows(box):
    for executor in box.pair(_normalized(box), "float32"):
        executor.configure(TrainingPlan(box.rules["gradient_descent"]))
        before = executor.snapshot().state
        data = Batches([np.array([[1.0], [2.0]], np.float32)], [np.full((2, 1), 1e5, np.float32)])
        result = executor.train(data, np.arange(2), 2, 0, StepValues(np.array([3e38])))
        assert result.failure.quantity == "updated weights"
        np.testing.assert_array_equal(executor.snapshot().state, before)


def test_the_second_half_of_a_step_looks_too(box, second_half):
    for executor in box.pair(_line(box, 2), "float32"):
        executor.configure(TrainingPlan(box.rules["adam"]))
        executor.forward(_row(2).inputs, np.zeros(1, np.int64), 4)
        failure = second_half(executor, [np.full((1, 2), 1e22, np.float32)], 4, 0.1)
        assert failure == Failure(4, "dense_0", "optimizer state")


def test_the_second_half_of_a_step_puts_running_statistics_back(box, second_half):
    for executor in box.pair(_normalized(box), "float32"):
        executor.configure(TrainingPlan(box.rules["adam"]))
        before = executor.snapshot().state
        executor.forward(_far_apart().inputs, np.arange(2), 4)
        failure = second_half(executor, [np.ones((2, 1), np.float32)], 4, 0.1)
        assert failure == Failure(4, "batch_norm_0", "running statistics")
        np.testing.assert_array_equal(executor.snapshot().state, before)


def test_an_epoch_whose_last_update_overflows_is_no_candidate_for_the_best(box):
    executor, _ = box.pair(_line(box), "float32")
    assert runs_epochs(executor)
    executor.configure(TrainingPlan(box.rules["gradient_descent"]))
    executor.restore(parameters=np.full(executor.program.num_parameters, 3.4e38))
    arrays = [np.zeros(size, np.float32) for size in (1, 0, 1, 0)]
    best = BestEpoch(np.inf, *arrays)
    result = executor.train_epochs(_rising(1), Epochs(0, 2), 1, 0, StepValues(np.full(2, 3e38)), best)
    assert result.failure == Failure(0, "dense_0", "updated weights")
    assert (best.loss, best.parameters[0]) == (np.inf, 0.0)


@pytest.mark.parametrize("antithetic", [True, False])
def test_perturbed_weights_that_overflow_are_named_and_put_back(box, antithetic):
    rule = PerturbationRule("all", trials=1, scale=0.1, antithetic=antithetic)
    for executor in box.pair(_line(box), "float32"):
        executor.configure(TrainingPlan(box.rules["gradient_descent"]))
        executor.restore(parameters=np.full(executor.program.num_parameters, 1.0))
        values = StepValues(np.array([1e39]))
        result = executor.perturb(_row(1), np.zeros(1, np.int64), 1, 5, values, rule)
        assert result.failure == Failure(5, "dense_0", "updated weights")
        assert executor.snapshot().parameters[0] == 1.0


@pytest.mark.parametrize("kind", ["one", "all"])
def test_running_statistics_that_overflow_stop_perturbation_too(box, kind):
    for executor in box.pair(_normalized(box), "float32"):
        executor.configure(TrainingPlan(box.rules["gradient_descent"]))
        before = executor.snapshot().parameters, executor.snapshot().state
        rule = PerturbationRule(kind, trials=2, scale=0.1)
        result = executor.perturb(_far_apart(), np.arange(2), 2, 5, StepValues(np.array([0.1])), rule)
        assert result.failure == Failure(5, "batch_norm_0", "running statistics")
        np.testing.assert_array_equal(executor.snapshot().parameters, before[0])
        np.testing.assert_array_equal(executor.snapshot().state, before[1])


def test_a_single_weight_is_never_perturbed_to_infinity(box):
    builder = box.ProgramBuilder(1)
    program = builder.program(Head("squared_error", builder.activation(builder.dense(0, 1, bias=False), "tanh"), 1))
    data = Batches([np.ones((1, 1), np.float32)], [np.ones((1, 1), np.float32)])
    rule = PerturbationRule("one", trials=50, accept_ties=True)
    for executor in box.pair(program, "float32"):
        executor.configure(TrainingPlan(box.rules["gradient_descent"]))
        result = executor.perturb(data, np.zeros(4, np.int64), 1, 0, StepValues(np.full(4, 3e38)), rule)
        assert result.failure is None
        _assert_finite(executor)


@pytest.mark.parametrize("instruction_set", _native.instruction_sets())
@pytest.mark.parametrize("size", [1, 15, 16, 17, 63, 64, 65, 40_000])
def test_an_overflow_is_found_wherever_it_lies(box, rule, size, instruction_set):
    program = _line(box, size)
    executor, _ = box.pair(program, "float32", instruction_set=instruction_set)
    rng = np.random.default_rng(size)
    for rows in (1, 2):
        for at in {0, size - 1, int(rng.integers(size))}:
            executor.configure(TrainingPlan(rule, record_norms=rows == 2))
            executor.restore(parameters=np.full(executor.program.num_parameters, 1.0))
            executor.restore(slots=np.full_like(executor.snapshot().slots, 0.0))
            executor.views()[0][at] = 3.4e38
            targets = np.ones((rows, size), np.float32)
            targets[:, at] = -3.4e38  # so that this weight rises, and the others fall
            data = Batches([np.full((rows, 1), -0.5, np.float32)], [targets])
            result = executor.train(data, np.arange(rows), rows, 0, StepValues(np.array([1e38])))
            assert result.failure == Failure(0, "dense_0", "updated weights")


@pytest.mark.parametrize("seed", range(40))
def test_what_ends_without_a_failure_is_finite_for_any_rate_and_scale(box, seed):
    rng = np.random.default_rng(seed)
    rule = list(box.rules.values())[seed % len(box.rules)]
    builder = box.ProgramBuilder(3)
    x = builder.activation(builder.dense(0, 16, decay=True), ["relu", "tanh"][seed % 2])
    x = builder.batch_norm(x) if seed % 3 == 0 else x
    program = builder.program(Head("squared_error", builder.dense(x, 1, max_norm=2.0 * (seed % 4 == 0)), 1))
    batch = 1 if seed % 5 < 3 and seed % 3 else 4
    for executor in box.pair(program, "float32"):
        for scale, rate in 10.0 ** rng.uniform([-38, -10], [38, 38], (12, 2)):
            executor.configure(TrainingPlan(rule, Clipping(norm=1.0) if seed % 7 == 0 else Clipping()))
            executor.restore(slots=np.zeros_like(executor.snapshot().slots), state=np.ones(program.num_state))
            executor.restore(parameters=rng.normal(size=program.num_parameters))
            data = Batches([(scale * rng.normal(size=(8, 3))).astype("f4")], [rng.normal(size=(8, 1)).astype("f4")])
            values = StepValues(np.full(8 // batch, rate), np.full(8 // batch, 0.1))
            result = executor.train(data, np.arange(8), batch, 0, values)
            assert np.isfinite(result.losses).all()
            if result.failure is None or result.failure.quantity not in ("updated weights", "optimizer state"):
                _assert_finite(executor)


@pytest.mark.parametrize("seed", range(8))
def test_overflows_in_any_call_come_without_a_warning(box, seed, second_half):
    rng = np.random.default_rng(seed)
    kind = ["softmax_cross_entropy", "sigmoid_cross_entropy", "squared_error", "poisson"][seed % 4]
    settings = (0.1,) if kind.endswith("entropy") else ()
    builder = box.ProgramBuilder(3)
    x = builder.batch_norm(builder.activation(builder.dense(0, 4, l2=1e30), ["exp", "gelu"][seed % 2]))
    program = builder.program(Head(kind, builder.dense(builder.layer_norm(x), 2, l1=1e30), 2, settings))
    wide = 10.0 ** rng.uniform(30, 300, (6, 3))  # float64, beyond float32
    sources = [wide, scipy.sparse.csr_array(wide), np.asarray(wide[:, ::-1])[:, ::-1], wide.astype(">f8")]
    for executor in box.pair(program, "float32"):
        executor.configure(TrainingPlan(box.rules["adam"], Clipping(layer_norm=1.0, norm=1.0), record_norms=True))
        executor.views()[0][:] *= 1e30
        for inputs in sources:
            data = Batches([inputs], [rng.random((6, 2)).astype("f4")])
            executor.train(data, np.arange(6), 2, 0, StepValues(np.full(3, 1e30)))
            executor.evaluate(data)
            executor.predict(data.inputs, ["softmax"])
            executor.loss_and_gradient(data)
            executor.forward(data.inputs, np.arange(6), 0)
            second_half(executor, [np.full((6, 2), 1e300)], 0, 1e300, 1e300)
        for rule in (PerturbationRule("one", 3), PerturbationRule("all", 2, 1e30), PerturbationRule("all", 2, 1e30, False)):
            executor.perturb(data, np.arange(6), 2, 0, StepValues(np.full(3, 1e300)), rule)
