"""The reference executor runs on torch tensors as it stands, and gives NumPy's numbers."""

import numpy as np
import pytest
import torch

from lamina.activations import ACTIVATIONS
from lamina.engine import Batches, Clipping, Head, Op, Parameter, Program, StepValues, TrainingPlan
from lamina.engine.plan import UpdateRule
from lamina.engine.reference import ReferenceExecutor

WIDTH, ROWS = 4, 12
HEADS = {
    "squared_error": ((), "real"),
    "absolute_error": ((), "real"),
    "huber": ((0.5,), "real"),
    "log_cosh": ((), "real"),
    "poisson": ((), "count"),
    "gamma": ((), "positive"),
    "tweedie": ((1.3,), "count"),
    "focal": ((2.0, 0.25, 0.75), "label"),
    "gaussian_nll": ((1e-6, 0.5), "real"),
    "quantile": ((0.1, 0.9), "real"),
    "softmax_cross_entropy": ((0.1,), "class"),
    "sigmoid_cross_entropy": ((0.1,), "label"),
    "hinge": ((), "sign"),
    "squared_hinge": ((), "sign"),
    "categorical_hinge": ((), "class"),
    "perceptron": ((), "sign"),
}
RULES = {
    "gradient_descent": ((), 0),
    "momentum": ((0.9,), 1),
    "nesterov": ((0.9,), 1),
    "rmsprop": ((0.99, 1e-3), 1),
    "adagrad": ((1e-3,), 1),
    "adam": ((0.9, 0.999, 1e-3), 2),
    "nadam": ((0.9, 0.999, 1e-3, 0.004), 2),
}


def every_op_program(head_kind, settings, target_width):
    """All kinds of op in one graph: two branches that meet in a sum, a product and side by side."""
    shapes = {"weight": (WIDTH, WIDTH), "bias": (WIDTH,), "gamma": (WIDTH,), "slope": (WIDTH,), "last": (3 * WIDTH, WIDTH)}
    parameters, offset = [], 0
    for name, shape in shapes.items():
        parameters.append(Parameter(name, name, offset, shape, l1=0.01, l2=0.1, decay=True, max_norm=2.0))
        offset += int(np.prod(shape))
    state = (Parameter("mean", "batch_norm", 0, (WIDTH,)), Parameter("variance", "batch_norm", WIDTH, (WIDTH,)))
    ops = (
        Op("dense", "dense", (0,), 1, (0, 1)),
        Op("batch_norm", "batch_norm", (1,), 2, (), (0, 1), (0.9, 1e-3)),
        Op("prelu", "prelu", (2,), 3, (3,)),
        Op("dropout", "dropout", (3,), 4, settings=(0.25,)),
        Op("layer_norm", "layer_norm", (1,), 5, (2, 1), settings=(1e-3,)),
        Op("activation", "gelu", (5,), 6, function="gelu"),
        Op("add", "add", (4, 6), 7),
        Op("multiply", "multiply", (4, 6), 8),
        Op("concat", "concat", (7, 8, 6), 9),
        Op("dense", "last", (9,), 10, (4,)),
    )
    widths = (WIDTH,) * 9 + (3 * WIDTH, WIDTH)
    return Program(widths, (0,), (10,), ops, tuple(parameters), state, (Head(head_kind, 10, target_width, settings),))


def make_target(kind, rng):
    return {
        "real": lambda: rng.normal(size=(ROWS, WIDTH)),
        "positive": lambda: rng.gamma(2.0, size=(ROWS, WIDTH)),
        "count": lambda: rng.poisson(2.0, size=(ROWS, WIDTH)).astype(float),
        "class": lambda: rng.integers(WIDTH, size=(ROWS, 1)).astype(float),
        "label": lambda: rng.integers(2, size=(ROWS, WIDTH)).astype(float),
        "sign": lambda: rng.choice([-1.0, 1.0], size=(ROWS, WIDTH)),
    }[kind]()


def train(xp, head_kind, rule_kind):
    rng = np.random.default_rng(0)
    settings, target_kind = HEADS[head_kind]
    x, target = rng.normal(size=(ROWS, WIDTH)), make_target(target_kind, rng)
    if head_kind in ("quantile", "gaussian_nll"):
        target = target[:, : WIDTH // 2]
    program = every_op_program(head_kind, settings, target.shape[1])
    executor = ReferenceExecutor(program, "float64", xp)
    coefficients, num_slots = RULES[rule_kind]
    executor.configure(TrainingPlan(UpdateRule(rule_kind, coefficients, num_slots), Clipping(norm=1.0), seed=3))
    executor.restore(parameters=xp.asarray(rng.normal(size=program.num_parameters)))
    executor.restore(state=np.full(executor.program.num_state, 1.0))
    weights = rng.uniform(size=ROWS)
    result = executor.train(Batches([x], [target], weights), np.tile(np.arange(ROWS), 4), 5, 0, StepValues(np.full(10, 0.01)))
    assert result.failure is None
    arrays = [
        executor.snapshot().parameters,
        executor.snapshot().state,
        executor.snapshot().slots,
        *executor.predict([xp.asarray(x)]),
    ]
    return result.losses, [np.asarray(array) for array in arrays]


@pytest.mark.parametrize(
    ("head_kind", "rule_kind"), [(head, "adam") for head in HEADS] + [("squared_error", rule) for rule in RULES]
)
def test_ten_steps_on_torch_are_those_on_numpy(head_kind, rule_kind):
    losses, arrays = train(np, head_kind, rule_kind)
    torch_losses, torch_arrays = train(torch, head_kind, rule_kind)
    np.testing.assert_allclose(torch_losses, losses, rtol=1e-11)
    for ours, theirs in zip(arrays, torch_arrays, strict=True):
        np.testing.assert_allclose(theirs, ours, rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_take_torch_tensors(name):
    x = np.random.default_rng(0).normal(size=(5, 3)) * 4
    value, derivative = (method(torch.tensor(x)) for method in (ACTIVATIONS[name].value, ACTIVATIONS[name].derivative))
    assert isinstance(value, torch.Tensor)
    np.testing.assert_allclose(value.numpy(), ACTIVATIONS[name].value(x), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(derivative.numpy(), ACTIVATIONS[name].derivative(x), rtol=1e-11, atol=1e-14)
