"""Every head: losses in closed form, gradients by differences, and logits of any size."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lamina.engine.formulas.heads.table import HEADS

RNG = np.random.default_rng(3)
N, K = 5, 3
LOGITS = RNG.normal(size=(N, K))
EVEN_LOGITS = np.random.default_rng(4).normal(size=(N, 4))
SIGNS = np.where(RNG.normal(size=(N, K)) > 0, 1.0, -1.0)
SHARES = RNG.dirichlet(np.ones(K), size=N)
CLASSES = RNG.integers(0, K, size=(N, 1)).astype(float)

# kind, settings, target
CASES = [
    ("squared_error", (), RNG.normal(size=(N, K))),
    ("absolute_error", (), RNG.normal(size=(N, K))),
    ("huber", (0.7,), RNG.normal(size=(N, K)) * 2),
    ("log_cosh", (), RNG.normal(size=(N, K)) * 2),
    ("poisson", (), RNG.poisson(2.0, size=(N, K)).astype(float)),
    ("gamma", (), RNG.gamma(2.0, size=(N, K))),
    ("tweedie", (1.3,), RNG.poisson(1.0, size=(N, K)) * 1.5),
    ("gaussian_nll", (1e-6, 0.0), EVEN_LOGITS[::-1, :2] + 1),
    ("gaussian_nll", (0.5, 0.9), EVEN_LOGITS[::-1, :2] + 1),
    ("quantile", (0.1, 0.5, 0.9), RNG.normal(size=(N, 1))),
    ("softmax_cross_entropy", (), CLASSES),
    ("softmax_cross_entropy", (0.1,), CLASSES),
    ("softmax_cross_entropy", (0.1,), SHARES),
    ("sigmoid_cross_entropy", (0.0,), (SIGNS + 1) / 2),
    ("sigmoid_cross_entropy", (0.2,), (SIGNS + 1) / 2),
    ("focal", (2.0, 1.0, 1.0), (SIGNS + 1) / 2),
    ("focal", (0.5, 0.25, 0.75), (SIGNS + 1) / 2),
    ("focal", (0.0, 1.0, 1.0), SHARES),
    ("hinge", (), SIGNS),
    ("squared_hinge", (), SIGNS),
    ("categorical_hinge", (), CLASSES),
    ("perceptron", (), SIGNS),
]
IDS = [f"{kind}{list(settings)}-{target.shape[1]}" for kind, settings, target in CASES]


def logits_of(kind):
    """Means and logarithms of variances for the Gaussian, else whatever."""
    return EVEN_LOGITS if kind == "gaussian_nll" else LOGITS


# -q^2 (2 p (-log p) + q) / 4 at p = q = 1/2, and p^2 (2 q (-log q) + p) 3 / 4 at p = 3/4
FOCAL = [-(math.log(2) + 0.5) / 16, 27 / 64 * (0.5 * math.log(4) + 0.75)]

# s = log 3 and -inf, eps = 1: v = 4 and 1; z - t = 2 and -3
GAUSSIAN = (0.5 * (math.log(4) + 1) + 0.5 * 9 + 2 * 0.25, [0.5, -3.0, 0.0, 0.0])

# kind, settings, logits, target, loss, gradient: by hand
BY_HAND = [
    ("squared_error", (), [3.0, 0.0], [1.0, 1.0], 2.5, [2.0, -1.0]),
    ("absolute_error", (), [3.0, 0.5, 1.0], [1.0, 1.0, 1.0], 2.5, [1.0, -1.0, 0.0]),
    ("huber", (2.0,), [1.0, -5.0], [0.0, 0.0], 0.5 + 2 * (5 - 1), [1.0, -2.0]),
    ("log_cosh", (), [math.log(2.0), 1.0], [0.0, 1.0], math.log(1.25), [0.6, 0.0]),
    ("gamma", (), [math.log(2.0), 0.0], [2.0, 4.0], 4 - math.log(4) - 1, [0.0, -3.0]),
    ("tweedie", (1.5,), [0.0, math.log(4.0)], [0.0, 1.0], 2 + 4 + 1 - 4, [1.0, 1.5]),
    ("poisson", (), [0.0, math.log(3.0)], [0.0, 2.0], 1 + 3 - 2 * math.log(3) + 2 * math.log(2) - 2, [1.0, 1.0]),
    ("gaussian_nll", (1.0, 0.25), [3.0, 0.0, math.log(3.0), -np.inf], [1.0, 3.0], *GAUSSIAN),
    ("gaussian_nll", (1.0, 0.0), [5.0, math.log(3.0)], [1.0], 0.5 * (math.log(4) + 4), [1.0, 0.5 * (1 - 4) * 0.75]),
    ("quantile", (0.25, 0.75), [0.0, 6.0, 1.0, 1.0], [4.0, 1.0], 1.0 + 0.5, [-0.25, 0.25, 0.0, 0.0]),
    ("softmax_cross_entropy", (), [0.0, math.log(3.0)], [0.0], math.log(4), [-0.75, 0.75]),
    ("softmax_cross_entropy", (), [0.0, math.log(3.0)], [0.5, 0.5], math.log(4) - math.log(3) / 2, [-0.25, 0.25]),
    ("softmax_cross_entropy", (0.2,), [0.0, math.log(3.0)], [0.0], math.log(4) - 0.1 * math.log(3), [-0.65, 0.65]),
    ("sigmoid_cross_entropy", (), [0.0, math.log(3.0)], [1.0, 0.0], math.log(2) + math.log(4), [-0.5, 0.75]),
    ("sigmoid_cross_entropy", (0.2,), [math.log(3.0)], [1.0], math.log(4) - 0.9 * math.log(3), [-0.15]),
    ("hinge", (), [0.5, -2.0, 3.0, 1.0], [1.0, 1.0, 1.0, 1.0], 3.5, [-1.0, -1.0, 0.0, -1.0]),
    ("focal", (2.0, 0.25, 0.75), [0.0, math.log(3.0)], [1.0, 0.0], math.log(2) / 16 + 27 / 64 * math.log(4), FOCAL),
    ("squared_hinge", (), [0.5, -2.0, 3.0, 1.0], [1.0, 1.0, 1.0, 1.0], 9.25, [-1.0, -6.0, 0.0, 0.0]),
    ("categorical_hinge", (), [0.5, -2.0, 3.0, 1.0], [0.0], 3.5, [-1.0, 0.0, 1.0, 0.0]),
    ("categorical_hinge", (), [0.5, -2.0, 3.0, 1.0], [2.0], 0.0, [0.0, 0.0, 0.0, 0.0]),
    ("categorical_hinge", (), [2.0, 1.0, 1.0], [0.0], 0.0, [-1.0, 1.0, 0.0]),
    ("perceptron", (), [0.5, -2.0, 3.0, 0.0], [-1.0, 1.0, 1.0, 1.0], 2.5, [1.0, -1.0, 0.0, -1.0]),
]


def test_every_head_is_tried():
    assert {kind for kind, *_ in CASES} == HEADS.keys() == {kind for kind, *_ in BY_HAND}


@pytest.mark.parametrize(("kind", "settings", "logits", "target", "loss", "gradient"), BY_HAND)
def test_values_by_hand(kind, settings, logits, target, loss, gradient, to):
    arguments = (to([logits]), to([target]), *settings)
    assert np.asarray(HEADS[kind].loss(*arguments)) == pytest.approx([loss], abs=1e-15)
    assert np.asarray(HEADS[kind].gradient(*arguments))[0] == pytest.approx(gradient, abs=1e-15)


@pytest.mark.parametrize(("kind", "settings", "target"), CASES, ids=IDS)
def test_gradient(kind, settings, target, xp, to, assert_gradient):
    logits = logits_of(kind)
    d_logits = HEADS[kind].gradient(to(logits), to(target), *settings)
    assert_gradient(lambda z: xp.sum(HEADS[kind].loss(to(z), to(target), *settings)), [logits], [d_logits])


@pytest.mark.parametrize(("kind", "settings", "target"), CASES, ids=IDS)
def test_a_batch_is_its_rows_one_by_one(kind, settings, target):
    logits = logits_of(kind)
    together = HEADS[kind].loss(logits, target, *settings)
    alone = [HEADS[kind].loss(logits[i : i + 1], target[i : i + 1], *settings)[0] for i in range(N)]
    assert together == pytest.approx(alone, rel=1e-14)


@pytest.mark.parametrize(("kind", "settings", "target"), CASES, ids=IDS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_huge_logits_give_finite_losses_and_gradients(kind, settings, target, dtype, xp):
    # exp(80), (1e18)^2 and (1e14)^2 / 1e-6 still fit into float32
    sizes = {"poisson": 80.0, "gamma": 20.0, "tweedie": 20.0, "squared_error": 1e18, "squared_hinge": 1e18, "gaussian_nll": 1e14}
    size = sizes.get(kind, 1e30)
    number = getattr(xp, dtype)
    arguments = (xp.asarray(logits_of(kind) * size, dtype=number), xp.asarray(target, dtype=number), *settings)
    if kind == "poisson":
        arguments = (xp.clip(arguments[0], max=size), *arguments[1:])
    loss, gradient = HEADS[kind].loss(*arguments), HEADS[kind].gradient(*arguments)
    assert loss.dtype == gradient.dtype == number
    assert np.all(np.isfinite(np.asarray(loss)))
    assert np.all(np.isfinite(np.asarray(gradient)))


@pytest.mark.parametrize(("kind", "settings", "target"), CASES, ids=IDS)
def test_nan_is_never_hidden(kind, settings, target, to):
    with np.errstate(all="ignore"):
        loss = HEADS[kind].loss(to(np.full_like(logits_of(kind), np.nan)), to(target), *settings)
    assert np.all(np.isnan(np.asarray(loss)))


def test_an_impossible_class_costs_nothing_unless_it_comes(to):
    with np.errstate(all="ignore"):
        loss = HEADS["softmax_cross_entropy"].loss(to([[0.0, -np.inf], [0.0, -np.inf]]), to([[0.0], [1.0]]))
    assert np.asarray(loss).tolist() == [0.0, np.inf]


def test_infinite_logits_of_sigmoids_cost_nothing_on_the_right_side(to):
    with np.errstate(all="ignore"):
        loss = HEADS["sigmoid_cross_entropy"].loss(to([[np.inf], [-np.inf], [np.inf]]), to([[1.0], [0.0], [0.0]]))
    assert np.asarray(loss).tolist() == [0.0, 0.0, np.inf]


def test_variances_of_nothing_and_of_infinity_have_limits(to):
    logits, target = to([[0.0, -np.inf], [0.0, np.inf], [1.0, -1e4], [1e20, 1e3]]), to([[1.0]] * 4)
    with np.errstate(all="ignore"):
        losses, gradients = (of(logits, target, 1.0, 0.0) for of in HEADS["gaussian_nll"])
    assert np.asarray(losses) == pytest.approx([0.5, np.inf, 0.0, 500.0])
    assert np.asarray(gradients).tolist() == [[-1, 0], [0, 0.5], [0, 0], [pytest.approx(0), pytest.approx(0.5)]]


def test_one_class_costs_nothing(to):
    loss = HEADS["softmax_cross_entropy"].loss(to([[5.0], [-3.0]]), to([[0.0], [0.0]]))
    assert np.asarray(loss).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(("kind", "settings", "target"), CASES, ids=IDS)
def test_no_rows_give_no_losses(kind, settings, target, to):
    nothing = logits_of(kind)[:0]
    arguments = (to(nothing), to(target[:0]), *settings)
    assert HEADS[kind].loss(*arguments).shape == (0,)
    assert HEADS[kind].gradient(*arguments).shape == nothing.shape
