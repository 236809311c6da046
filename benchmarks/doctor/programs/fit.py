"""Faults of how far a training goes, and of what holds it back."""

from __future__ import annotations

from benchmarks.doctor.programs.fault import Fault, classifying, predicting_numbers

__all__ = ["FAULTS"]

_ON_AND_ON = {"epochs": 600, "patience": 1000, "tol": 0.0, "early_stopping": False}
_STOPS_IN_TIME = {"early_stopping": True, "epochs": 300, "patience": 20, "learning_rate": 0.002}
_EARLY = ("stopped_too_early",)

FAULTS = (
    Fault(
        name="overfit_few_rows",
        findings=("overfitting", "stopped_too_late"),
        cures=("l2", "dropout", "early_stopping", "epochs", "widths"),
        context={"rows": (("few_rows", 150), ("useless_columns", 10), ("label_noise", 0.1)), "l2": 0.3, **_STOPS_IN_TIME},
        severities={"mild": {**_ON_AND_ON, "l2": 0.0}, "strong": {**_ON_AND_ON, "l2": 0.0, "widths": (200, 100), "epochs": 300}},
        where=classifying,
        forms=("estimator", "pipeline"),
        metric="minus_log_loss",
        count=14,
    ),
    Fault(
        name="overfit_numbers",
        findings=("overfitting", "stopped_too_late"),
        cures=("l2", "dropout", "early_stopping", "epochs", "widths"),
        context={"rows": (("few_rows", 150), ("useless_columns", 10), ("label_noise", 0.2)), "l2": 1.0},
        severities={"mild": {**_ON_AND_ON, "l2": 0.0}, "strong": {**_ON_AND_ON, "l2": 0.0, "widths": (200, 100), "epochs": 300}},
        where=predicting_numbers,
        count=20,
    ),
    Fault(
        name="trained_on_and_on",
        findings=("stopped_too_late", "overfitting"),
        cures=("epochs", "early_stopping", "l2", "dropout"),
        context={"rows": (("useless_columns", 10), ("label_noise", 0.1)), "l2": 0.001, **_STOPS_IN_TIME},
        severities={"mild": {**_ON_AND_ON, "epochs": 250, "batch_size": 64}, "strong": {**_ON_AND_ON, "batch_size": 64}},
        where=classifying,
        forms=("estimator", "pipeline"),
        metric="minus_log_loss",
        count=36,
    ),
    Fault(
        name="few_epochs",
        findings=(*_EARLY, "learning_rate_too_low"),
        cures=("epochs", "learning_rate"),
        context={"learning_rate": 0.002, "epochs": 200, "batch_size": 64},
        severities={"mild": {"epochs": 5}, "strong": {"epochs": 2}},
    ),
    Fault(
        name="few_epochs_with_sgd",
        findings=(*_EARLY, "learning_rate_too_low"),
        cures=("epochs", "learning_rate", "optimizer"),
        context={"optimizer": "momentum", "momentum": 0.9, "learning_rate": 0.01, "epochs": 150},
        severities={"mild": {"epochs": 5}, "strong": {"epochs": 1}},
    ),
    Fault(
        name="patience_of_one",
        findings=_EARLY,
        cures=("patience", "early_stopping", "epochs"),
        context={"early_stopping": True, "patience": 25, "learning_rate": 0.002, "epochs": 200, "batch_size": 64},
        severities={"mild": {"patience": 1, "tol": 0.005}, "strong": {"patience": 1, "tol": 0.05}},
        forms=("estimator", "pipeline"),
        count=14,
    ),
    Fault(
        name="tolerance_too_large",
        findings=_EARLY,
        cures=("patience", "epochs"),
        context={"learning_rate": 0.002, "epochs": 200, "batch_size": 64},
        severities={"mild": {"tol": 0.05, "patience": 3}, "strong": {"tol": 0.3, "patience": 2}},
        forms=("estimator", "pipeline"),
    ),
    Fault(
        name="dropout_too_high",
        findings=("dropout_too_high", "underfitting", "over_regularized"),
        cures=("dropout",),
        severities={"mild": {"dropout": 0.9}, "strong": {"dropout": 0.97}},
    ),
    Fault(
        name="dropout_of_inputs_too_high",
        findings=("dropout_too_high", "over_regularized"),
        cures=("dropout",),
        severities={"mild": {"input_dropout": 0.6}, "strong": {"input_dropout": 0.9}},
        networks=("shallow", "deep", "wide"),
    ),
    Fault(
        name="l2_too_strong",
        findings=("over_regularized", "underfitting"),
        cures=("l2",),
        severities={"mild": {"l2": 20.0}, "strong": {"l2": 200.0}},
    ),
    Fault(
        name="weight_decay_too_strong",
        findings=("over_regularized", "underfitting"),
        cures=("l2",),
        context={"optimizer": "adamw"},
        severities={"mild": {"weight_decay": 5.0}, "strong": {"weight_decay": 30.0}},
    ),
    Fault(
        name="max_norm_too_small",
        findings=("over_regularized", "underfitting"),
        cures=("l2",),
        severities={"mild": {"max_norm": 0.3}, "strong": {"max_norm": 0.1}},
        count=20,
    ),
)
