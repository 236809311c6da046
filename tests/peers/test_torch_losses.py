"""Every loss that torch has gives torch's values and gradients (torch averages over rows; we sum over outputs first)."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from lamina import losses
from lamina.engine import Batches, Op, Parameter, Program, TrainingPlan, UpdateRule

ROWS, WIDTH = 13, 4
PLAN = TrainingPlan(UpdateRule("gradient_descent", (), 0))


def per_row(values):
    return values.sum(dim=1).mean()


def poisson_with_stirling_free_constant(z, t):
    constant = torch.special.xlogy(t, t) - t
    return per_row(F.poisson_nll_loss(z, t, log_input=True, reduction="none") + constant)


def half_tweedie_deviance(z, t, power=1.3):
    a, b = 1 - power, 2 - power
    return per_row(torch.exp(b * z) / b - t * torch.exp(a * z) / a + t**b / (a * b))


def sigmoid_focal_loss(z, t, gamma=2.0, alpha=0.25):
    """As torchvision has it."""
    p = torch.sigmoid(z)
    of_truth = p * t + (1 - p) * (1 - t)
    weight = alpha * t + (1 - alpha) * (1 - t)
    return per_row(weight * (1 - of_truth) ** gamma * F.binary_cross_entropy_with_logits(z, t, reduction="none"))


def crammer_singer(z, t):
    is_right = F.one_hot(t[:, 0].long(), WIDTH).bool()
    lead = z.masked_fill(is_right, -torch.inf).max(dim=1).values - z[is_right]
    return torch.relu(1 + lead).mean()


def gaussian_nll(full):
    def loss(z, t):
        mean, log_variance = z.tensor_split(2, dim=1)
        return per_row(torch.nn.GaussianNLLLoss(full=full, reduction="none")(mean, t, torch.exp(log_variance) + 1e-6))

    return loss


CASES = {
    "squared_error": (losses.SquaredError(), "real", lambda z, t: 0.5 * per_row(F.mse_loss(z, t, reduction="none"))),
    "absolute_error": (losses.AbsoluteError(), "real", lambda z, t: per_row(F.l1_loss(z, t, reduction="none"))),
    "huber": (losses.Huber(delta=0.7), "real", lambda z, t: per_row(F.huber_loss(z, t, reduction="none", delta=0.7))),
    "poisson": (losses.Poisson(), "count", poisson_with_stirling_free_constant),
    "log_cosh": (losses.LogCosh(), "real", lambda z, t: per_row(torch.log(torch.cosh(z - t)))),
    "gamma": (losses.Gamma(), "positive", lambda z, t: per_row(z - torch.log(t) + t * torch.exp(-z) - 1)),
    "tweedie": (losses.Tweedie(power=1.3), "count", half_tweedie_deviance),
    "focal": (losses.Focal(alpha=0.25), "binary", sigmoid_focal_loss),
    "squared_hinge": (losses.SquaredHinge(), "sign", lambda z, t: per_row(torch.relu(1 - t * z) ** 2)),
    "categorical_hinge": (losses.CategoricalHinge(), "class", crammer_singer),
    "softmax_cross_entropy": (losses.SoftmaxCrossEntropy(), "class", lambda z, t: F.cross_entropy(z, t[:, 0].long())),
    "label_smoothing": (
        losses.SoftmaxCrossEntropy(label_smoothing=0.1),
        "class",
        lambda z, t: F.cross_entropy(z, t[:, 0].long(), label_smoothing=0.1),
    ),
    "soft_targets": (losses.SoftmaxCrossEntropy(), "probability", lambda z, t: F.cross_entropy(z, t)),
    "sigmoid_cross_entropy": (
        losses.SigmoidCrossEntropy(),
        "binary",
        lambda z, t: per_row(F.binary_cross_entropy_with_logits(z, t, reduction="none")),
    ),
    "hinge": (losses.Hinge(), "sign", lambda z, t: per_row(torch.relu(1 - t * z))),
    "perceptron": (losses.PerceptronLoss(), "sign", lambda z, t: per_row(torch.relu(-t * z))),
    "gaussian_nll": (losses.GaussianNLL(), "real", gaussian_nll(full=False)),
    "gaussian_nll_full": (losses.GaussianNLL(full=True), "real", gaussian_nll(full=True)),
    "quantile": (
        losses.Quantile(levels=(0.8,)),
        "real",
        lambda z, t: per_row(torch.maximum(0.8 * (t - z), -0.2 * (t - z))),
    ),
}


def targets(kind, rng):
    return {
        "real": lambda: rng.normal(size=(ROWS, WIDTH)),
        "positive": lambda: rng.gamma(2.0, size=(ROWS, WIDTH)),
        "count": lambda: rng.poisson(2.0, size=(ROWS, WIDTH)).astype(float),
        "class": lambda: rng.integers(WIDTH, size=(ROWS, 1)).astype(float),
        "probability": lambda: rng.dirichlet(np.ones(WIDTH), size=ROWS),
        "binary": lambda: rng.integers(2, size=(ROWS, WIDTH)).astype(float),
        "sign": lambda: rng.choice([-1.0, 1.0], size=(ROWS, WIDTH)),
    }[kind]()


@pytest.mark.parametrize("name", CASES)
def test_loss_and_gradient_agree_with_torch(executor_for, name):
    loss, kind, torch_loss = CASES[name]
    rng = np.random.default_rng(1)
    x, target = rng.normal(size=(ROWS, WIDTH)), targets(kind, rng)
    head = loss.head(1, WIDTH)
    target = target[:, : head.target_width] if head.kind == "gaussian_nll" else target
    if kind == "probability":
        head = type(head)(head.kind, head.logits, WIDTH, head.settings)
    program = Program(
        (WIDTH, WIDTH),
        (0,),
        (1,),
        (Op("dense", "dense", (0,), 1, (0,)),),
        (Parameter("w", "dense", 0, (WIDTH, WIDTH)),),
        (),
        (head,),
    )
    executor = executor_for(program)
    executor.configure(PLAN)
    executor.restore(parameters=rng.normal(size=WIDTH * WIDTH))
    value, gradient = executor.loss_and_gradient(Batches([x], [target]))

    weight = torch.tensor(executor.snapshot().parameters.reshape(WIDTH, WIDTH).copy(), requires_grad=True)
    expected = torch_loss(torch.tensor(x) @ weight, torch.tensor(target))
    expected.backward()
    assert value == pytest.approx(expected.item(), rel=1e-12)
    np.testing.assert_allclose(gradient.reshape(WIDTH, WIDTH), weight.grad.numpy(), rtol=1e-9, atol=1e-12)
