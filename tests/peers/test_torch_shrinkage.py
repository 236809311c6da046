"""L1 in ten steps of torch's optimizers, each followed by a soft threshold of what the optimizer remembers."""

import numpy as np
import pytest
import torch
from torch_network import ROWS, TorchNetwork, random_problem, two_layer_program

from lamina import optimizers
from lamina.engine import StepValues, TrainingPlan

STEPS, L1, RATE, EPS = 10, 0.05, 0.02, 1e-8


def _adam_divisor(state):
    return (state["exp_avg_sq"] / (1 - 0.999 ** state["step"])).sqrt() + EPS + L1


def _nadam_rate(state):
    """What its gradient and its momentum weigh together, for gradients of 1."""
    t, product = float(state["step"]), float(state["mu_product"])
    mu, mu_next = (0.9 * (1 - 0.5 * 0.96 ** (i * 0.004)) for i in (t, t + 1))
    return RATE * ((1 - mu) / (1 - product) + mu_next * (1 - 0.9**t) / (1 - product * mu_next))


# ours, torch's (with L1 added to eps), and the threshold per strength from torch's state and the number of steps
CASES = {
    "gradient_descent": (optimizers.GradientDescent(RATE), lambda p: torch.optim.SGD(p, RATE), lambda state, t: RATE),
    "momentum": (
        optimizers.Momentum(RATE, momentum=0.9),
        lambda p: torch.optim.SGD(p, RATE, momentum=0.9),
        lambda state, t: RATE * sum(0.9**i for i in range(t)),
    ),
    "nesterov": (
        optimizers.Nesterov(RATE, momentum=0.9),
        lambda p: torch.optim.SGD(p, RATE, momentum=0.9, nesterov=True),
        lambda state, t: RATE * sum(0.9**i for i in range(t + 1)),
    ),
    "rmsprop": (
        optimizers.RMSprop(RATE, rho=0.9, eps=EPS),
        lambda p: torch.optim.RMSprop(p, RATE, alpha=0.9, eps=EPS + L1),
        lambda state, t: RATE / (state["square_avg"].sqrt() + EPS + L1),
    ),
    "adagrad": (
        optimizers.Adagrad(RATE, eps=EPS),
        lambda p: torch.optim.Adagrad(p, RATE, eps=EPS + L1),
        lambda state, t: RATE / (state["sum"].sqrt() + EPS + L1),
    ),
    "adam": (
        optimizers.Adam(RATE, eps=EPS),
        lambda p: torch.optim.Adam(p, RATE, eps=EPS + L1),
        lambda state, t: RATE / _adam_divisor(state),
    ),
    "adamw": (
        optimizers.AdamW(RATE, weight_decay=0.1, eps=EPS),
        lambda p: torch.optim.AdamW(p, RATE, weight_decay=0.1, eps=EPS + L1),
        lambda state, t: RATE / _adam_divisor(state),
    ),
    "nadam": (
        optimizers.Nadam(RATE, eps=EPS),
        lambda p: torch.optim.NAdam(p, RATE, eps=EPS + L1),
        lambda state, t: _nadam_rate(state) / _adam_divisor(state),
    ),
}


def test_every_optimizer_with_an_update_rule_is_tried():
    kinds = optimizers.OPTIMIZERS.items()
    assert set(CASES) == {name for name, kind in kinds if issubclass(kind, optimizers.StepOptimizer)}


def train_torch(make_optimizer, step_size):
    data, start = random_problem()
    network = TorchNetwork(two_layer_program(), start)
    optimizer = make_optimizer(network.parameters())
    x, target = torch.tensor(data.inputs[0]), torch.tensor(data.targets[0][:, 0]).long()
    for t in range(1, STEPS + 1):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(x), target).backward()
        optimizer.step()
        with torch.no_grad():
            for w in network.parameters():
                threshold = L1 * step_size(optimizer.state[w], t)
                w.copy_(w.sign() * (w.abs() - threshold).clamp(min=0))
    return network.flat()


@pytest.fixture
def _float64_by_default():
    """NAdam keeps its running product of momenta in torch's default dtype."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.usefixtures("_float64_by_default")
@pytest.mark.parametrize("name", CASES)
def test_ten_steps_with_l1_agree_with_torch(executor_for, name):
    ours, make_theirs, step_size = CASES[name]
    data, start = random_problem()
    program = two_layer_program(l1=L1)
    executor = executor_for(program)
    executor.configure(TrainingPlan(ours.rule()))
    executor.restore(parameters=start)
    values = StepValues(np.full(STEPS, RATE), np.full(STEPS, ours.weight_decay))
    executor.train(data, np.tile(np.arange(ROWS), STEPS), ROWS, 0, values)
    weights, torch_weights = executor.snapshot().parameters, train_torch(make_theirs, step_size)
    np.testing.assert_allclose(weights, torch_weights, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(weights == 0, torch_weights == 0)
    assert 0 < np.count_nonzero(weights == 0) < len(weights)
