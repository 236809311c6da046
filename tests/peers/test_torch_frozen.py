"""Frozen layers, and torch's parameters without requires_grad: the same steps."""

import numpy as np
import pytest
import torch

from lamina.engine import Batches, StepValues, TrainingPlan, UpdateRule
from lamina.layers import BatchNorm, Dense
from lamina.network import Sequential

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(30, 6)), RNG.normal(size=(30, 1))


def torch_network(network, parameters, state):
    """The same network in torch, with the weights of ours."""
    modules = {
        "encoder": torch.nn.Linear(6, 8),
        "tanh": torch.nn.Tanh(),
        "norm": torch.nn.BatchNorm1d(8, momentum=0.1),
        "score": torch.nn.Linear(8, 1),
    }
    built = torch.nn.Sequential()
    for name, module in modules.items():
        built.add_module(name, module.double())
    names = {"gamma": "weight", "beta": "bias", "running_variance": "running_var"}
    for name, view in network.unflatten(parameters, state).items():
        layer, own = name.split(".")
        getattr(modules[layer], names.get(own, own)).data = torch.tensor(view.T if view.ndim == 2 else view)
    return built


@pytest.mark.parametrize("frozen", [("encoder",), ("norm",), ("encoder", "norm"), ("score",)])
def test_ten_steps_agree_with_torch(executor_for, frozen):
    layers = [Dense(8, activation="tanh", name="encoder"), BatchNorm(name="norm"), Dense(1, name="score")]
    network = Sequential(layers, input_width=6).freeze(*frozen)
    start, state = network.initialize(dtype="float64")
    state = np.append(RNG.normal(size=8), RNG.uniform(0.5, 2.0, size=8))
    executor = executor_for(network.program("squared_error"))
    executor.configure(TrainingPlan(UpdateRule("adam", (0.9, 0.999, 1e-8), 2)))
    executor.restore(start, state)
    theirs = torch_network(network, start, state)
    for name in frozen:
        module = theirs.get_submodule(name)
        module.requires_grad_(False)
        module.eval()
    result = executor.train(Batches([X], [Y]), np.tile(np.arange(30), 10), 30, 0, StepValues(np.full(10, 0.01)))
    optimizer, losses = torch.optim.Adam(theirs.parameters(), 0.01), []
    for _ in range(10):
        optimizer.zero_grad()
        loss = 0.5 * torch.nn.functional.mse_loss(theirs(torch.tensor(X)), torch.tensor(Y))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    np.testing.assert_allclose(result.losses, losses, rtol=1e-9)
    flat = np.concatenate([p.detach().numpy().T.ravel() for p in theirs.parameters()])
    np.testing.assert_allclose(executor.snapshot().parameters, flat, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(executor.snapshot().state[:8], theirs.norm.running_mean.numpy(), rtol=1e-9)
