"""Faults of capacity: too few units, and networks that are linear."""

from __future__ import annotations

from benchmarks.doctor.data_sets import DataSet
from benchmarks.doctor.programs.fault import Fault

__all__ = ["FAULTS"]

_LINEAR = ("linear_network", "underfitting")


def _is_curved(data: DataSet) -> bool:
    return not data.linear


def _is_curved_with_classes(data: DataSet) -> bool:
    return not data.linear and data.classifies


FAULTS = (
    Fault(
        name="identity_activations",
        findings=_LINEAR,
        cures=("activation",),
        severities={"strong": {"activation": "identity"}},
        where=_is_curved,
    ),
    Fault(
        name="no_hidden_layer",
        findings=(*_LINEAR, "not_separable"),
        cures=("widths",),
        severities={"strong": {"widths": ()}},
        where=_is_curved,
        networks=("shallow", "wide"),
    ),
    Fault(
        name="perceptron_on_classes_that_no_plane_parts",
        findings=("not_separable", *_LINEAR),
        severities={
            "strong": {"widths": (), "loss": "perceptron", "optimizer": "gradient_descent", "learning_rate": 0.1},
        },
        where=_is_curved_with_classes,
        networks=("shallow", "wide"),
        forms=("estimator", "pipeline"),
        count=14,
    ),
    Fault(
        name="too_few_units",
        findings=("underfitting",),
        cures=("widths",),
        severities={"mild": {"widths": (2,)}, "strong": {"widths": (1,)}},
        where=_is_curved,
        networks=("shallow", "wide"),
    ),
    Fault(
        name="bottleneck",
        findings=("underfitting", "dead_units"),
        cures=("widths", "activation"),
        severities={"mild": {"widths": (24, 1, 24)}, "strong": {"widths": (2, 1, 2)}},
        networks=("shallow", "deep"),
    ),
)
