"""L11: the gradient check that users are offered."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lamina import (
    PLR,
    Add,
    BatchNorm,
    CustomLoss,
    Dense,
    Dropout,
    Graph,
    Input,
    LayerNorm,
    PReLU,
    Sequential,
    Trainer,
    check_gradients,
)
from lamina.analysis.training_objective import TrainingObjective
from lamina.errors import DataError, InvalidSettingError, NonFiniteError
from lamina.losses import LOSSES

RNG = np.random.default_rng(5)
X = RNG.normal(size=(12, 4))
TARGETS = {
    "softmax_cross_entropy": RNG.integers(0, 3, size=12),
    "sigmoid_cross_entropy": RNG.integers(0, 2, size=(12, 3)),
    "hinge": RNG.choice([-1.0, 1.0], size=(12, 3)),
    "perceptron": RNG.choice([-1.0, 1.0], size=(12, 3)),
    "poisson": RNG.poisson(2.0, size=(12, 3)),
    "gamma": RNG.gamma(2.0, size=(12, 3)),
    "tweedie": RNG.poisson(2.0, size=(12, 3)),
    "focal": RNG.integers(0, 2, size=(12, 3)),
    "squared_hinge": RNG.choice([-1.0, 1.0], size=(12, 3)),
    "categorical_hinge": RNG.integers(0, 3, size=12),
}


def network(outputs: int = 3, **settings: float) -> Sequential:
    return Sequential([Dense(5, activation="tanh", **settings), Dense(outputs)], input_width=4)  # type: ignore[arg-type]


@pytest.mark.parametrize("engine", ["reference", "auto"])
@pytest.mark.parametrize("loss", LOSSES)
def test_every_built_in_loss_passes(loss: str, engine: str) -> None:
    targets = TARGETS.get(loss, RNG.normal(size=(12, 3)))
    check = check_gradients(network(6 if loss == "gaussian_nll" else 3), X, targets, loss, engine=engine)
    assert check.passed, str(check)
    assert "right" in check.verdict


def test_normalization_dropout_skips_and_penalties_pass() -> None:
    x = Input(4)
    h = Dropout(0.3)(PReLU()(BatchNorm()(Dense(6, l1=0.01, l2=0.1)(x))))
    g = LayerNorm()(Dense(6, activation="gelu")(h))
    check = check_gradients(Graph(x, Dense(3)(Add()([h, g]))), X, RNG.normal(size=(12, 3)), "squared_error")
    assert check.passed, str(check)
    assert {row.parameter.split(".")[0] for row in check.parameters} >= {"batch_norm_1", "prelu_1", "layer_norm_1"}


def test_max_norm_does_not_disturb_the_check() -> None:
    assert check_gradients(network(max_norm=1e-3), X, RNG.normal(size=(12, 3)), "squared_error").passed


def right(z: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.sum((z - t) ** 4, axis=1), 4 * (z - t) ** 3


def wrong_sign(z: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.sum((z - t) ** 4, axis=1), -4 * (z - t) ** 3


def slightly_wrong(z: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.sum((z - t) ** 4, axis=1), 4.01 * (z - t) ** 3


def wrong_in_one_output(z: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    gradient = 4 * (z - t) ** 3
    gradient[:, 1] *= 2
    return np.sum((z - t) ** 4, axis=1), gradient


@pytest.mark.parametrize(
    ("loss", "passes"), [(right, True), (wrong_sign, False), (slightly_wrong, False), (CustomLoss(right), True)]
)
def test_a_loss_of_ones_own_is_judged(loss: object, passes: bool) -> None:
    check = check_gradients(network(), X, RNG.normal(size=(12, 3)), loss)  # type: ignore[arg-type]
    assert check.passed is passes
    assert ("WRONG" in str(check)) is not passes


def test_the_worst_element_shows_where_the_error_sits() -> None:
    check = check_gradients(network(), X, RNG.normal(size=(12, 3)), wrong_in_one_output)
    by_name = {row.parameter: row for row in check.parameters}
    assert by_name["dense_2.bias"].index == (1,)
    assert by_name["dense_2.weight"].index[1] == 1
    assert by_name["dense_2.bias"].error == pytest.approx(0.5, abs=1e-4)


def test_the_errors_are_those_of_the_numbers_shown_and_not_rounded_away() -> None:
    check = check_gradients(network(), X, RNG.normal(size=(12, 3)), "squared_error")
    assert all(0 < error < 1e-6 for error in check.directions)
    for row in check.parameters:
        larger = max(abs(row.gradient), abs(row.difference), 1e-4 * max(1.0, check.loss))
        assert 0 < row.error == pytest.approx(abs(row.gradient - row.difference) / larger, rel=1e-6)


def test_a_gradient_of_zero_does_not_fail_for_the_rounding_of_differences() -> None:
    check = check_gradients(
        network(), X, RNG.normal(size=(12, 3)), "squared_error", weights=np.zeros(network().build(4).num_parameters)
    )
    assert check.passed


def test_a_kink_within_the_step_is_no_error() -> None:
    # at weight 0 the absolute error of targets 0 has its kink exactly where we stand
    line = Sequential([Dense(1, use_bias=False)], input_width=1)
    check = check_gradients(line, np.ones((3, 1)), np.zeros(3), "absolute_error", weights=np.zeros(1))
    assert check.passed
    assert check.parameters[0].kinks == 1


def test_many_elements_are_sampled() -> None:
    check = check_gradients(network(), X, RNG.normal(size=(12, 3)), "squared_error", max_elements=4)
    assert [row.tried for row in check.parameters] == [4, 4, 4, 3]
    assert len(check.to_frame()) == 4


def test_a_trainer_brings_its_loss_and_is_left_as_it_was() -> None:
    trainer = Trainer(network(), "squared_error")
    before = trainer.executor.snapshot().parameters
    assert check_gradients(trainer, X, RNG.normal(size=(12, 3))).passed
    np.testing.assert_array_equal(before, trainer.executor.snapshot().parameters)


def test_a_check_without_a_loss_is_refused() -> None:
    with pytest.raises(DataError, match="a loss must be given"):
        check_gradients(network(), X, X)


def test_an_infinite_loss_is_reported_as_such() -> None:
    with pytest.raises(NonFiniteError, match="not finite"):
        check_gradients(network(), X, RNG.normal(size=(12, 3)), lambda z, t: (np.full(len(z), np.inf), z))


@pytest.mark.parametrize("setting", [{"num_directions": 0}, {"max_elements": 0}, {"tol": 0.0}, {"seed": -1}])
def test_settings_out_of_range_are_refused(setting: dict[str, int]) -> None:
    with pytest.raises(InvalidSettingError, match=next(iter(setting))):
        check_gradients(network(), X, X[:, :3], "squared_error", **setting)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(10))
def test_a_relu_whose_sum_is_exactly_zero_is_a_kink_and_no_error(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = Input(4)
    h = Dense(8, activation="relu")(x)
    skipped = Graph(x, Dense(1)(Add()([h, Dense(8, activation="relu")(h)])))
    X = rng.normal(size=(20, 4))
    X[0] = 0.0  # with biases of 0, every sum of this row is 0
    assert check_gradients(skipped, X, X[:, 0] * X[:, 1], "squared_error", seed=seed).passed


def relu_network() -> Sequential:
    """With biases of 0, a row for which one layer is dead stands at a kink of the next."""
    return Sequential([*(Dense(4, activation="relu") for _ in range(3)), Dense(1)])


def wide_relu_network() -> Sequential:
    """Many units, of which some have a kink within the first step."""
    return Sequential([Dense(16, activation="tanh"), Dense(128, activation="relu"), Dense(1)])


def network_of_embeddings() -> Sequential:
    return Sequential([Dense(32, activation="tanh"), PLR(8, 16), Dense(1)])


KINKY = [relu_network, wide_relu_network, network_of_embeddings]
ROWS = RNG.normal(size=(200, 4))
NUMBERS = ROWS[:, 0] + np.sin(ROWS[:, 1]) * ROWS[:, 2]


@pytest.mark.parametrize("build", KINKY)
def test_right_gradients_of_networks_with_kinks_pass(build: Callable[[], Sequential]) -> None:
    checks = [check_gradients(build(), ROWS, NUMBERS, "squared_error", seed=seed, max_elements=20) for seed in range(30)]
    assert [seed for seed, check in enumerate(checks) if not check.passed] == []


def slightly_wrong_square(z: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.sum((z - t) ** 2, axis=1), 2.02 * (z - t)


@pytest.mark.parametrize("build", KINKY)
def test_a_gradient_wrong_by_a_hundredth_is_found_among_kinks(build: Callable[[], Sequential]) -> None:
    checks = [check_gradients(build(), ROWS, NUMBERS, slightly_wrong_square, seed=seed, max_elements=10) for seed in range(20)]
    assert [seed for seed, check in enumerate(checks) if check.passed] == []
    assert all(check.worst is not None and check.worst.error > 0.009 for check in checks)


def test_a_wrong_gradient_of_biases_that_stand_at_kinks_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right_gradient = TrainingObjective.__call__
    (bias,) = (p for p in relu_network().build(4).parameters if p.name == "dense_3.bias")

    def wrong_gradient(self: TrainingObjective, weights: np.ndarray, rows: np.ndarray) -> tuple[float, np.ndarray]:
        loss, gradient = right_gradient(self, weights, rows)
        gradient[bias.slice] *= 1.01
        return loss, gradient

    monkeypatch.setattr(TrainingObjective, "__call__", wrong_gradient)
    checks = [check_gradients(relu_network(), ROWS, NUMBERS, "squared_error", seed=seed) for seed in range(20)]
    at_kinks = [check for check in checks if check.parameters[5].kinks >= 2]
    assert len(at_kinks) >= 5
    assert all(check.parameters[5].error == pytest.approx(0.01 / 1.01, rel=1e-3) for check in at_kinks)
    assert not any(check.passed for check in checks)
