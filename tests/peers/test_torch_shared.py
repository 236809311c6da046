"""A module that torch calls twice, and a layer of ours: the same outputs, gradients and running statistics."""

import numpy as np
import pytest
import torch

from lamina.engine import Batches, StepValues, TrainingPlan, UpdateRule
from lamina.layers import BatchNorm, Dense, Input, LayerNorm, Multiply, PReLU
from lamina.network import Graph

RNG = np.random.default_rng(0)
LEFT, RIGHT = RNG.normal(size=(2, 30, 6))
Y = RNG.normal(size=(30, 1))
PAIRS = {
    "dense": (Dense(6, activation="tanh"), lambda: torch.nn.Linear(6, 6)),
    "prelu": (PReLU(), lambda: torch.nn.PReLU(6)),
    "batch_norm": (BatchNorm(momentum=0.9), lambda: torch.nn.BatchNorm1d(6, momentum=0.1)),
    "layer_norm": (LayerNorm(), lambda: torch.nn.LayerNorm(6)),
}


class Twins(torch.nn.Module):
    """One module on both inputs, and the sums of their product."""

    def __init__(self, module, function):
        super().__init__()
        self.encoder, self.score, self.function = module.double(), torch.nn.Linear(6, 1).double(), function

    def forward(self, left, right):
        return self.score(self.function(self.encoder(left)) * self.function(self.encoder(right)))

    def load(self, views):
        for name, view in views.items():
            layer, own = name.split(".")
            module = self.encoder if layer == "encoder" else self.score
            own = {"gamma": "weight", "beta": "bias", "slope": "weight"}.get(own, own)
            value = torch.tensor(view.T if view.ndim == 2 else view)
            if own in dict(module.named_parameters()):
                getattr(module, own).data = value

    def flat(self):
        return np.concatenate([p.detach().numpy().T.ravel() for p in self.parameters()])


@pytest.mark.parametrize("kind", PAIRS)
def test_ten_steps_agree_with_torch(executor_for, kind):
    layer, make_module = PAIRS[kind]
    left, right, layer = Input(6), Input(6), layer.named("encoder")
    network = Graph([left, right], Dense(1, name="score")(Multiply()([layer(left), layer(right)])))
    executor = executor_for(network.program("squared_error"))
    executor.configure(TrainingPlan(UpdateRule("momentum", (0.9,), 1)))
    start, state = network.initialize(dtype="float64")
    start += 0.1 * RNG.normal(size=start.shape)
    executor.restore(start, state)
    theirs = Twins(make_module(), torch.tanh if kind == "dense" else torch.nn.Identity())
    theirs.load(network.unflatten(start))
    result = executor.train(Batches([LEFT, RIGHT], [Y]), np.tile(np.arange(30), 10), 30, 0, StepValues(np.full(10, 0.05)))
    optimizer, losses = torch.optim.SGD(theirs.parameters(), 0.05, momentum=0.9), []
    for _ in range(10):
        optimizer.zero_grad()
        loss = 0.5 * torch.nn.functional.mse_loss(theirs(torch.tensor(LEFT), torch.tensor(RIGHT)), torch.tensor(Y))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    np.testing.assert_allclose(result.losses, losses, rtol=1e-10)
    np.testing.assert_allclose(executor.snapshot().parameters, theirs.flat(), rtol=1e-8, atol=1e-10)
    if kind == "batch_norm":
        np.testing.assert_allclose(executor.snapshot().state[:6], theirs.encoder.running_mean.numpy(), rtol=1e-9)
