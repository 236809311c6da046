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


ELEMENTWISE = {
    "squared_error": (lambda z, t: ((z - t) ** 2 / 2, z - t), ()),
    "absolute_error": (lambda z, t: (abs(z - t), np.sign(z - t)), ()),
    "huber": (huber, (0.7,)),
    "poisson": (poisson, ()),
    "sigmoid_cross_entropy": (sigmoid_cross_entropy, (0.2,)),
    "hinge": (lambda z, t: (np.maximum(0, 1 - t * z), np.where(t * z <= 1, -t, 0)), ()),
    "perceptron": (lambda z, t: (np.maximum(0, -t * z), np.where(t * z <= 0, -t, 0)), ()),
}


def test_every_head_is_tried():
    assert {*ELEMENTWISE, "quantile", "softmax_cross_entropy"} == HEADS.keys()


def targets_of(kind, rng, shape):
    if kind in ("hinge", "perceptron"):
        return rng.choice([-1.0, 1.0], shape)
    if kind == "poisson":
        return rng.poisson(1.0, shape).astype(float)
    return rng.uniform(size=shape) if kind == "sigmoid_cross_entropy" else rng.normal(size=shape)


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
    ],
)
def test_infinite_logits_give_the_limits_of_the_losses(kernels, kind, logit, target, loss, slope):
    settings = {"sigmoid_cross_entropy": (0.0,), "huber": (1.0,)}.get(kind, ())
    got, d_logits = kernels.run_head(kind, kernels.array([[logit]]), kernels.array([[target]]), kernels.array([1]), *settings)
    np.testing.assert_allclose(got, loss, rtol=2 * kernels.eps)
    np.testing.assert_allclose(d_logits, [[slope]])


@pytest.mark.parametrize("kind", [*ELEMENTWISE, "softmax_cross_entropy", "quantile"])
@pytest.mark.parametrize("width", [1, 3, 100])
def test_nan_logits_give_a_nan_loss(kernels, kind, width):
    logits = np.zeros((20, width))
    logits[11, width - 1] = np.nan
    target = np.zeros((20, 1 if kind == "softmax_cross_entropy" else width))
    loss, d_logits = kernels.run_head(kind, kernels.array(logits), kernels.array(target), kernels.array(np.ones(20)), 0.5)
    assert np.isnan(loss)
    assert not np.isnan(d_logits[10]).any()


def test_a_certain_and_right_prediction_keeps_the_digits_of_its_gradient(kernels):
    _, d_logits = kernels.run_head(
        "sigmoid_cross_entropy", kernels.array([[30.0]]), kernels.array([[1]]), kernels.array([1]), 0.0
    )
    np.testing.assert_allclose(d_logits, [[-1 / (1 + np.exp(30.0))]], rtol=4 * kernels.eps)


def test_no_rows_cost_nothing(kernels):
    for kind in (*ELEMENTWISE, "softmax_cross_entropy"):
        assert (
            kernels.run_head(kind, kernels.array(np.zeros((0, 3))), kernels.array(np.zeros((0, 3))), kernels.array([]), 0.5)[0]
            == 0.0
        )
