"""L11: the lecture's δ rule, written by hand, equals the engine at batch size 1, step by step."""

from __future__ import annotations

import numpy as np
import pytest

from lamina import Add, Dense, Graph, Input, Sequential, Trainer, explain_step
from lamina.engine import native_available
from lamina.errors import DataError, InvalidSettingError, ShapeError
from lamina.optimizers import GradientDescent

ENGINES = ["reference", pytest.param("native", marks=pytest.mark.skipif(not native_available(), reason="no native engine"))]
ETA = 0.5
WEIGHTS = {
    "hidden.weight": np.array([[0.1, -0.2], [0.4, 0.3]]),
    "hidden.bias": np.array([0.05, -0.1]),
    "out.weight": np.array([[0.7], [-0.5]]),
    "out.bias": np.array([0.2]),
}


def net_2_2_1() -> Sequential:
    return Sequential([Dense(2, activation="sigmoid", name="hidden"), Dense(1, activation="sigmoid", name="out")], 2)


def sigmoid(s: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-s))


def delta_rule(w: dict[str, np.ndarray], x: np.ndarray, t: float) -> dict[str, np.ndarray]:
    """One online step, as on the board: δ_out = (t − z) f′, δ_hidden = f′ Σ w δ, Δw = η δ x."""
    y = sigmoid(w["hidden.bias"] + x @ w["hidden.weight"])
    z = sigmoid(w["out.bias"] + y @ w["out.weight"])
    delta_out = (t - z) * z * (1 - z)
    delta_hidden = y * (1 - y) * (w["out.weight"] @ delta_out)
    return {
        "hidden.weight": w["hidden.weight"] + ETA * np.outer(x, delta_hidden),
        "hidden.bias": w["hidden.bias"] + ETA * delta_hidden,
        "out.weight": w["out.weight"] + ETA * np.outer(y, delta_out),
        "out.bias": w["out.bias"] + ETA * delta_out,
    }


@pytest.mark.parametrize("engine", ENGINES)
def test_online_training_takes_the_steps_of_the_delta_rule(engine: str) -> None:
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]] * 5)
    targets = np.array([0.0, 1.0, 1.0, 0.0] * 5)
    by_hand = dict(WEIGHTS)
    for i in range(len(X)):
        by_hand = delta_rule(by_hand, X[i], targets[i])
    trainer = Trainer(
        net_2_2_1(), "squared_error", GradientDescent(ETA), batch_size=1, shuffle=False, dtype="float64", engine=engine
    )
    for name, array in WEIGHTS.items():
        trainer.weights[name][...] = array
    trainer.fit(X, targets, max_epochs=1)
    for name, array in by_hand.items():
        np.testing.assert_allclose(trainer.weights[name], array, rtol=1e-12, err_msg=name)


def test_every_quantity_of_a_step_is_the_one_computed_by_hand() -> None:
    x, t = np.array([1.0, -2.0]), 1.0
    step = explain_step(net_2_2_1(), x, t, "squared_error", learning_rate=ETA, weights=WEIGHTS)
    sums = WEIGHTS["hidden.bias"] + x @ WEIGHTS["hidden.weight"]
    y = sigmoid(sums)
    s = WEIGHTS["out.bias"] + y @ WEIGHTS["out.weight"]
    z = sigmoid(s)
    delta = (t - z) * z * (1 - z)
    hidden, out = step["hidden"], step["out"]
    np.testing.assert_allclose(hidden.inputs, x)
    np.testing.assert_allclose(hidden.sums, sums)
    np.testing.assert_allclose(hidden.outputs, y)
    np.testing.assert_allclose(out.inputs, y)
    np.testing.assert_allclose(out.sums, s)
    np.testing.assert_allclose(out.outputs, z)
    np.testing.assert_allclose(out.deltas, delta)
    np.testing.assert_allclose(hidden.deltas, y * (1 - y) * (WEIGHTS["out.weight"] @ delta))
    assert step.loss == pytest.approx(0.5 * (t - z[0]) ** 2)
    new = delta_rule(WEIGHTS, x, t)
    for weight in (*hidden.weights, *out.weights):
        np.testing.assert_allclose(weight.new, new[weight.name])
    np.testing.assert_allclose(step.parameters, np.concatenate([array.ravel() for array in new.values()]))


