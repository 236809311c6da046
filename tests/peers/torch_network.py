"""The network that both sides train in the parity tests: 5 → 7 (tanh) → 3, as a program and as torch modules."""

import numpy as np
import torch

from lamina.engine import Batches, Head, Op, Parameter, Program

ROWS, FEATURES, HIDDEN, OUTPUTS = 24, 5, 7, 3


def two_layer_program(head_kind="softmax_cross_entropy", target_width=1, settings=(0.0,), l1=0.0):
    shapes = {"w1": (FEATURES, HIDDEN), "b1": (HIDDEN,), "w2": (HIDDEN, OUTPUTS), "b2": (OUTPUTS,)}
    parameters, offset = [], 0
    for name, shape in shapes.items():
        parameters.append(Parameter(name, f"dense_{name[1]}", offset, shape, decay=True, l1=l1))
        offset += int(np.prod(shape))
    ops = (
        Op("dense", "dense_1", (0,), 1, (0, 1)),
        Op("activation", "tanh", (1,), 2, function="tanh"),
        Op("dense", "dense_2", (2,), 3, (2, 3)),
    )
    head = Head(head_kind, 3, target_width, settings)
    return Program((FEATURES, HIDDEN, HIDDEN, OUTPUTS), (0,), (3,), ops, tuple(parameters), (), (head,))


def random_problem(seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(ROWS, FEATURES))
    target = rng.integers(OUTPUTS, size=(ROWS, 1)).astype(float)
    start = rng.normal(size=two_layer_program().num_parameters) * 0.5
    return Batches([x], [target]), start


class TorchNetwork(torch.nn.Module):
    """The same network over one flat float64 vector's values."""

    def __init__(self, program, start):
        super().__init__()
        self.tensors = torch.nn.ParameterList(
            torch.nn.Parameter(torch.tensor(start[p.slice].reshape(p.shape))) for p in program.parameters
        )

    def forward(self, x):
        w1, b1, w2, b2 = self.tensors
        return torch.tanh(x @ w1 + b1) @ w2 + b2

    def flat(self):
        return np.concatenate([t.detach().numpy().ravel() for t in self.tensors])
