"""Faults of scale: inputs and targets in units that the network cannot work with."""

from __future__ import annotations

from benchmarks.doctor.data_sets import DataSet
from benchmarks.doctor.programs.fault import SIGMOID, Fault, predicting_numbers

__all__ = ["FAULTS"]

_INPUTS = ("unscaled_inputs",)
_SCALE = ("scale_inputs", "batch_norm")
_TARGETS = ("unscaled_targets",)
_SCALE_TARGETS = ("scale_targets", "learning_rate")
_AS_GIVEN = {"scale_inputs": False}


def _has_images(data: DataSet) -> bool:
    return data.images


def _is_raw(data: DataSet) -> bool:
    return data.raw


def _is_generated(data: DataSet) -> bool:
    return not data.raw and not data.images


FAULTS = (
    Fault(
        name="pixels_into_sigmoid",
        findings=(*_INPUTS, "saturated_units"),
        cures=(*_SCALE, "activation"),
        context=SIGMOID,
        severities={
            "mild": {**_AS_GIVEN, "rows": (("inputs_times", 255.0),)},
            "strong": {**_AS_GIVEN, "rows": (("inputs_times", 255.0),), "weight_init": ("normal", 1.0)},
        },
        where=_has_images,
        networks=("shallow", "wide", "residual"),
    ),
    Fault(
        name="pixels_into_tanh",
        findings=(*_INPUTS, "saturated_units"),
        cures=(*_SCALE, "activation"),
        context={"activation": "tanh"},
        severities={"strong": {**_AS_GIVEN, "rows": (("inputs_times", 255.0),)}},
        where=_has_images,
    ),
    Fault(
        name="pixels_with_sgd",
        findings=(*_INPUTS, "exploding_gradient", "dead_units", "divergence", "saturated_units"),
        cures=(*_SCALE, "learning_rate"),
        context={"optimizer": "momentum", "momentum": 0.9, "learning_rate": 0.02},
        severities={"strong": {**_AS_GIVEN, "rows": (("inputs_times", 255.0),)}},
        where=_has_images,
    ),
    Fault(
        name="columns_in_their_own_units",
        findings=(*_INPUTS, "saturated_units"),
        cures=_SCALE,
        context={"epochs": 40},
        severities={"mild": _AS_GIVEN, "strong": {**_AS_GIVEN, "rows": (("inputs_times", 30.0),)}},
        where=_is_raw,
    ),
    Fault(
        name="columns_in_their_own_units_into_tanh",
        findings=(*_INPUTS, "saturated_units"),
        cures=_SCALE,
        context={"activation": "tanh", "epochs": 60},
        severities={"mild": _AS_GIVEN, "strong": {**_AS_GIVEN, "rows": (("inputs_times", 30.0),)}},
        where=_is_raw,
    ),
    Fault(
        name="columns_in_their_own_units_with_sgd",
        findings=(*_INPUTS, "divergence", "exploding_gradient", "dead_units", "saturated_units"),
        cures=(*_SCALE, "optimizer"),
        context={"optimizer": "momentum", "momentum": 0.9, "learning_rate": 0.01},
        severities={"strong": _AS_GIVEN},
        where=_is_raw,
    ),
    Fault(
        name="one_column_in_thousands",
        findings=(*_INPUTS, "saturated_units"),
        cures=_SCALE,
        severities={
            "mild": {**_AS_GIVEN, "rows": (("one_input_times", 3000.0),)},
            "strong": {**_AS_GIVEN, "rows": (("one_input_times", 1e5),)},
        },
        where=_is_generated,
    ),
    Fault(
        name="inputs_far_from_zero",
        findings=(*_INPUTS, "saturated_units"),
        cures=_SCALE,
        severities={
            "mild": {**_AS_GIVEN, "rows": (("inputs_plus", 273.15),)},
            "strong": {**_AS_GIVEN, "rows": (("inputs_plus", 2000.0),)},
        },
        where=_is_generated,
    ),
    Fault(
        name="tiny_inputs",
        findings=_INPUTS,
        cures=(*_SCALE, "learning_rate"),
        severities={
            "mild": {**_AS_GIVEN, "rows": (("inputs_times", 1e-3),)},
            "strong": {**_AS_GIVEN, "rows": (("inputs_times", 1e-5),)},
        },
        where=_is_generated,
    ),
    Fault(
        name="targets_in_thousands",
        findings=(*_TARGETS, "learning_rate_too_low"),
        cures=(*_SCALE_TARGETS, "epochs"),
        context={"learning_rate": 0.003},
        severities={"mild": {"rows": (("target_times", 3000.0),)}, "strong": {"rows": (("target_times", 1e6),)}},
        where=predicting_numbers,
        count=14,
    ),
    Fault(
        name="targets_in_thousands_with_sgd",
        findings=(*_TARGETS, "divergence", "exploding_gradient", "learning_rate_too_high"),
        cures=(*_SCALE_TARGETS, "optimizer"),
        context={"optimizer": "momentum", "momentum": 0.9, "learning_rate": 0.005},
        severities={"mild": {"rows": (("target_times", 300.0),)}, "strong": {"rows": (("target_times", 1e5),)}},
        where=predicting_numbers,
    ),
    Fault(
        name="targets_far_from_zero",
        findings=_TARGETS,
        cures=_SCALE_TARGETS,
        severities={"mild": {"rows": (("target_plus", 300.0),)}, "strong": {"rows": (("target_plus", 3000.0),)}},
        where=predicting_numbers,
    ),
    Fault(
        name="tiny_targets",
        findings=(*_TARGETS, "stopped_too_early"),
        cures=("scale_targets", "patience"),
        severities={"mild": {"rows": (("target_times", 1e-3),)}, "strong": {"rows": (("target_times", 1e-5),)}},
        where=predicting_numbers,
        forms=("estimator", "pipeline"),
    ),
)
