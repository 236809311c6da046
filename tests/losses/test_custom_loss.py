"""A loss of the user's own: values, gradients, refusals."""

import numpy as np
import pytest

from lamina.errors import InvalidSettingError, ShapeError
from lamina.losses import CustomLoss, get_loss

LOGITS = np.array([[0.5, -1.0], [2.0, 0.0], [1e3, -1e-3]])
TARGETS = np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0]])


def log_cosh(logits, targets):
    d = logits - targets
    return np.sum(np.logaddexp(d, -d) - np.log(2), axis=1)


def log_cosh_with_gradient(logits, targets):
    return log_cosh(logits, targets), np.tanh(logits - targets)


def test_a_gradient_that_the_function_gives_is_taken_as_it_is():
    values, gradient = CustomLoss(log_cosh_with_gradient).value_and_gradient(LOGITS, TARGETS)
    np.testing.assert_array_equal(values, log_cosh(LOGITS, TARGETS))
    np.testing.assert_array_equal(gradient, np.tanh(LOGITS - TARGETS))


def test_central_differences_give_the_gradient_otherwise():
    _, gradient = CustomLoss(log_cosh).value_and_gradient(LOGITS, TARGETS)
    # a loss of 1000 is rounded by 1e-13, which the division by 2h = 1.2e-5 makes 1e-8
    np.testing.assert_allclose(gradient, np.tanh(LOGITS - TARGETS), rtol=1e-7, atol=2e-8)


def test_float32_logits_are_differentiated_in_float64():
    _, gradient = CustomLoss(log_cosh).value_and_gradient(LOGITS.astype(np.float32), TARGETS.astype(np.float32))
    assert gradient.dtype == np.float64
    np.testing.assert_allclose(gradient, np.tanh(LOGITS - TARGETS), rtol=1e-5, atol=1e-6)


def test_the_callers_logits_stay_as_they_were():
    logits = LOGITS.copy()
    CustomLoss(log_cosh).value_and_gradient(logits, TARGETS)
    np.testing.assert_array_equal(logits, LOGITS)


def test_a_function_becomes_a_loss_by_itself():
    loss = get_loss(log_cosh, num_targets=1)
    assert (loss.name, loss.head(4, 2).kind, loss.head(4, 2).target_width) == ("log_cosh", "external", 1)


def test_the_inverse_link_makes_predictions():
    assert CustomLoss(log_cosh, inverse_link=np.exp).predict(np.zeros((1, 1))) == 1.0
    assert CustomLoss(log_cosh).predict(LOGITS) is LOGITS


@pytest.mark.parametrize(
    ("function", "rule"),
    [
        (lambda z, t: np.abs(z - t), r"the loss must have shape \(3,\), got \(3, 2\). Sum over outputs"),
        (lambda z, t: np.mean(z - t), r"the loss must have shape \(3,\), got \(\)"),
        (lambda z, t: (np.zeros(3), np.zeros(3)), r"the gradient must have shape \(3, 2\), got \(3,\)"),
    ],
)
def test_other_shapes_are_refused(function, rule):
    with pytest.raises(ShapeError, match=rule):
        CustomLoss(function).value_and_gradient(LOGITS, TARGETS)


def test_a_function_of_torch_is_told_what_it_gets():
    def for_tensors(*arrays):
        raise TypeError("exp(): argument 'input' (position 1) must be Tensor, not numpy.ndarray")

    rule = r"for_tensors: the function must take arrays of NumPy here, got a function for those of torch.*torch.from_numpy"
    with pytest.raises(InvalidSettingError, match=rule):
        CustomLoss(for_tensors).value_and_gradient(np.zeros((2, 1)), np.zeros((2, 1)))
    with pytest.raises(InvalidSettingError, match="inverse_link must take arrays of NumPy"):
        CustomLoss(lambda z, t: z[:, 0], inverse_link=for_tensors).predict(np.zeros((2, 1)))


def test_a_function_cannot_be_written():
    with pytest.raises(InvalidSettingError, match="cannot be written to a file, got 'log_cosh'"):
        CustomLoss(log_cosh).to_dict()
