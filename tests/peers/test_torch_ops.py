"""Activations and normalizations agree with torch, forwards and backwards."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from lamina.activations import ACTIVATIONS
from lamina.engine import Batches, Head, Op, Parameter, Program, StepValues, TrainingPlan, UpdateRule

ROWS, WIDTH = 17, 6
PLAN = TrainingPlan(UpdateRule("gradient_descent", (), 0))
TORCH = {
    "identity": lambda x: x,
    "step": lambda x: torch.heaviside(x.detach(), torch.tensor(1.0, dtype=x.dtype)) + 0 * x,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "mish": F.mish,
    "softplus": lambda x: F.softplus(x, threshold=50),
    "softsign": F.softsign,
    "hard_sigmoid": F.hardsigmoid,
    "hard_tanh": F.hardtanh,
    "hard_swish": F.hardswish,
    "relu6": F.relu6,
    "exp": torch.exp,
    "softmax": lambda x: F.softmax(x, dim=1),
}


def test_every_activation_has_a_torch_twin_here():
    assert set(TORCH) == set(ACTIVATIONS)


def dense_then(op, width_out=WIDTH, parameters=(), state=()):
    """x → dense → op → squared error, so that the dense weight's gradient carries the op's backward pass."""
    weight = Parameter("weight", "dense", 0, (WIDTH, WIDTH))
    ops = (Op("dense", "dense", (0,), 1, (0,)), op)
    head = Head("squared_error", 2, width_out)
    return Program((WIDTH, WIDTH, width_out), (0,), (2,), ops, (weight, *parameters), state, (head,))


# torch multiplies by 1/6 rounded to float32 in the backward pass of hardsigmoid, also for float64
GRADIENT_RTOL = {"hard_sigmoid": 1e-7}


def compare(executor, torch_op, gradient_rtol=1e-8):
    rng = np.random.default_rng(0)
    x, target = rng.normal(size=(ROWS, WIDTH)) * 1.5, rng.normal(size=(ROWS, WIDTH))
    executor.configure(PLAN)
    rest = rng.normal(size=executor.program.num_parameters - WIDTH * WIDTH)
    executor.restore(parameters=np.concatenate([rng.normal(size=WIDTH * WIDTH), rest]))
    loss, gradient = executor.loss_and_gradient(Batches([x], [target]))
    pieces = [
        torch.tensor(executor.snapshot().parameters[p.slice].reshape(p.shape).copy(), requires_grad=True)
        for p in executor.program.parameters
    ]
    out = torch_op(torch.tensor(x) @ pieces[0], *pieces[1:])
    expected = 0.5 * ((out - torch.tensor(target)) ** 2).sum(dim=1).mean()
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-11)
    np.testing.assert_allclose(gradient, np.concatenate([p.grad.numpy().ravel() for p in pieces]), rtol=gradient_rtol, atol=1e-11)


@pytest.mark.parametrize("name", TORCH)
def test_activation_agrees_with_torch(executor_for, name):
    settings = tuple(ACTIVATIONS[name].settings.values())
    op = Op("activation", "activation", (1,), 2, settings=settings, function=name)
    compare(executor_for(dense_then(op)), TORCH[name], GRADIENT_RTOL.get(name, 1e-8))


def test_prelu_agrees_with_torch(executor_for):
    op = Op("prelu", "prelu", (1,), 2, (1,))
    program = dense_then(op, parameters=(Parameter("slope", "prelu", WIDTH * WIDTH, (WIDTH,)),))
    compare(executor_for(program), F.prelu)


def scale_and_shift():
    start = WIDTH * WIDTH
    return Parameter("gamma", "norm", start, (WIDTH,)), Parameter("beta", "norm", start + WIDTH, (WIDTH,))


def test_layer_norm_agrees_with_torch(executor_for):
    op = Op("layer_norm", "norm", (1,), 2, (1, 2), settings=(1e-5,))
    program = dense_then(op, parameters=scale_and_shift())
    compare(executor_for(program), lambda x, gamma, beta: F.layer_norm(x, (WIDTH,), gamma, beta, 1e-5))


def batch_norm_program():
    op = Op("batch_norm", "norm", (1,), 2, (1, 2), (0, 1), (0.9, 1e-5))
    state = (Parameter("running_mean", "norm", 0, (WIDTH,)), Parameter("running_variance", "norm", WIDTH, (WIDTH,)))
    return dense_then(op, parameters=scale_and_shift(), state=state)


def test_batch_norm_in_training_agrees_with_torch(executor_for):
    def torch_batch_norm(x, gamma, beta):
        return F.batch_norm(x, None, None, gamma, beta, training=True, eps=1e-5)

    compare(executor_for(batch_norm_program()), torch_batch_norm)


def test_batch_norm_running_statistics_agree_with_torch_but_for_the_biased_variance(executor_for):
    rng = np.random.default_rng(3)
    executor = executor_for(batch_norm_program())
    executor.configure(PLAN)
    executor.restore(parameters=rng.normal(size=executor.snapshot().parameters.size))
    executor.restore(state=np.repeat([0.0, 1.0], WIDTH))
    x, target = rng.normal(size=(ROWS, WIDTH)), np.zeros((ROWS, WIDTH))
    hidden = torch.tensor(x @ executor.snapshot().parameters[: WIDTH * WIDTH].reshape(WIDTH, WIDTH))
    executor.train(Batches([x], [target]), np.arange(ROWS), ROWS, 0, StepValues(np.zeros(1)))

    theirs = torch.nn.BatchNorm1d(WIDTH, momentum=0.1, dtype=torch.float64)
    theirs(hidden)
    np.testing.assert_allclose(executor.snapshot().state[:WIDTH], theirs.running_mean.numpy(), rtol=1e-12)
    batch_part = (theirs.running_var.numpy() - 0.9) * (ROWS - 1) / ROWS  # torch keeps the unbiased variance
    np.testing.assert_allclose(executor.snapshot().state[WIDTH:], 0.9 + batch_part, rtol=1e-12)


def test_kept_units_of_dropout_are_scaled_as_in_torch(executor_for):
    program = dense_then(Op("dropout", "dropout", (1,), 2, settings=(0.25,)))
    executor = executor_for(program)
    executor.configure(PLAN)
    executor.restore(parameters=np.eye(WIDTH).ravel())
    (out,) = executor.forward([np.ones((400, WIDTH))], np.arange(400), 0)
    ours, theirs = np.unique(out), np.unique(F.dropout(torch.ones(400, WIDTH, dtype=torch.float64), 0.25).numpy())
    np.testing.assert_allclose(ours, theirs)
    assert np.mean(out == 0) == pytest.approx(0.25, abs=0.03)
