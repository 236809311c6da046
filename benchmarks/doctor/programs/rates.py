"""Faults of the learning rate."""

from __future__ import annotations

from benchmarks.doctor.programs.fault import Fault, classifying, predicting_numbers

__all__ = ["FAULTS"]

_TOO_HIGH = ("learning_rate_too_high", "divergence", "oscillating_loss")
_TOO_LOW = ("learning_rate_too_low", "stalled")
_LOWER = ("learning_rate", "optimizer", "clip_norm", "batch_norm")
_HIGHER = ("learning_rate", "optimizer", "epochs")

FAULTS = (
    Fault(
        name="adam_with_rate_of_sgd",
        findings=(*_TOO_HIGH, "dead_units", "saturated_units"),
        cures=_LOWER,
        severities={"mild": {"learning_rate": 0.3}, "strong": {"learning_rate": 1.0}},
        networks=("deep", "wide", "residual"),
    ),
    Fault(
        name="adam_with_huge_rate",
        findings=(*_TOO_HIGH, "dead_units", "exploding_gradient", "saturated_units"),
        cures=_LOWER,
        severities={"mild": {"learning_rate": 3.0}, "strong": {"learning_rate": 10.0}},
    ),
    Fault(
        name="sgd_with_rate_of_adam",
        findings=(*_TOO_LOW, "stopped_too_early"),
        cures=_HIGHER,
        context={"optimizer": "gradient_descent", "learning_rate": 0.1},
        severities={"mild": {"learning_rate": 0.001}, "strong": {"learning_rate": 0.0003}},
    ),
    Fault(
        name="rate_too_low",
        findings=_TOO_LOW,
        cures=_HIGHER,
        severities={"mild": {"learning_rate": 1e-5}, "strong": {"learning_rate": 1e-6}},
    ),
    Fault(
        name="rate_too_low_to_see",
        findings=_TOO_LOW,
        cures=_HIGHER,
        context={"optimizer": "momentum", "momentum": 0.9, "learning_rate": 0.02},
        severities={"mild": {"learning_rate": 1e-6}, "strong": {"learning_rate": 1e-8}},
    ),
    Fault(
        name="sgd_that_diverges",
        findings=(*_TOO_HIGH, "exploding_gradient"),
        cures=_LOWER,
        context={"optimizer": "gradient_descent", "learning_rate": 0.01, "epochs": 150},
        severities={"mild": {"learning_rate": 2.0}, "strong": {"learning_rate": 20.0}},
        where=predicting_numbers,
    ),
    Fault(
        name="units_killed_by_rate",
        findings=("learning_rate_too_high", "dead_units", "divergence"),
        cures=(*_LOWER, "activation"),
        context={"activation": "relu", "optimizer": "momentum", "momentum": 0.9, "learning_rate": 0.02},
        severities={"mild": {"learning_rate": 2.0}, "strong": {"learning_rate": 10.0}},
        where=classifying,
        networks=("shallow", "deep", "wide"),
    ),
    Fault(
        name="loss_that_swings",
        findings=("oscillating_loss", "learning_rate_too_high", "divergence"),
        cures=(*_LOWER, "batch_size"),
        context={"optimizer": "momentum", "momentum": 0.9, "learning_rate": 0.01, "activation": "tanh", "patience": 100},
        severities={"mild": {"learning_rate": 0.5}, "strong": {"learning_rate": 1.5}},
        where=predicting_numbers,
    ),
    Fault(
        name="swings_of_small_batches",
        findings=("oscillating_loss", "learning_rate_too_high"),
        cures=(*_LOWER, "batch_size"),
        context={"activation": "tanh", "batch_size": 4, "epochs": 40, "patience": 100, "learning_rate": 0.003},
        severities={"mild": {"learning_rate": 0.2}, "strong": {"learning_rate": 0.5}},
        count=14,
    ),
    Fault(
        name="momentum_too_large",
        findings=("oscillating_loss", "learning_rate_too_high", "divergence"),
        cures=_LOWER,
        context={"optimizer": "momentum", "momentum": 0.9, "learning_rate": 0.01, "patience": 100, "epochs": 60},
        severities={"mild": {"momentum": 0.999}, "strong": {"momentum": 0.9999}},
    ),
)
