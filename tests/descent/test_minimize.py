"""Gradient descent on plain functions (L14), clipping on the cliff (L26 to L28)."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from lamina import Clipping, minimize
from lamina.descent import SURFACES, numerical_gradient
from lamina.engine.formulas.update import RULES
from lamina.errors import DataError, InvalidSettingError
from lamina.optimizers import LBFGS, OPTIMIZERS, Adam, AdamW, GradientDescent, Momentum, StepOptimizer
from lamina.schedules import SCHEDULES, Adaptive

BOWL = SURFACES["bowl"]
STEPPING = [name for name, kind in OPTIMIZERS.items() if issubclass(kind, StepOptimizer)]


def on(surface, **settings):
    return minimize(surface, surface.gradient, surface.start, **settings)


def test_every_step_is_old_minus_rate_times_gradient():
    way = on(SURFACES["beale"], optimizer=GradientDescent(0.01), max_steps=50)
    gradients = SURFACES["beale"].gradient(way.points)
    np.testing.assert_allclose(way.points[1:], way.points[:-1] - 0.01 * gradients[:-1], rtol=1e-12)
    np.testing.assert_allclose(way.values, SURFACES["beale"].function(way.points), rtol=1e-12)
    np.testing.assert_allclose(way.gradient_norms, np.linalg.norm(gradients, axis=1), rtol=1e-12)


def test_on_a_bowl_each_step_shrinks_the_point_by_one_minus_the_rate():
    way = on(BOWL, optimizer=GradientDescent(0.25), max_steps=10, tol=0)
    expected = np.array(BOWL.start) * 0.75 ** np.arange(11)[:, np.newaxis]
    np.testing.assert_allclose(way.points, expected, rtol=1e-12)
    assert way.stop_reason.code == "max_steps"
    assert "All 10 steps were taken" in way.stop_reason.text


def test_a_rate_above_two_over_the_curvature_diverges_and_one_below_does_not():
    ravine = SURFACES["ravine"]  # its largest curvature is 25
    assert on(ravine, optimizer=GradientDescent(0.079), max_steps=2000).converged
    diverging = on(ravine, optimizer=GradientDescent(0.081), max_steps=2000)
    assert diverging.values[-1] > 1e6 * diverging.values[0]


def test_it_stops_at_the_first_point_whose_gradient_is_below_the_tolerance():
    way = on(BOWL, optimizer=GradientDescent(0.1), tol=1e-2)
    assert way.converged
    assert way.gradient_norms[-1] < 1e-2 <= way.gradient_norms[-2]
    assert "almost zero" in way.stop_reason.text


def test_a_start_at_a_minimum_needs_no_step():
    way = minimize(BOWL, BOWL.gradient, [0.0, 0.0])
    assert (way.num_steps, way.stop_reason.code) == (0, "gradient_zero")


@pytest.mark.parametrize("kind", STEPPING)
def test_every_optimizer_takes_the_steps_of_its_rule(kind):
    optimizer = OPTIMIZERS[kind](learning_rate=0.05)
    assert isinstance(optimizer, StepOptimizer)
    way = on(SURFACES["himmelblau"], optimizer=optimizer, max_steps=5, tol=0)
    rule, w = optimizer.rule(), np.array(SURFACES["himmelblau"].start)
    slots = tuple(np.zeros(2) for _ in range(rule.num_slots))
    for t in range(1, 6):
        gradient = SURFACES["himmelblau"].gradient(w)
        w = w * (1 - 0.05 * optimizer.weight_decay)
        w, slots = RULES[rule.kind](w, gradient, slots, t, 0.05, *rule.coefficients)
        np.testing.assert_allclose(way.points[t], w, rtol=1e-12)


@pytest.mark.parametrize("kind", ["lbfgs", *STEPPING])
@pytest.mark.parametrize("name", ["bowl", "beale"])
def test_every_optimizer_finds_the_minimum(kind, name):
    rates = {"gradient_descent": 0.02, "momentum": 0.01, "nesterov": 0.01, "rmsprop": 0.005, "adagrad": 0.5}
    settings = {} if kind == "lbfgs" else {"learning_rate": rates.get(kind, 0.02)}
    if kind == "adamw":
        settings["weight_decay"] = 0.0
    optimizer = OPTIMIZERS[kind](**settings)
    way = on(SURFACES[name], optimizer=optimizer, max_steps=5000, tol=1e-4)
    assert np.abs(way.point - SURFACES[name].minima[0]).max() < 0.02, str(way)


def test_weight_decay_pulls_the_minimum_towards_the_origin():
    start = [2.0]
    way = minimize(lambda x: float((x[0] - 1) ** 2), lambda x: 2 * (x - 1), start, optimizer=AdamW(0.01, weight_decay=1.0))
    assert 0 < way.point[0] < 0.9


def test_lbfgs_walks_as_scipys_and_keeps_its_iterates():
    rosenbrock = SURFACES["rosenbrock"]
    way = on(rosenbrock, optimizer=LBFGS(gradient_tol=1e-8, loss_tol=0.0), tol=1e-7)
    theirs = optimize.minimize(
        rosenbrock, rosenbrock.start, jac=rosenbrock.gradient, method="L-BFGS-B", options={"gtol": 1e-8, "ftol": 0}
    )
    np.testing.assert_allclose(way.point, theirs.x, atol=1e-5)
    assert way.points.shape == (way.num_steps + 1, 2)
    assert (np.diff(way.values) <= 0).all()
    assert np.isnan(way.learning_rates).all()
    assert way.converged


def test_lbfgs_keeps_to_the_tolerance_asked_for():
    rosenbrock = SURFACES["rosenbrock"]
    way = minimize(rosenbrock, rosenbrock.gradient, rosenbrock.start, optimizer=LBFGS(loss_tol=0.0), tol=1e-9)
    assert way.stop_reason.code == "gradient_zero"
    assert np.abs(rosenbrock.gradient(way.point)).max() <= 1e-9


def test_lbfgs_stops_after_the_steps_asked_for():
    way = on(SURFACES["rosenbrock"], optimizer="lbfgs", max_steps=3)
    assert (way.num_steps, way.stop_reason.code) == (3, "max_steps")


def test_lbfgs_says_when_the_value_no_longer_falls():
    way = on(SURFACES["rosenbrock"], optimizer=LBFGS(gradient_tol=0.0, loss_tol=1e-2), tol=0)
    text = "The last iteration lowered the value by no more than 0.01 times the larger of 1 and its size."
    assert (way.stop_reason.code, way.stop_reason.text) == ("no_improvement", text)
    before, after = way.values[-2:]
    assert before - after <= 0.01 * max(abs(before), abs(after), 1)


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_sets_the_rates(name):
    way = on(BOWL, optimizer=GradientDescent(0.1), schedule=name, max_steps=30, tol=0)
    schedule = SCHEDULES[name]()
    if schedule.reactive is None:
        np.testing.assert_allclose(way.learning_rates, schedule.rates(0.1, 0, 30, 1, 30))
    assert way.value < way.values[0]


def test_a_schedule_that_reacts_lowers_the_rate_when_the_value_rises_and_ends_when_it_can_no_more():
    schedule = Adaptive(patience=0, minimum=0.05)
    # At rate 2 the bowl's point flips its sign for ever.
    way = on(BOWL, optimizer=GradientDescent(2.0), schedule=schedule, max_steps=100, tol=0)
    assert way.learning_rates[:3].tolist() == [2.0, 2.0, 0.4]
    stuck = minimize(lambda x: 1.0, lambda x: np.ones(1), 0.0, schedule=Adaptive(patience=0, minimum=1.0), max_steps=100)
    assert stuck.stop_reason.code == "no_improvement"
    assert schedule.factor == 1.0, "the user's own schedule must not remember"


def test_without_a_gradient_differences_lead_to_the_same_place():
    beale = SURFACES["beale"]
    settings = {"optimizer": Adam(0.05), "max_steps": 300}
    ours, theirs = minimize(beale, None, beale.start, **settings), on(beale, **settings)
    np.testing.assert_allclose(ours.points, theirs.points, atol=1e-6)


def test_a_function_of_one_number_may_return_an_array_of_one():
    way = minimize(lambda x: (x - 3) ** 2, None, 0.0, optimizer=GradientDescent(0.1))
    assert way.stop_reason.code == "gradient_zero"
    np.testing.assert_allclose(way.point, [3.0], atol=1e-6)


def test_central_differences_are_accurate_to_eight_digits():
    point = np.array([0.3, -2.0, 4.0])
    gradient = numerical_gradient(lambda x: float(np.sin(x[0]) * np.exp(x[1]) + x[2] ** 3), point)
    expected = [np.cos(0.3) * np.exp(-2.0), np.sin(0.3) * np.exp(-2.0), 3 * 4.0**2]
    np.testing.assert_allclose(gradient, expected, rtol=1e-8)


def test_on_the_cliff_an_unclipped_step_is_thrown_far_and_no_clipped_one_is():
    cliff, optimizer = SURFACES["cliff"], GradientDescent(0.05)
    thrown = on(cliff, optimizer=optimizer, max_steps=100)
    kept = on(cliff, optimizer=optimizer, max_steps=100, clipping=Clipping(norm=1.0))
    lengths = [np.linalg.norm(np.diff(way.points, axis=0), axis=1).max() for way in (thrown, kept)]
    assert lengths[0] > 5.0
    assert lengths[1] <= 0.05 * (1 + 1e-12)
    assert kept.num_clipped > 10
    assert thrown.num_clipped == 0


def test_clipping_by_norm_keeps_the_direction_and_by_value_bounds_each_element():
    def start(clipping):
        return minimize(BOWL, BOWL.gradient, [30.0, 4.0], optimizer=GradientDescent(1.0), clipping=clipping, max_steps=1)

    by_norm, by_value = start(Clipping(norm=1.0)), start(Clipping(value=(-1.0, 2.0)))
    step = by_norm.points[0] - by_norm.points[1]
    np.testing.assert_allclose(step, np.array([30.0, 4.0]) / np.hypot(30, 4), rtol=1e-12)
    np.testing.assert_allclose(by_value.points[0] - by_value.points[1], [2.0, 2.0])


def test_a_step_to_where_nothing_is_finite_is_taken_back():
    way = minimize(lambda x: float(x[0] ** 4), lambda x: 4 * x**3, 10.0, optimizer=GradientDescent(1.0))
    assert way.stop_reason.code == "non_finite"
    assert np.isfinite(way.points).all()
    assert np.isfinite(way.values).all()
    assert "was taken back" in way.stop_reason.text


def test_the_same_descent_twice_is_the_same():
    first, second = (on(SURFACES["himmelblau"], optimizer=Momentum(0.005), schedule="adaptive") for _ in range(2))
    np.testing.assert_array_equal(first.points, second.points)


def test_a_function_that_writes_into_its_argument_does_no_harm():
    def careless(x):
        x *= 2
        return float(x @ x)

    way = minimize(careless, lambda x: 8 * x, [1.0], optimizer=GradientDescent(0.1), max_steps=3)
    np.testing.assert_allclose(way.points[:, 0], 0.2 ** np.arange(4), rtol=1e-9)


def test_the_result_reads_as_a_sentence():
    way = minimize(BOWL, BOWL.gradient, [1.0, 0.0], optimizer=GradientDescent(1.0))
    assert str(way) == "(0, 0) with value 0 after 1 steps. The gradient was almost zero: its norm was 0."


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tol": -1}, "minimize: tol must be a number >= 0, got -1"),
        ({"max_steps": 0}, "minimize: max_steps must be an integer >= 1, got 0"),
        ({"optimizer": "adm"}, "Did you mean 'adam'"),
        ({"schedule": "cosin"}, "Did you mean 'cosine'"),
        ({"optimizer": "lbfgs", "schedule": "cosine"}, "schedule must be left out with L-BFGS"),
        ({"optimizer": "lbfgs", "clipping": Clipping(norm=1.0)}, "clipping must be left out with L-BFGS"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(InvalidSettingError, match=message):
        on(BOWL, **settings)


@pytest.mark.parametrize(
    ("function", "gradient", "start", "message"),
    [
        (BOWL, BOWL.gradient, [np.nan, 1.0], "start must be a finite number or a sequence"),
        (BOWL, BOWL.gradient, [[1.0, 2.0]], "start must be a finite number or a sequence"),
        (BOWL, BOWL.gradient, "here", "start must be numbers"),
        (lambda x: x, lambda x: x, [1.0, 2.0], "function must return one number"),
        (lambda x: None, lambda x: x, 1.0, "function must return one number"),
        (BOWL, lambda x: x[:1], [1.0, 2.0], "gradient must return 2 numbers"),
        (lambda x: float("inf"), lambda x: x, 1.0, "start must have a finite value and gradient"),
    ],
)
def test_wrong_functions_and_starts_are_refused(function, gradient, start, message):
    with pytest.raises(DataError, match=message):
        minimize(function, gradient, start)


def test_perturbed_weights_are_refused_where_a_gradient_is_to_be_followed():
    with pytest.raises(InvalidSettingError, match="optimizer must follow a gradient, got 'perturb-one'"):
        on(BOWL, optimizer="perturb-one")
