"""What engineers from torch look for, beside torch: joints, own functions, gradients by name, class weights, mixed losses."""

import numpy as np
import pytest
import torch

from lamina.layers import Average, CustomActivation, CustomLayer, Dense, Input, Subtract
from lamina.network import Graph, Sequential
from lamina.optimizers import GradientDescent
from lamina.training import Trainer

RNG = np.random.default_rng(0)
LEFT, RIGHT = RNG.normal(size=(2, 30, 6))
NUMBERS, CLASSES = RNG.normal(size=(30, 2)), RNG.integers(3, size=30)
JOINTS = {"subtract": (Subtract, lambda a, b: a - b), "average": (Average, lambda a, b: (a + b) / 2)}


class Snake(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x + torch.sin(x) ** 2

    @staticmethod
    def backward(ctx, d_out):
        (x,) = ctx.saved_tensors
        return d_out * (1 + torch.sin(2 * x))


def tensors(trainer):
    return {name: torch.tensor(array, requires_grad=True) for name, array in trainer.weights.items()}


def assert_gradients(trainer, X, y, loss_of, sample_weight=None):
    parameters = tensors(trainer)
    theirs = loss_of(parameters)
    theirs.backward()
    loss, gradients = trainer.loss_and_gradients(X, y, sample_weight)
    assert loss == pytest.approx(theirs.item())
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradient, parameters[name].grad.numpy(), rtol=1e-9, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize("kind", JOINTS)
def test_joints_of_a_shared_layer_have_torchs_gradients(kind, engine):
    layer, function = JOINTS[kind]
    left, right, encoder = Input(6), Input(6), Dense(4, activation="tanh", name="encoder")
    network = Graph([left, right], Dense(2, name="score")(layer()([encoder(left), encoder(right)])))
    trainer = Trainer(network, "squared_error", dtype="float64", engine=engine)

    def loss_of(p):
        a, b = (torch.tanh(torch.tensor(x) @ p["encoder.weight"] + p["encoder.bias"]) for x in (LEFT, RIGHT))
        out = function(a, b) @ p["score.weight"] + p["score.bias"]
        return 0.5 * ((out - torch.tensor(NUMBERS)) ** 2).sum(dim=1).mean()

    assert_gradients(trainer, [LEFT, RIGHT], NUMBERS, loss_of)


def test_an_activation_of_ones_own_is_an_autograd_function():
    own = CustomActivation(lambda x: x + np.sin(x) ** 2, lambda x: 1 + np.sin(2 * x))
    trainer = Trainer(Sequential([Dense(5), own, Dense(2)], 6), "squared_error", dtype="float64")

    def loss_of(p):
        h = Snake.apply(torch.tensor(LEFT) @ p["dense_1.weight"] + p["dense_1.bias"])
        return 0.5 * ((h @ p["dense_2.weight"] + p["dense_2.bias"] - torch.tensor(NUMBERS)) ** 2).sum(dim=1).mean()

    assert_gradients(trainer, LEFT, NUMBERS, loss_of)


def test_a_layer_of_ones_own_with_two_inputs_is_a_bilinear_module():
    def forward(a, b, weight):
        return np.einsum("ni,oij,nj->no", a, weight, b)

    def backward(d_out, a, b, weight):
        d_a = np.einsum("no,oij,nj->ni", d_out, weight, b)
        d_b = np.einsum("no,oij,ni->nj", d_out, weight, a)
        return d_a, d_b, np.einsum("no,ni,nj->oij", d_out, a, b)

    left, right = Input(6), Input(6)
    layer = CustomLayer(forward, backward, width=2, num_inputs=2, parameters={"weight": (2, 6, 6)}, name="both")
    trainer = Trainer(Graph([left, right], layer([left, right])), "squared_error", GradientDescent(0.01), dtype="float64")

    def loss_of(p):
        out = torch.nn.functional.bilinear(torch.tensor(LEFT), torch.tensor(RIGHT), p["both.weight"])
        return 0.5 * ((out - torch.tensor(NUMBERS)) ** 2).sum(dim=1).mean()

    assert_gradients(trainer, [LEFT, RIGHT], NUMBERS, loss_of)
    trainer.fit([LEFT, RIGHT], NUMBERS, max_epochs=2)


def test_class_weights_are_those_of_torchs_loss():
    weights = np.array([1.0, 5.0, 0.5])
    settings = {"dtype": "float64", "batch_size": None}
    trainer = Trainer(Sequential([Dense(3)], 6), "softmax_cross_entropy", GradientDescent(0.5), **settings)
    p = tensors(trainer)
    logits = torch.tensor(LEFT) @ p["dense_1.weight"] + p["dense_1.bias"]
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor(CLASSES), weight=torch.tensor(weights))
    loss.backward()
    history = trainer.fit(LEFT, CLASSES, class_weight=dict(enumerate(weights.tolist())), max_epochs=1)
    assert history[-1, "loss"] == pytest.approx(loss.item())
    for name, array in trainer.weights.items():
        np.testing.assert_allclose(array, (p[name] - 0.5 * p[name].grad).detach().numpy(), rtol=1e-9)


def test_a_loss_of_ones_own_beside_a_built_in_one_adds_up_as_in_torch():
    x = Input(6)
    h = Dense(4, activation="tanh", name="h")(x)
    network = Graph(x, [Dense(3, name="kind")(h), Dense(2, name="size")(h)])

    def cauchy(logits, targets):
        difference = logits - targets
        return np.log1p(difference**2).sum(axis=1), 2 * difference / (1 + difference**2)

    losses = {"kind": "softmax_cross_entropy", "size": cauchy}
    trainer = Trainer(network, losses, loss_weights={"kind": 2.0, "size": 0.5}, dtype="float64")

    def loss_of(p):
        hidden = torch.tanh(torch.tensor(LEFT) @ p["h.weight"] + p["h.bias"])
        kind, size = (hidden @ p[f"{name}.weight"] + p[f"{name}.bias"] for name in ("kind", "size"))
        of_size = torch.log1p((size - torch.tensor(NUMBERS)) ** 2).sum(dim=1).mean()
        return 2.0 * torch.nn.functional.cross_entropy(kind, torch.tensor(CLASSES)) + 0.5 * of_size

    assert_gradients(trainer, LEFT, {"kind": CLASSES, "size": NUMBERS}, loss_of)


def test_frozen_layers_have_no_gradient_and_their_adam_moments_stand_still():
    trainer = Trainer(Sequential([Dense(4, activation="tanh", name="a"), Dense(2, name="b")], 6), "squared_error")
    trainer.fit(LEFT, NUMBERS, max_epochs=2)
    before = trainer.executor.snapshot()
    trainer.freeze("a").fit(LEFT, NUMBERS, max_epochs=2)
    after = trainer.executor.snapshot()
    frozen = slice(0, 6 * 4 + 4)
    assert np.array_equal(before.slots[:, frozen], after.slots[:, frozen])
    assert not np.array_equal(before.slots, after.slots)
    assert set(trainer.loss_and_gradients(LEFT, NUMBERS)[1]) == {"b.weight", "b.bias"}
