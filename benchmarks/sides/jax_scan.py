"""JAX: a whole epoch is one compiled call, ``lax.scan`` over its batches."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.sides.losses import log_loss_for
from benchmarks.sides.side import Job
from benchmarks.workload import Data, Workload

NAME = "JAX"
VERSION = f"JAX {jax.__version__}"
_BETA1, _BETA2, _EPS, _RATE = 0.9, 0.999, 1e-8, 1e-3
_DROPOUT, _L2, _MAX_NORM, _MOMENTUM = 0.2, 1e-4, 1.0, 0.9

Tree = Any


def prepare(workload: Workload, data: Data) -> Job | None:
    if workload.density < 1 or workload.mixed:
        return None
    return _prediction(workload, data) if workload.predicts else _training(workload, data)


def _training(workload: Workload, data: Data) -> Job:
    x, y = jnp.asarray(data.x), jnp.asarray(data.y)
    if workload.loss == "sigmoid":
        y = y.reshape(-1, 1)
    epoch = jax.jit(_epoch_of(workload), donate_argnums=0)
    rng = np.random.default_rng(0)
    held: list[Tree] = [None]

    def reset() -> None:
        held[0] = jax.block_until_ready(_first_state(workload, data))

    def run() -> float:
        for _ in range(workload.epochs):
            held[0], loss = epoch(held[0], x, y, rng.permutation(workload.rows).astype(np.int32))
        return float(loss)

    return Job(run, reset)


def _prediction(workload: Workload, data: Data) -> Job:
    x = jnp.asarray(data.x)
    parameters = _first_state(workload, data)["parameters"]
    forward = jax.jit(lambda x: jax.nn.softmax(_plain_forward(workload, parameters, x)))

    def run() -> jax.Array:
        for _ in range(workload.calls):
            probabilities = forward(x).block_until_ready()
        return probabilities

    return Job(run, loss=log_loss_for(data))


def _first_state(workload: Workload, data: Data) -> Tree:
    parameters = [{"weight": jnp.array(w), "bias": jnp.array(b)} for w, b in data.weights]
    running = []
    if workload.regular:
        for layer in parameters[:-1]:
            width = layer["bias"].shape
            layer |= {"gamma": jnp.ones(width), "beta": jnp.zeros(width)}
            running.append({"mean": jnp.zeros(width), "variance": jnp.ones(width)})
    moments = [jax.tree.map(jnp.zeros_like, parameters) for _ in range(2)]
    return {"parameters": parameters, "moments": moments, "running": running, "step": jnp.zeros((), jnp.int32)}


def _epoch_of(workload: Workload) -> Any:
    size = workload.batch_size
    whole = workload.rows // size

    def epoch(state: Tree, x: jax.Array, y: jax.Array, order: jax.Array) -> tuple[Tree, jax.Array]:
        def step(state: Tree, rows: jax.Array) -> tuple[Tree, jax.Array]:
            state, loss = _step(workload, state, x[rows], y[rows])
            return state, loss * len(rows)

        state, losses = jax.lax.scan(step, state, order[: whole * size].reshape(whole, size))
        total = losses.sum()
        if whole * size < workload.rows:
            state, loss = step(state, order[whole * size :])
            total += loss
        return state, total / workload.rows

    return epoch


def _step(workload: Workload, state: Tree, x: jax.Array, y: jax.Array) -> tuple[Tree, jax.Array]:
    def objective(parameters: Tree) -> tuple[jax.Array, Tree]:
        if not workload.regular:
            return _loss(workload, _plain_forward(workload, parameters, x), y), state["running"]
        key = jax.random.fold_in(jax.random.key(0), state["step"])
        logits, running = _regular_forward(workload, parameters, state["running"], x, key)
        penalty = sum((layer["weight"] ** 2).sum() for layer in parameters)
        return _loss(workload, logits, y) + 0.5 * _L2 * penalty, running

    (loss, running), gradient = jax.value_and_grad(objective, has_aux=True)(state["parameters"])
    if workload.regular:
        norm = jnp.sqrt(sum((g**2).sum() for g in jax.tree.leaves(gradient)))
        gradient = jax.tree.map(lambda g: g * jnp.minimum(1.0, _MAX_NORM / norm), gradient)
    parameters, moments, t = _adam(state, gradient)
    return {"parameters": parameters, "moments": moments, "running": running, "step": t}, loss


def _adam(state: Tree, gradient: Tree) -> tuple[Tree, list[Tree], jax.Array]:
    t = state["step"] + 1
    m = jax.tree.map(lambda m, g: _BETA1 * m + (1 - _BETA1) * g, state["moments"][0], gradient)
    s = jax.tree.map(lambda s, g: _BETA2 * s + (1 - _BETA2) * g * g, state["moments"][1], gradient)
    rate, root = _RATE / (1 - _BETA1**t), 1 / jnp.sqrt(1 - _BETA2**t)
    parameters = jax.tree.map(lambda w, m, s: w - rate * m / (jnp.sqrt(s) * root + _EPS), state["parameters"], m, s)
    return parameters, [m, s], t


def _loss(workload: Workload, logits: jax.Array, y: jax.Array) -> jax.Array:
    if workload.loss == "softmax":
        return -jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], axis=1).mean()
    if workload.loss == "sigmoid":
        return (jax.nn.softplus(logits) - logits * y).mean()
    return 0.5 * ((logits - y) ** 2).mean()


def _plain_forward(workload: Workload, parameters: Tree, x: jax.Array) -> jax.Array:
    activation = getattr(jax.nn, workload.activation)
    for layer in parameters[:-1]:
        x = activation(x @ layer["weight"] + layer["bias"])
    return x @ parameters[-1]["weight"] + parameters[-1]["bias"]


def _regular_forward(workload: Workload, parameters: Tree, running: Tree, x: jax.Array, key: jax.Array) -> tuple[jax.Array, Tree]:
    activation = getattr(jax.nn, workload.activation)
    seen = []
    for layer, before, its_key in zip(parameters[:-1], running, jax.random.split(key, len(running)), strict=True):
        x = x @ layer["weight"] + layer["bias"]
        now = {"mean": x.mean(axis=0), "variance": x.var(axis=0)}
        seen.append(jax.tree.map(lambda old, new: _MOMENTUM * old + (1 - _MOMENTUM) * new, before, now))
        x = activation((x - now["mean"]) * jax.lax.rsqrt(now["variance"] + 1e-5) * layer["gamma"] + layer["beta"])
        x = jnp.where(jax.random.bernoulli(its_key, 1 - _DROPOUT, x.shape), x / (1 - _DROPOUT), 0.0)
    return x @ parameters[-1]["weight"] + parameters[-1]["bias"], seen
