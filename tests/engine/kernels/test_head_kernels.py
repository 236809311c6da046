"""Loss heads of the native kernels: closed forms, gradients, extreme logits, shapes that do not fill a vector."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from lamina.engine.formulas.heads.table import HEADS

SHAPES = [(1, 1), (1, 2), (16, 2), (37, 2), (7, 1), (300, 1), (1, 9), (5, 3), (33, 10), (20, 32), (3, 65), (2, 1100)]


def poisson(z, t):
    return np.exp(z) - t * z + special.xlogy(t, t) - t, np.exp(z) - t


def huber(z, t, delta=0.7):
    d = z - t
    return np.where(abs(d) <= delta, d * d / 2, delta * (abs(d) - delta / 2)), np.clip(d, -delta, delta)


def sigmoid_cross_entropy(z, t, smoothing=0.2):
    q = t * (1 - smoothing) + smoothing / 2
    return np.logaddexp(0, z) - q * z, special.expit(z) - q


def log_cosh(z, t):
    size = abs(z - t)
    close, far = np.log1p(2 * np.sinh(np.minimum(size, 1) / 2) ** 2), size - np.log(2) + np.log1p(np.exp(-2 * size))
    return np.where(size < 1, close, far), np.tanh(z - t)


def gamma(z, t):
    return z - np.log(t) + t * np.exp(-z) - 1, 1 - t * np.exp(-z)


def tweedie(z, t, power=1.3):
    a, b = 1 - power, 2 - power
    return np.exp(b * z) / b - t * np.exp(a * z) / a + t**b / (a * b), np.exp(b * z) - t * np.exp(a * z)


def focal(z, t, exponent=1.5, yes=0.25, no=0.75):
    p, q = special.expit(z), special.expit(-z)
    log_p, log_q = special.log_expit(z), special.log_expit(-z)
    losses = -yes * t * q**exponent * log_p - no * (1 - t) * p**exponent * log_q
    rise, fall = p**exponent * (p - exponent * q * log_q), q**exponent * (q - exponent * p * log_p)
    return losses, no * (1 - t) * rise - yes * t * fall


ELEMENTWISE = {
    "squared_error": (lambda z, t: ((z - t) ** 2 / 2, z - t), ()),
    "absolute_error": (lambda z, t: (abs(z - t), np.sign(z - t)), ()),
    "huber": (huber, (0.7,)),
    "log_cosh": (log_cosh, ()),
    "poisson": (poisson, ()),
    "gamma": (gamma, ()),
    "tweedie": (tweedie, (1.3,)),
    "focal": (focal, (1.5, 0.25, 0.75)),
    "sigmoid_cross_entropy": (sigmoid_cross_entropy, (0.2,)),
    "hinge": (lambda z, t: (np.maximum(0, 1 - t * z), np.where(t * z <= 1, -t, 0)), ()),
    "squared_hinge": (lambda z, t: (np.maximum(0, 1 - t * z) ** 2, -2 * t * np.maximum(0, 1 - t * z)), ()),
    "perceptron": (lambda z, t: (np.maximum(0, -t * z), np.where(t * z <= 0, -t, 0)), ()),
}


def test_every_head_is_tried():
    assert {*ELEMENTWISE, "gaussian_nll", "quantile", "softmax_cross_entropy", "categorical_hinge"} == HEADS.keys()


def targets_of(kind, rng, shape):
    if kind in ("hinge", "squared_hinge", "perceptron"):
        return rng.choice([-1.0, 1.0], shape)
    if kind in ("poisson", "tweedie"):
        return rng.poisson(1.0, shape).astype(float)
    if kind == "gamma":
        return rng.gamma(2.0, size=shape)
    return rng.uniform(size=shape) if kind in ("sigmoid_cross_entropy", "focal") else rng.normal(size=shape)


def check(kernels, got, losses, slopes, scale):
    loss, d_logits = got
    scale = scale.astype(np.float64)[:, None]
    np.testing.assert_allclose(loss, np.sum(scale * losses), rtol=60 * kernels.eps)
    np.testing.assert_allclose(d_logits, scale * slopes, rtol=100 * kernels.eps, atol=10 * kernels.eps)


@pytest.mark.parametrize("kind", ELEMENTWISE)
@pytest.mark.parametrize("shape", SHAPES)
def test_elementwise_heads_are_their_formulas(kernels, rng, kind, shape):
    formula, settings = ELEMENTWISE[kind]
    logits, target = kernels.array(rng.normal(0, 2, shape)), kernels.array(targets_of(kind, rng, shape))
    scale = kernels.array(rng.uniform(0.1, 1, shape[0]))
    losses, slopes = formula(logits.astype(np.float64), target.astype(np.float64))
    check(kernels, kernels.run_head(kind, logits, target, scale, *settings), losses, slopes, scale)


@pytest.mark.parametrize("levels", [(0.5,), (0.1, 0.5, 0.9)])
@pytest.mark.parametrize(("n", "width"), [(1, 1), (33, 2), (300, 1)])
def test_quantile_head_has_a_logit_a_target_and_level(kernels, rng, levels, n, width):
    target, scale = kernels.array(rng.normal(size=(n, width))), kernels.array(rng.uniform(0.1, 1, n))
    logits = kernels.array(rng.normal(size=(n, width * len(levels))))
    u = np.repeat(target, len(levels), axis=1).astype(np.float64) - logits
    q = np.tile(levels, width)
    check(
        kernels,
        kernels.run_head("quantile", logits, target, scale, *levels),
        np.maximum(q * u, (q - 1) * u),
        np.where(u > 0, -q, 1 - q),
        scale,
    )


@pytest.mark.parametrize("eps", [1e-6, 0.5])
@pytest.mark.parametrize("shape", SHAPES)
def test_gaussian_head_has_means_and_then_logarithms_of_variances(kernels, rng, shape, eps):
    n, num_targets = shape
    target, scale = kernels.array(rng.normal(size=shape)), kernels.array(rng.uniform(0.1, 1, n))
    logits = kernels.array(rng.normal(0, 2, (n, 2 * num_targets)))
    mean, log_variance = np.split(logits.astype(np.float64), 2, axis=1)
    variance, error = np.exp(log_variance) + eps, mean - target
    losses = (np.log(variance) + error**2 / variance) / 2 + 0.25
    slopes = np.hstack([error / variance, (1 - error**2 / variance) / 2 * np.exp(log_variance) / variance])
    loss, d_logits = kernels.run_head("gaussian_nll", logits, target, scale, eps, 0.25)
    row_scale = scale.astype(np.float64)[:, None]
    np.testing.assert_allclose(loss, np.sum(row_scale * losses), rtol=60 * kernels.eps, atol=60 * kernels.eps * losses.size)
    # a slope may be a small difference of large numbers
    np.testing.assert_allclose(d_logits, row_scale * slopes, rtol=200 * kernels.eps, atol=200 * kernels.eps)


@pytest.mark.parametrize(
    ("logits", "loss", "slopes"),
    [
        ([0, -np.inf], 0.5, [-1, 0]),
        ([0, np.inf], np.inf, [0, 0.5]),
        ([1, -1e4], 0, [0, 0]),
        ([1e15, 1e3], 500, [0, 0.5]),
        ([1e15, -1e3], 0.5 * (1e15 - 1) ** 2, [1e15 - 1, 0]),
        ([np.inf, 0], np.inf, [np.inf, -np.inf]),
    ],
)
def test_a_gaussian_of_extreme_logits_has_the_limits(kernels, logits, loss, slopes):
    got, d_logits = kernels.run_head("gaussian_nll", kernels.array([logits]), kernels.array([[1]]), kernels.array([1]), 1.0, 0.0)
    np.testing.assert_allclose(got, loss, rtol=4 * kernels.eps)
    np.testing.assert_allclose(d_logits, [slopes], rtol=4 * kernels.eps, atol=1e-30)


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_a_nan_among_means_or_variances_gives_a_nan_loss(kernels, place):
    logits = np.zeros((20, 4))
    logits[11, place] = np.nan
    ones = kernels.array(np.ones(20))
    loss, d_logits = kernels.run_head("gaussian_nll", kernels.array(logits), kernels.array(np.zeros((20, 2))), ones, 1e-6, 0.0)
    assert np.isnan(loss)
    assert not np.isnan(np.delete(d_logits, 11, axis=0)).any()


@pytest.mark.parametrize("kind", ["absolute_error", "quantile"])
def test_slope_at_the_kink_is_zero(kernels, kind):
    one = kernels.array([[0.5]])
    assert kernels.run_head(kind, one, one, kernels.array([1.0]), 0.3) == (0.0, np.zeros((1, 1)))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("by_class", [True, False])
def test_softmax_cross_entropy_from_classes_and_from_probabilities(kernels, rng, shape, smoothing, by_class):
    n, width = shape
    logits, scale = kernels.array(rng.normal(0, 2, shape)), kernels.array(rng.uniform(0.1, 1, n))
    classes = rng.integers(0, width, n)
    target = kernels.array(classes[:, None]) if by_class or width == 1 else kernels.array(rng.dirichlet(np.ones(width), n) * 0.9)
    share = np.eye(width)[classes] if by_class or width == 1 else target.astype(np.float64)
    share = share * (1 - smoothing) + smoothing / width
    z = logits.astype(np.float64)
    losses = share * (special.logsumexp(z, axis=1, keepdims=True) - z)
    slopes = special.softmax(z, axis=1) * share.sum(axis=1, keepdims=True) - share
    loss, d_logits = kernels.run_head("softmax_cross_entropy", logits, target, scale, smoothing)
    np.testing.assert_allclose(
        loss, np.sum(scale.astype(np.float64)[:, None] * losses), rtol=100 * kernels.eps, atol=100 * kernels.eps
    )
    np.testing.assert_allclose(d_logits, scale.astype(np.float64)[:, None] * slopes, rtol=1e-4, atol=10 * kernels.eps)


@pytest.mark.parametrize("shape", SHAPES)
def test_categorical_hinge_is_about_the_class_and_its_largest_rival(kernels, rng, shape):
    n, width = shape
    logits, scale = kernels.array(rng.normal(size=shape)), kernels.array(rng.uniform(0.1, 1, n))
    classes = rng.integers(0, width, n)
    is_right = np.eye(width, dtype=bool)[classes]
    others = np.where(is_right, -np.inf, logits.astype(np.float64))
    lacks = 1 + others.max(axis=1, keepdims=True) - logits.astype(np.float64)[is_right][:, None]
    is_rival = np.eye(width, dtype=bool)[others.argmax(axis=1)]
    slopes = np.where(lacks >= 0, is_rival.astype(float) - is_right, 0)
    check(
        kernels,
        kernels.run_head("categorical_hinge", logits, kernels.array(classes[:, None]), scale),
        np.maximum(0, lacks),
        slopes,
        scale,
    )


@pytest.mark.parametrize("target", [-1, 3, np.nan, 1e30])
def test_an_index_that_is_no_class_stands_for_a_logit_of_zero(kernels, target):
    arguments = kernels.array([[0.5, 2.0, -1.0]]), kernels.array([[target]]), kernels.array([1])
    loss, d_logits = kernels.run_head("categorical_hinge", *arguments)
    assert (loss, d_logits.tolist()) == (3.0, [[0, 1, 0]])


@pytest.mark.parametrize("width", [3, 80])
@pytest.mark.parametrize(
    ("logits", "loss", "slope"),
    [
        ([1e30, 0, 0], 0, [0, 0, 0]),
        ([np.inf, 0, 0], 0, [0, 0, 0]),
        ([0, 0, -np.inf], np.log(2), [-0.5, 0.5, 0]),
        ([np.inf, np.inf, 0], np.log(2), [-0.5, 0.5, 0]),
        ([0, np.inf, 0], np.inf, [-1, 1, 0]),
        ([-np.inf, 0, -np.inf], np.inf, [-1, 1, 0]),
    ],
)
def test_softmax_cross_entropy_of_extreme_logits_is_its_limit(kernels, width, logits, loss, slope):
    z = np.full((1, width), -np.inf)
    z[0, :3] = logits
    got, d_logits = kernels.run_head("softmax_cross_entropy", kernels.array(z), kernels.array([[0]]), kernels.array([1]), 0.0)
    np.testing.assert_allclose(got, loss, rtol=4 * kernels.eps)
    np.testing.assert_allclose(d_logits[0, :3], slope, atol=4 * kernels.eps)


@pytest.mark.parametrize(
    ("kind", "logit", "target", "loss", "slope"),
    [
        ("sigmoid_cross_entropy", np.inf, 1, 0, 0),
        ("sigmoid_cross_entropy", -np.inf, 0, 0, 0),
        ("sigmoid_cross_entropy", np.inf, 0, np.inf, 1),
        ("sigmoid_cross_entropy", -np.inf, 1, np.inf, -1),
        ("sigmoid_cross_entropy", 1e4, 0, 1e4, 1),
        ("poisson", -np.inf, 0, 0, 0),
        ("poisson", np.inf, 3, np.inf, np.inf),
        ("hinge", np.inf, 1, 0, 0),
        ("hinge", np.inf, -1, np.inf, 1),
        ("perceptron", -np.inf, 1, np.inf, -1),
        ("huber", 1e30, 0, 1e30, 1),
        ("log_cosh", 1e30, 0, 1e30, 1),
        ("log_cosh", -np.inf, 0, np.inf, -1),
        ("gamma", np.inf, 2, np.inf, 1),
        ("gamma", -np.inf, 2, np.inf, -np.inf),
        ("tweedie", np.inf, 2, np.inf, np.inf),
        ("tweedie", -np.inf, 0, 0, 0),
        ("tweedie", -np.inf, 2, np.inf, -np.inf),
        ("focal", np.inf, 1, 0, 0),
        ("focal", -np.inf, 0, 0, 0),
        ("focal", np.inf, 0, np.inf, 1),
        ("focal", -np.inf, 1, np.inf, -1),
        ("squared_hinge", np.inf, 1, 0, 0),
    ],
)
def test_infinite_logits_give_the_limits_of_the_losses(kernels, kind, logit, target, loss, slope):
    chosen = {"sigmoid_cross_entropy": (0.0,), "huber": (1.0,), "tweedie": (1.5,), "focal": (2.0, 1.0, 1.0)}
    settings = chosen.get(kind, ())
    got, d_logits = kernels.run_head(kind, kernels.array([[logit]]), kernels.array([[target]]), kernels.array([1]), *settings)
    np.testing.assert_allclose(got, loss, rtol=2 * kernels.eps)
    np.testing.assert_allclose(d_logits, [[slope]])


@pytest.mark.parametrize("kind", [*ELEMENTWISE, "softmax_cross_entropy", "categorical_hinge", "quantile"])
@pytest.mark.parametrize("width", [1, 3, 100])
def test_nan_logits_give_a_nan_loss(kernels, kind, width):
    logits = np.zeros((20, width))
    logits[11, width - 1] = np.nan
    target = np.zeros((20, 1 if kind in ("softmax_cross_entropy", "categorical_hinge") else width))
    settings = ELEMENTWISE.get(kind, (None, (0.5,)))[1]
    loss, d_logits = kernels.run_head(kind, kernels.array(logits), kernels.array(target), kernels.array(np.ones(20)), *settings)
    assert np.isnan(loss)
    assert not np.isnan(d_logits[10]).any()


def test_a_certain_and_right_prediction_keeps_the_digits_of_its_gradient(kernels):
    _, d_logits = kernels.run_head(
        "sigmoid_cross_entropy", kernels.array([[30.0]]), kernels.array([[1]]), kernels.array([1]), 0.0
    )
    np.testing.assert_allclose(d_logits, [[-1 / (1 + np.exp(30.0))]], rtol=4 * kernels.eps)


def test_no_rows_cost_nothing(kernels):
    nothing = kernels.array(np.zeros((0, 3)))
    for kind in (*ELEMENTWISE, "softmax_cross_entropy", "categorical_hinge"):
        assert kernels.run_head(kind, nothing, nothing, kernels.array([]), 0.5, 0.5, 0.5)[0] == 0.0
    assert kernels.run_head("gaussian_nll", kernels.array(np.zeros((0, 6))), nothing, kernels.array([]), 0.5, 0.0)[0] == 0.0
