"""L16: the gradient noise scale, held to the one computed from every row's own gradient."""

from __future__ import annotations

import numpy as np
import pytest

from lamina import Dense, Sequential, Trainer, gradient_noise_scale
from lamina.analysis.gradient_noise_scale import _power_of_two, unbiased_estimates
from lamina.errors import DataError, InvalidSettingError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(500, 4))
Y = X @ np.array([1.0, -2.0, 0.5, 0.0]) + RNG.normal(size=500)
LINE = Sequential([Dense(1)], input_width=4)


def exact(weights: np.ndarray) -> tuple[float, float]:
    """tr(Σ) and |G|² from the gradients of all rows: (w·x + b − y) (x, 1)."""
    design = np.hstack([X, np.ones((500, 1))])
    rows = (design @ weights - Y)[:, None] * design
    return float(rows.var(axis=0).sum()), float(np.sum(rows.mean(axis=0) ** 2))


@pytest.mark.parametrize("loss", ["squared_error", lambda z, t: (0.5 * np.sum((z - t) ** 2, axis=1), z - t)])
def test_the_scale_agrees_with_every_rows_own_gradient(loss: object) -> None:
    weights, _ = LINE.initialize(0, "float64")
    noise, signal = exact(weights)
    measured = gradient_noise_scale(LINE, X, Y, loss, weights=weights, num_draws=2000, small=4)  # type: ignore[arg-type]
    assert measured.noise == pytest.approx(noise, rel=0.1)
    assert measured.squared_norm == pytest.approx(signal, rel=0.1)
    assert abs(measured.scale - noise / signal) < 3 * measured.error
    assert measured.error < 0.2 * measured.scale


def test_the_estimators_are_unbiased() -> None:
    noise, signal = 7.0, 3.0
    estimates = unbiased_estimates(signal + noise / 4, signal + noise / 64, 4, 64)
    assert estimates == pytest.approx((noise, signal))


def test_noise_grows_the_suggestion() -> None:
    def suggestion(scale: float) -> int:
        y = X[:, 0] + scale * np.random.default_rng(1).normal(size=500)
        return gradient_noise_scale(LINE, X, y, "squared_error", weights=np.zeros(5)).suggestion

    assert suggestion(0.1) < suggestion(3.0)


def test_the_noise_scale_is_infinite_at_a_minimum_and_all_rows_are_suggested() -> None:
    design = np.hstack([X, np.ones((500, 1))])
    best = np.linalg.lstsq(design, Y, rcond=None)[0]
    scales = [gradient_noise_scale(LINE, X, Y, "squared_error", weights=best, seed=s) for s in range(4)]
    assert all(s.scale > 500 and s.suggestion >= 256 for s in scales)


def test_a_trainer_can_be_measured_and_the_result_speaks() -> None:
    trainer = Trainer(LINE, "squared_error")
    text = str(gradient_noise_scale(trainer, X, Y, num_draws=8))
    assert "Suggested batch size" in text
    assert trainer.step == 0


@pytest.mark.parametrize(("scale", "suggestion"), [(0.2, 1), (5.0, 4), (6.0, 8), (1e9, 300), (np.inf, 300)])
def test_the_suggestion_is_a_power_of_two_within_the_data(scale: float, suggestion: int) -> None:
    assert _power_of_two(scale, 300) == suggestion


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"small": 0}, "small"), ({"small": 8, "big": 8}, "big must be greater than small"), ({"num_draws": 1}, "num_draws")],
)
def test_settings_out_of_range_are_refused(settings: dict[str, int], message: str) -> None:
    with pytest.raises(InvalidSettingError, match=message):
        gradient_noise_scale(LINE, X, Y, "squared_error", **settings)  # type: ignore[arg-type]


def test_a_measurement_without_a_loss_is_refused() -> None:
    with pytest.raises(DataError, match="a loss must be given"):
        gradient_noise_scale(LINE, X, Y)


def test_penalties_are_divided_by_the_rows_of_a_batch_where_the_trainer_divides_them() -> None:
    def signal(l2: float, penalty_per_row: bool) -> float:
        trainer = Trainer(Sequential([Dense(1, l2=l2)], input_width=4), "squared_error", penalty_per_row=penalty_per_row)
        return gradient_noise_scale(trainer, X, Y, small=16, big=256).squared_norm

    assert abs(signal(10.0, True) - signal(0.0, True)) < 0.5 * abs(signal(10.0, False) - signal(0.0, False))
