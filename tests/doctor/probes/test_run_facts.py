"""Facts about a training, where the right numbers are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lamina import Dense, MLPRegressor, Sequential, Trainer
from lamina.doctor.patients import admit
from lamina.doctor.probes.loss_course import loss_course
from lamina.doctor.probes.restraint import restraint_of
from lamina.doctor.probes.row_losses import constant_loss, losses_by_batch, row_losses
from lamina.doctor.probes.run_facts import run_facts
from lamina.doctor.probes.step_swings import step_swings
from lamina.doctor.probes.trend import trend
from lamina.optimizers import AdamW, GradientDescent
from lamina.training import History

X = np.random.default_rng(0).normal(size=(64, 3))
LABELS = np.array([0, 0, 0, 1] * 16)


def trainer_of(loss: str, units: int = 1, **settings: object) -> Trainer:
    return Trainer(Sequential([Dense(4, activation="tanh"), Dense(units)]), loss, seed=0, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("loss", "units", "target", "right"),
    [
        ("softmax_cross_entropy", 2, LABELS, -0.75 * math.log(0.75) - 0.25 * math.log(0.25)),
        ("sigmoid_cross_entropy", 1, LABELS, -0.75 * math.log(0.75) - 0.25 * math.log(0.25)),
        ("squared_error", 1, X[:, 0], X[:, 0].var() / 2),
        ("absolute_error", 1, X[:, 0], np.abs(X[:, 0] - np.median(X[:, 0])).mean()),
        ("gaussian_nll", 2, X[:, 0], 0.5 * math.log(X[:, 0].var()) + 0.5),
    ],
)
def test_the_best_constant_prediction_is_found(loss: str, units: int, target: np.ndarray, right: float) -> None:
    trainer = trainer_of(loss, units)
    data = trainer.build(3).batches(X, target)
    assert constant_loss(trainer, data) == pytest.approx(right, rel=0.01)


def test_row_losses_have_the_mean_that_the_trainer_evaluates() -> None:
    trainer = trainer_of("squared_error")
    data = trainer.build(3).batches(X, X[:, 0])
    assert row_losses(trainer, data).mean() == pytest.approx(trainer.evaluate(X, X[:, 0])["loss"])


def test_losses_by_batch_leave_the_trainer_as_it_was() -> None:
    trainer = trainer_of("squared_error")
    data = trainer.build(3).batches(X, X[:, 0])
    before = trainer.executor.snapshot()
    losses = losses_by_batch(trainer, data, 16)
    assert losses.mean() == pytest.approx(trainer.evaluate(X, X[:, 0])["loss"])
    assert len(losses) == 4
    assert all(np.array_equal(old, new) for old, new in zip(before, trainer.executor.snapshot(), strict=True))


def test_a_trend_is_not_moved_by_a_jump() -> None:
    x = np.arange(30.0)
    y = 10 - 0.1 * x
    y[7] = 1e6
    found = trend(x, y)
    assert found.slope == pytest.approx(-0.1)
    assert found.clarity < -3


def test_noise_has_no_clear_trend() -> None:
    rng = np.random.default_rng(0)
    slopes = [trend(np.arange(30.0), rng.normal(size=30)).clarity for _ in range(200)]
    assert np.mean(np.abs(slopes) > 3) < 0.03


def test_a_loss_that_still_falls_has_more_to_come() -> None:
    epochs = np.arange(40)
    falling = loss_course(History([{"loss": float(loss)} for loss in np.exp(-0.05 * epochs)]), np.ones(1), 1.0)
    settled = loss_course(History([{"loss": float(loss)} for loss in 0.1 + np.exp(-epochs)]), np.ones(1), 1.0)
    assert falling.fall_to_come > 0.3
    assert falling.late_share > 10 * settled.late_share
    assert settled.fall_to_come < 0.01


def test_swings_are_told_from_the_noise_of_batches() -> None:
    rng = np.random.default_rng(0)
    batches = 1 + 0.1 * rng.normal(size=50)
    calm = step_swings(1 + 0.1 * rng.normal(size=500), batches)
    wild = step_swings(1 + 0.5 * rng.normal(size=500), batches)
    assert calm.excess == pytest.approx(1.0, abs=0.3)
    assert wild.excess > 4


def test_a_spike_is_counted() -> None:
    losses = 1 + 0.01 * np.random.default_rng(0).normal(size=100)
    losses[50] = 20.0
    assert step_swings(losses, np.empty(0)).spikes == pytest.approx(0.01)


def test_what_holds_weights_back_is_measured() -> None:
    layers = [Dense(4, activation="tanh", l2=0.5), Dense(1, max_norm=0.01)]
    trainer = Trainer(Sequential(layers), "squared_error", AdamW(0.01, weight_decay=0.2), seed=0).build(3)
    first = trainer.executor.snapshot()[0]
    trainer.fit(X, X[:, 0], max_epochs=5)
    found = restraint_of(trainer, trainer.batches(X, X[:, 0]), first)
    assert found.l2 == 0.5
    assert found.decay == pytest.approx(0.002)
    assert found.bound < 0.1
    assert found.at_bound == 1.0


def test_a_penalty_per_row_is_divided_by_the_batch() -> None:
    network = Sequential([Dense(4, l2=0.5), Dense(1)])
    trainer = Trainer(network, "squared_error", batch_size=16, penalty_per_row=True, seed=0).build(3)
    assert restraint_of(trainer, trainer.batches(X, X[:, 0]), trainer.executor.snapshot()[0]).l2 == 0.5 / 16


@pytest.mark.parametrize(
    ("loss", "outputs", "target", "curvature"),
    [
        ("squared_error", 1, X[:, 0], 1.0),
        ("sigmoid_cross_entropy", 1, np.arange(len(X)) % 2, 0.25),
        ("softmax_cross_entropy", 4, np.arange(len(X)) % 4, 3 / 16),
    ],
)
def test_the_curvature_of_a_loss_is_that_at_a_constant_answer(loss, outputs, target, curvature) -> None:
    trainer = Trainer(Sequential([Dense(outputs, l2=0.5)]), loss, seed=0).build(3)
    found = restraint_of(trainer, trainer.batches(X, target), trainer.executor.snapshot()[0])
    assert found.curvature == pytest.approx(curvature, rel=0.01)


def test_a_failure_has_its_place_and_the_course_before_it() -> None:
    model = MLPRegressor(hidden_layer_sizes=(4,), optimizer=GradientDescent(1e30), max_iter=40, batch_size=8, random_state=0)
    found = run_facts(admit(model, owner="test").stay(X, X[:, 0]))
    assert found.failure is not None
    assert found.stop == "non_finite"
    assert math.isnan(found.trained_loss)
    assert math.isfinite(found.loss.start)
