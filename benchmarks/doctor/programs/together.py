"""Several faults at once, as in a first attempt: every one of them is a right finding, and every cure a part of the cure."""

from __future__ import annotations

from benchmarks.doctor.data_sets import DataSet
from benchmarks.doctor.programs.fault import Fault, classifying, predicting_numbers

__all__ = ["FAULTS"]

_OTHER_UNITS = {"scale_inputs": False, "rows": (("inputs_times", 100.0),)}


def _has_few_rows(data: DataSet) -> bool:
    return data.train_rows <= 500


def _has_two_classes(data: DataSet) -> bool:
    return data.task == "binary"


FAULTS = (
    Fault(
        name="unscaled_inputs_and_rate_of_sgd",
        findings=("unscaled_inputs", "learning_rate_too_high", "divergence", "dead_units", "oscillating_loss", "saturated_units"),
        cures=("scale_inputs", "learning_rate", "batch_norm", "optimizer"),
        severities={"strong": {**_OTHER_UNITS, "learning_rate": 0.3}},
    ),
    Fault(
        name="deep_sigmoid_and_few_epochs",
        findings=("vanishing_gradient", "stopped_too_early", "poor_initial_variance", "stalled"),
        cures=("activation", "weight_init", "batch_norm", "epochs"),
        severities={"strong": {"activation": "sigmoid", "weight_init": ("normal", 0.01), "epochs": 10}},
        networks=("deep",),
    ),
    Fault(
        name="targets_in_thousands_and_relu_output",
        findings=("unscaled_targets", "wrong_output_activation", "dead_units"),
        cures=("scale_targets", "output_activation", "learning_rate"),
        severities={"strong": {"rows": (("target_times", 3000.0),), "output_activation": "relu"}},
        where=predicting_numbers,
    ),
    Fault(
        name="unscaled_inputs_and_targets",
        findings=("unscaled_inputs", "unscaled_targets", "learning_rate_too_low", "saturated_units"),
        cures=("scale_inputs", "scale_targets", "learning_rate", "batch_norm"),
        severities={"strong": {**_OTHER_UNITS, "rows": (("one_input_times", 1e4), ("target_plus", 3000.0))}},
        where=predicting_numbers,
    ),
    Fault(
        name="one_unit_and_few_epochs",
        findings=("underfitting", "stopped_too_early", "learning_rate_too_low"),
        cures=("widths", "epochs", "learning_rate"),
        severities={"strong": {"widths": (1,), "epochs": 5, "learning_rate": 0.001}},
        networks=("shallow", "wide"),
    ),
    Fault(
        name="dropout_and_l2",
        findings=("dropout_too_high", "over_regularized", "underfitting"),
        cures=("dropout", "l2"),
        severities={"strong": {"dropout": 0.9, "l2": 50.0}},
    ),
    Fault(
        name="tanh_output_and_slow_sgd",
        findings=("learning_rate_too_low", "wrong_output_activation", "stalled"),
        cures=("learning_rate", "output_activation", "optimizer", "epochs"),
        severities={"strong": {"output_activation": "tanh", "optimizer": "gradient_descent", "learning_rate": 1e-4}},
        where=_has_two_classes,
    ),
    Fault(
        name="batch_of_2_and_high_rate",
        findings=("batch_too_small_for_batch_norm", "learning_rate_too_high", "oscillating_loss", "divergence"),
        cures=("batch_size", "learning_rate", "batch_norm", "optimizer"),
        context={"batch_norm": True, "epochs": 40, "patience": 20},
        severities={"strong": {"batch_size": 2, "learning_rate": 0.3}},
        where=_has_few_rows,
    ),
    Fault(
        name="clipped_and_small_first_weights",
        findings=("clipped_all_the_time", "vanishing_gradient", "poor_initial_variance", "stalled", "learning_rate_too_low"),
        cures=("clip_norm", "weight_init", "optimizer", "activation", "batch_norm"),
        context={"activation": "relu", "optimizer": "momentum", "momentum": 0.9, "learning_rate": 0.02, "weight_init": "he"},
        severities={"strong": {"clip_norm": 1e-3, "weight_init": ("normal", 0.01)}},
        networks=("deep", "wide"),
    ),
    Fault(
        name="constant_weights_and_rate_too_low",
        findings=("symmetric_units", "learning_rate_too_low", "poor_initial_variance"),
        cures=("weight_init", "learning_rate"),
        severities={"strong": {"weight_init": ("constant", 0.1), "bias_init": "zeros", "learning_rate": 1e-5}},
        where=classifying,
        networks=("shallow", "deep", "wide"),
    ),
)
