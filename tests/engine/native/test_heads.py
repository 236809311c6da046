"""Every head: the native engine gives the reference's loss and gradient, weighted or not, for large logits too."""

import numpy as np
import pytest

from lamina.engine import Batches, Head
from lamina.losses import LOSSES

HEADS = {
    "squared error": (Head("squared_error", 1, 3), 3),
    "absolute error": (Head("absolute_error", 1, 3), 3),
    "huber": (Head("huber", 1, 3, (0.7,)), 3),
    "poisson": (Head("poisson", 1, 3), 3),
    "tweedie": (Head("tweedie", 1, 3, (1.2,)), 3),
    "focal": (Head("focal", 1, 3, (0.5, 0.25, 0.75)), 3),
    "quantile": (Head("quantile", 1, 2, (0.1, 0.5, 0.9)), 6),
    "softmax cross-entropy on classes": (Head("softmax_cross_entropy", 1, 1, (0.0,)), 5),
    "softmax cross-entropy, smoothed": (Head("softmax_cross_entropy", 1, 1, (0.1,)), 5),
    "softmax cross-entropy on probabilities": (Head("softmax_cross_entropy", 1, 5, (0.1,)), 5),
    "softmax cross-entropy of two": (Head("softmax_cross_entropy", 1, 1, (0.0,)), 2),
    "sigmoid cross-entropy": (Head("sigmoid_cross_entropy", 1, 1, (0.0,)), 1),
    "sigmoid cross-entropy, many labels, smoothed": (Head("sigmoid_cross_entropy", 1, 4, (0.2,)), 4),
    "hinge": (Head("hinge", 1, 3), 3),
    "perceptron": (Head("perceptron", 1, 3), 3),
}
HEADS["gaussian, of one target"] = (Head("gaussian_nll", 1, 1, (1e-3, 0.5)), 2)
HEADS["gaussian"] = (Head("gaussian_nll", 1, 3, (1e-6, 0.0)), 6)
# Whatever other losses there are, as they are by default.
OTHERS = LOSSES.keys() - {head.kind for head, _ in HEADS.values()}
HEADS |= {name: (LOSSES[name]().head(logits=1, width=3), 3) for name in sorted(OTHERS)}


def _program(box, name, weight=1.0, members=1):
    head, width = HEADS[name]
    builder = box.ProgramBuilder(4)
    builder.dense(0, members * width)
    return builder.program(head._replace(weight=weight), members=members)


@pytest.mark.parametrize("weighted", [False, True], ids=["equal weights", "sample weights"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", HEADS)
def test_loss_and_gradient_are_those_of_the_reference(box, name, dtype, weighted):
    program = _program(box, name, weight=1.5)
    native, reference = box.pair(program, dtype)
    for n in (1, 2, 31, 257):
        data = box.batches_for(program, n, dtype, weighted=weighted)
        (loss, gradient), (expected_loss, expected) = (e.loss_and_gradient(data) for e in (native, reference))
        assert loss == pytest.approx(expected_loss, rel=box.tolerance(dtype)["rtol"])
        np.testing.assert_allclose(gradient, expected, **box.tolerance(dtype))
        np.testing.assert_allclose(native.evaluate(data), reference.evaluate(data), **box.tolerance(dtype))


@pytest.mark.parametrize("name", [name for name, (head, _) in HEADS.items() if head.kind not in ("poisson", "gamma", "tweedie")])
def test_huge_logits_stay_finite_and_agree(box, name):
    program = _program(box, name)
    native, reference = box.pair(program, "float32")
    data = box.batches_for(program, 12, "float32")
    data = Batches([1e4 * data.inputs[0]], data.targets)
    (loss, gradient), (expected_loss, expected) = (e.loss_and_gradient(data) for e in (native, reference))
    assert np.isfinite(loss)
    assert loss == pytest.approx(expected_loss, rel=1e-5)
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", HEADS)
def test_the_losses_of_members_are_those_of_the_reference(box, name, dtype, weighted):
    program = _program(box, name, weight=1.5, members=3)
    native, reference = box.pair(program, dtype)
    for n in (1, 31, 257):
        data = box.batches_for(program, n, dtype, weighted=weighted)
        (loss, gradient), (expected_loss, expected) = (e.loss_and_gradient(data) for e in (native, reference))
        assert loss == pytest.approx(expected_loss, rel=box.tolerance(dtype)["rtol"])
        np.testing.assert_allclose(gradient, expected, **box.tolerance(dtype))
        np.testing.assert_allclose(native.evaluate(data), reference.evaluate(data), **box.tolerance(dtype))


def test_weights_that_sum_to_zero_give_loss_and_gradient_zero(box):
    program = _program(box, "squared error")
    native, _ = box.pair(program, "float32")
    data = box.batches_for(program, 5, "float32")
    loss, gradient = native.loss_and_gradient(Batches(data.inputs, data.targets, np.zeros(5)))
    assert loss == 0.0
    assert not gradient.any()


def test_a_head_of_the_callers_own_is_refused_where_a_loss_is_needed(box):
    builder = box.ProgramBuilder(2)
    program = builder.program(Head("external", builder.dense(0, 1), 0))
    native, _ = box.pair(program, "float32")
    with pytest.raises(ValueError, match="head must have a built-in loss"):
        native.loss_and_gradient(Batches([np.zeros((3, 2), np.float32)]))