def test_the_table_has_a_line_for_every_quantity() -> None:
    text = str(explain_step(net_2_2_1(), [1.0, -2.0], 1.0, "squared_error", learning_rate=ETA, weights=WEIGHTS))
    for quantity in ("δ", "f(s)", "Δ weight", "new weight", "new bias"):
        assert quantity in text
    frame = explain_step(net_2_2_1(), [1.0, -2.0], 1.0, "squared_error", weights=WEIGHTS).to_frame()
    assert len(frame[frame["quantity"] == "Δ weight"]) == 6


def test_a_graph_with_a_fan_out_sums_the_deltas_that_come_back() -> None:
    x = Input(2, name="x")
    h = Dense(3, activation="tanh", name="h")(x)
    g = Dense(3, name="g")(h)
    network = Graph(x, Dense(1, name="out")(Add(name="sum")([h, g])))
    step = explain_step(network, [0.5, -1.0], [2.0], "squared_error", learning_rate=0.1, seed=4)
    w = network.unflatten(network.initialize(4, "float64")[0])
    back = (w["out.weight"] @ step["out"].deltas) + w["g.weight"] @ step["g"].deltas
    np.testing.assert_allclose(step["h"].deltas, (1 - step["h"].outputs ** 2) * back)


def test_a_trainer_brings_its_loss_and_weights() -> None:
    trainer = Trainer(net_2_2_1(), "squared_error", dtype="float64", seed=1)
    step = explain_step(trainer, [1.0, 1.0], 0.0)
    np.testing.assert_array_equal(step["out"].weights[0].old, trainer.weights["out.weight"])


def test_a_loss_of_ones_own_is_explained_too() -> None:
    def half_square(z: np.ndarray, t: np.ndarray) -> np.ndarray:
        return 0.5 * np.sum((z - t) ** 2, axis=1)

    own = explain_step(net_2_2_1(), [1.0, 2.0], 1.0, half_square, learning_rate=ETA, weights=WEIGHTS)
    built_in = explain_step(net_2_2_1(), [1.0, 2.0], 1.0, "squared_error", learning_rate=ETA, weights=WEIGHTS)
    np.testing.assert_allclose(own.parameters, built_in.parameters, rtol=1e-8)


def test_two_examples_are_refused() -> None:
    with pytest.raises(DataError, match="must be one example"):
        explain_step(net_2_2_1(), np.ones((2, 2)), np.ones((2, 1)), "squared_error", weights=WEIGHTS)


def test_a_step_without_a_loss_is_refused() -> None:
    with pytest.raises(DataError, match="a loss must be given"):
        explain_step(net_2_2_1(), [1.0, 1.0], 1.0, weights=WEIGHTS)


def test_an_example_of_another_width_is_refused() -> None:
    with pytest.raises(ShapeError, match="X must have shape"):
        explain_step(net_2_2_1(), [1.0, 1.0, 1.0], 1.0, "squared_error", weights=WEIGHTS)


def test_a_negative_learning_rate_is_refused() -> None:
    with pytest.raises(InvalidSettingError, match="learning_rate must be a number >= 0"):
        explain_step(net_2_2_1(), [1.0, 1.0], 1.0, "squared_error", learning_rate=-1.0, weights=WEIGHTS)


def test_a_change_of_zero_has_no_sign() -> None:
    network = Sequential([Dense(2, activation="relu", name="h"), Dense(1, name="out")], input_width=2)
    weights = {"h.weight": [[-1.0, 1.0], [-1.0, 1.0]], "h.bias": [0.0, 0.0], "out.weight": [[1.0], [1.0]], "out.bias": [0.0]}
    step = explain_step(network, [1.0, 0.0], 2.0, "squared_error", weights=weights)
    assert "-0" not in {line.split()[-1] for line in str(step).splitlines()}
    numbers = [step["h"].deltas, *(weight.change for weight in step["h"].weights)]
    assert not any(np.signbit(number[number == 0]).any() for number in numbers)
