"""Whole programs: the gradient of random graphs, agreement of the array libraries, and a problem that needs a hidden layer."""

from __future__ import annotations

import array_api_strict
import numpy as np
import pytest

from lamina.engine.formulas.update import RULES
from lamina.engine.plan import Batches, Clipping, StepValues, TrainingPlan, UpdateRule
from lamina.engine.reference import ReferenceExecutor

SMOOTH = ("tanh", "sigmoid", "softplus", "gelu", "gelu_tanh", "silu", "mish", "softsign", "softmax", "identity")
# A large eps: gradients that are 0 but for rounding (a bias before a batch norm) would else be scaled up to full steps
RULE_NUMBERS = {
    "gradient_descent": (),
    "momentum": (0.9,),
    "nesterov": (0.9,),
    "rmsprop": (0.99, 1e-3),
    "adagrad": (1e-3,),
    "adam": (0.9, 0.999, 1e-3),
    "nadam": (0.9, 0.999, 1e-3, 0.004),
}


def random_program(build, rng):
    """Two inputs, a dozen ops of which any reads any earlier buffer of fitting width, two or three heads."""
    width = int(rng.integers(2, 5))
    buffers = [build.dense(build.input(3), width, l1=0.01, l2=0.1), build.dense(build.input(2), width, bias=False)]
    for _ in range(12):
        x, y = (buffers[i] for i in rng.integers(0, len(buffers), size=2))
        choices = [
            lambda x=x: build.dense(x, width, l2=0.2),
            lambda x=x: build.activation(x, str(rng.choice(SMOOTH))),
            lambda x=x: build.prelu(x),
            lambda x=x: build.dropout(x, 0.3),
            lambda x=x: build.batch_norm(x, affine=bool(rng.integers(2))),
            lambda x=x: build.layer_norm(x, affine=bool(rng.integers(2))),
            lambda x=x, y=y: build.combine("add", x, y, x),
            lambda x=x, y=y: build.combine("multiply", x, y),
            lambda x=x, y=y: build.dense(build.combine("concat", x, y), width),
        ]
        buffers.append(choices[rng.integers(len(choices))]())
    between = build.combine("average", build.combine("subtract", *buffers[:2]), buffers[-1])
    build.head("squared_error", build.dense(between, 2), weight=0.7)
    build.head("softmax_cross_entropy", build.dense(build.combine("add", *buffers[-3:]), 3), 0.1, target_width=1, weight=2.0)
    build.head("sigmoid_cross_entropy", buffers[-1], 0.0)  # of a buffer that another op reads too
    return build.program()


def random_data(program, rng, *, num_rows=7):
    inputs = [rng.normal(size=(num_rows, program.widths[b])) for b in program.inputs]
    classes = rng.integers(0, 3, size=(num_rows, 1)).astype(float)
    labels = rng.integers(0, 2, size=(num_rows, program.heads[2].target_width)).astype(float)
    return Batches(inputs, [rng.normal(size=(num_rows, 2)), classes, labels], rng.uniform(0.1, 2.0, size=num_rows))


@pytest.mark.parametrize("training", [True, False], ids=["training", "inference"])
@pytest.mark.parametrize("seed", range(8))
def test_gradient_of_a_random_graph(seed, training, xp, build, assert_gradient):
    rng = np.random.default_rng(seed)
    program = random_program(build, rng)
    data = random_data(program, rng)
    executor = ReferenceExecutor(program, "float64", xp)
    executor.configure(TrainingPlan(UpdateRule("adam", RULE_NUMBERS["adam"], 2), penalty_per_row=bool(seed % 2), seed=seed))
    executor.restore(state=xp.asarray(rng.uniform(0.5, 1.5, size=program.num_state)))
    w = rng.normal(size=program.num_parameters) * 0.5

    def loss(parameters):
        executor.restore(parameters=xp.asarray(parameters))
        return executor.loss_and_gradient(data, training=training, step=3)[0]

    executor.restore(parameters=xp.asarray(w))
    assert_gradient(loss, [w], [executor.loss_and_gradient(data, training=training, step=3)[1]])


@pytest.mark.parametrize("kind", RULES)
def test_ten_steps_agree_on_all_array_libraries(kind, build):
    rng = np.random.default_rng(1)
    program = random_program(build, rng)
    data = random_data(program, rng, num_rows=23)
    order = rng.integers(0, 23, size=57)
    w = rng.normal(size=program.num_parameters) * 0.3
    plan = TrainingPlan(
        UpdateRule(kind, RULE_NUMBERS[kind], {"gradient_descent": 0, "adam": 2, "nadam": 2}.get(kind, 1)),
        Clipping(value=(-2.0, 1.0), layer_norm=2.0, norm=4.0),
        seed=5,
        record_norms=True,
    )
    results, executors = [], []
    for xp in (np, array_api_strict):
        executor = ReferenceExecutor(program, "float64", xp)
        executor.configure(plan)
        executor.restore(parameters=xp.asarray(w))
        results.append(executor.train(data, order, 6, 0, StepValues(np.full(10, 0.01), np.full(10, 0.1))))
        executors.append(executor)
    assert len(results[0].losses) == 10
    assert results[0].failure is results[1].failure is None
    assert np.allclose(results[0].losses, results[1].losses, rtol=1e-12, atol=0)
    assert np.allclose(results[0].gradient_norms, results[1].gradient_norms, rtol=1e-10, atol=0)
    assert results[0].num_clipped == results[1].num_clipped > 0
    for name in ("parameters", "state", "slots"):
        first, second = (np.asarray(getattr(executor.snapshot(), name)) for executor in executors)
        assert np.allclose(first, second, rtol=1e-9, atol=1e-12), name


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_xor_is_learnt(seed, dtype, build):
    logits = build.dense(build.activation(build.dense(build.input(2), 4), "tanh"), 1)
    build.head("sigmoid_cross_entropy", logits)
    executor = ReferenceExecutor(build.program(), dtype)
    executor.configure(TrainingPlan(UpdateRule("adam", RULE_NUMBERS["adam"], 2)))
    executor.restore(parameters=np.random.default_rng(seed).normal(size=executor.snapshot().parameters.size))
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=dtype)
    target = np.array([[0], [1], [1], [0]], dtype=dtype)
    result = executor.train(Batches([x], [target]), np.tile(np.arange(4), 600), 4, 0, StepValues(np.full(600, 0.05)))
    assert result.losses[-1] < 0.05 < result.losses[0]
    assert np.array_equal(executor.predict([x])[0] > 0, target > 0)
