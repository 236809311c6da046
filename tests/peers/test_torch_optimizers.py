"""Every optimizer that torch has takes the same ten steps as torch's."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch_network import ROWS, TorchNetwork, random_problem, two_layer_program

from lamina import optimizers
from lamina.engine import Clipping, StepValues, TrainingPlan

STEPS = 10
NO_CLIPPING = Clipping()
PAIRS = {
    "gradient_descent": (optimizers.GradientDescent(0.1), lambda p: torch.optim.SGD(p, 0.1)),
    "momentum": (optimizers.Momentum(0.1, momentum=0.9), lambda p: torch.optim.SGD(p, 0.1, momentum=0.9)),
    "nesterov": (optimizers.Nesterov(0.1, momentum=0.9), lambda p: torch.optim.SGD(p, 0.1, momentum=0.9, nesterov=True)),
    "rmsprop": (optimizers.RMSprop(0.01, rho=0.9), lambda p: torch.optim.RMSprop(p, 0.01, alpha=0.9)),
    "adagrad": (optimizers.Adagrad(0.05), lambda p: torch.optim.Adagrad(p, 0.05)),
    "adam": (optimizers.Adam(0.01), lambda p: torch.optim.Adam(p, 0.01)),
    "adamw": (optimizers.AdamW(0.01, weight_decay=0.1), lambda p: torch.optim.AdamW(p, 0.01, weight_decay=0.1)),
    "nadam": (optimizers.Nadam(0.01), lambda p: torch.optim.NAdam(p, 0.01)),
}


def test_every_optimizer_with_an_update_rule_has_a_torch_twin_here():
    kinds = optimizers.OPTIMIZERS.items()
    assert set(PAIRS) == {name for name, kind in kinds if issubclass(kind, optimizers.StepOptimizer)}


def train_ours(executor_for, optimizer, clipping=NO_CLIPPING):
    data, start = random_problem()
    executor = executor_for(two_layer_program())
    executor.configure(TrainingPlan(optimizer.rule(), clipping))
    executor.restore(parameters=start)
    order = np.tile(np.arange(ROWS), STEPS)
    decays = np.full(STEPS, optimizer.weight_decay)
    values = StepValues(np.full(STEPS, optimizer.learning_rate), decays)
    result = executor.train(data, order, ROWS, 0, values)
    return executor.snapshot().parameters, result.losses


def train_torch(make_optimizer, clip=None):
    data, start = random_problem()
    network = TorchNetwork(two_layer_program(), start)
    optimizer = make_optimizer(network.parameters())
    x, target = torch.tensor(data.inputs[0]), torch.tensor(data.targets[0][:, 0]).long()
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(x), target)
        loss.backward()
        if clip:
            clip(network.parameters())
        optimizer.step()
        losses.append(loss.item())
    return network.flat(), losses


@pytest.fixture
def float64_by_default():
    """NAdam keeps its running product of momenta in torch's default dtype."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.usefixtures("float64_by_default")
@pytest.mark.parametrize("name", PAIRS)
def test_ten_steps_agree_with_torch(executor_for, name):
    ours, make_theirs = PAIRS[name]
    weights, losses = train_ours(executor_for, ours)
    torch_weights, torch_losses = train_torch(make_theirs)
    np.testing.assert_allclose(losses, torch_losses, rtol=1e-12)
    np.testing.assert_allclose(weights, torch_weights, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("clipping", "clip"),
    [
        (Clipping(norm=0.05), lambda p: torch.nn.utils.clip_grad_norm_(p, 0.05)),
        (Clipping(value=(-0.01, 0.01)), lambda p: torch.nn.utils.clip_grad_value_(p, 0.01)),
    ],
    ids=["norm", "value"],
)
def test_clipped_steps_agree_with_torch(executor_for, clipping, clip):
    ours, make_theirs = PAIRS["adam"]
    weights, _ = train_ours(executor_for, ours, clipping)
    torch_weights, _ = train_torch(make_theirs, clip)
    # torch divides by norm + 1e-6, we by the norm
    np.testing.assert_allclose(weights, torch_weights, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["gradient_descent", "momentum", "adam", "adamw"])
def test_learning_rate_factors_are_torchs_parameter_groups(executor_for, name):
    """Decoupled weight decay, too, follows the rate of the group."""
    optimizer, make_theirs = PAIRS[name]
    factors = {"w1": 0.5, "b1": 0.1, "w2": 2.0, "b2": 1.0}
    data, start = random_problem()
    program = two_layer_program()
    parameters = tuple(p._replace(learning_rate_factor=factors[p.name]) for p in program.parameters)
    executor = executor_for(replace(program, parameters=parameters))
    executor.configure(TrainingPlan(optimizer.rule()))
    executor.restore(parameters=start)
    values = StepValues(np.full(STEPS, optimizer.learning_rate), np.full(STEPS, optimizer.weight_decay))
    executor.train(data, np.tile(np.arange(ROWS), STEPS), ROWS, 0, values)

    def in_groups(tensors):
        rates = [optimizer.learning_rate * factor for factor in factors.values()]
        return make_theirs([{"params": [tensor], "lr": rate} for tensor, rate in zip(tensors, rates, strict=True)])

    weights, _ = train_torch(in_groups)
    np.testing.assert_allclose(executor.snapshot().parameters, weights, rtol=1e-9, atol=1e-12)
