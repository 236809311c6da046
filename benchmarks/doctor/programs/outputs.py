"""Faults of the output: its activation, and the loss."""

from __future__ import annotations

from benchmarks.doctor.data_sets import DataSet
from benchmarks.doctor.programs.fault import Fault, classifying, predicting_numbers

__all__ = ["FAULTS"]

_OUTPUT = ("wrong_output_activation",)
_LOSS = ("wrong_loss",)


def _has_two_classes(data: DataSet) -> bool:
    return data.task == "binary"


def _is_image_of_many_classes(data: DataSet) -> bool:
    return data.images and data.task == "multiclass"


def _has_many_classes(data: DataSet) -> bool:
    return data.task == "multiclass"


FAULTS = (
    Fault(
        name="relu_output_for_numbers",
        findings=(*_OUTPUT, "dead_units"),
        cures=("output_activation",),
        severities={"strong": {"output_activation": "relu"}},
        where=predicting_numbers,
    ),
    Fault(
        name="sigmoid_output_for_numbers",
        findings=(*_OUTPUT, "unscaled_targets", "saturated_units"),
        cures=("output_activation",),
        severities={
            "mild": {"output_activation": "sigmoid"},
            "strong": {"output_activation": "sigmoid", "rows": (("target_times", 5.0),)},
        },
        where=predicting_numbers,
    ),
    Fault(
        name="tanh_output_for_numbers",
        findings=(*_OUTPUT, "unscaled_targets", "saturated_units"),
        cures=("output_activation", "scale_targets"),
        context={"rows": (("target_times", 3.0),)},
        severities={"strong": {"output_activation": "tanh"}},
        where=predicting_numbers,
    ),
    Fault(
        name="softmax_with_one_output",
        findings=_OUTPUT,
        cures=("output_activation",),
        context={"loss": "squared_error"},
        severities={"strong": {"output_activation": "softmax"}},
        where=_has_two_classes,
        forms=("estimator", "pipeline"),
    ),
    Fault(
        name="tanh_before_the_loss",
        findings=_OUTPUT,
        cures=("output_activation",),
        severities={"strong": {"output_activation": "tanh"}},
        where=classifying,
        metric="minus_log_loss",
    ),
    Fault(
        name="softplus_before_the_loss",
        findings=_OUTPUT,
        cures=("output_activation",),
        severities={"strong": {"output_activation": "softplus"}},
        where=_has_two_classes,
    ),
    Fault(
        name="relu_before_the_loss",
        findings=(*_OUTPUT, "dead_units"),
        cures=("output_activation",),
        severities={"strong": {"output_activation": "relu"}},
        where=classifying,
        metric="minus_log_loss",
    ),
    Fault(
        name="squared_error_of_a_sigmoid",
        findings=(*_LOSS, "wrong_output_activation", "learning_rate_too_low", "vanishing_gradient"),
        cures=("loss", "learning_rate", "optimizer", "output_activation"),
        context={"optimizer": "gradient_descent", "learning_rate": 0.02, "epochs": 60},
        severities={"strong": {"output_activation": "sigmoid", "loss": "squared_error"}},
        where=classifying,
        # A Trainer refuses class numbers under a squared error of several outputs.
        forms=("estimator", "pipeline"),
        count=36,
    ),
    Fault(
        name="absolute_error_for_classes",
        findings=_LOSS,
        cures=("loss",),
        severities={"strong": {"loss": "absolute_error"}},
        where=_has_many_classes,
        forms=("estimator", "pipeline"),
        count=14,
    ),
    Fault(
        name="perceptron_loss_for_many_classes",
        findings=_LOSS,
        cures=("loss",),
        severities={"strong": {"loss": "perceptron"}},
        where=_has_many_classes,
        forms=("estimator", "pipeline"),
    ),
    Fault(
        name="class_numbers_as_quantities",
        findings=_LOSS,
        severities={"strong": {"classes_as_numbers": True}},
        where=_is_image_of_many_classes,
    ),
    Fault(
        name="squared_error_with_outliers",
        findings=(*_LOSS, "label_noise"),
        cures=("loss",),
        context={"loss": "huber"},
        severities={
            "mild": {"rows": (("outliers", 0.03),), "loss": None},
            "strong": {"rows": (("outliers", 0.1),), "loss": None},
        },
        where=predicting_numbers,
    ),
)
