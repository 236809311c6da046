"""Faults of the rows: what no setting of a network cures, but for imbalance and the choice of validation rows."""

from __future__ import annotations

from benchmarks.doctor.data_sets import DataSet
from benchmarks.doctor.programs.fault import Fault

__all__ = ["FAULTS"]

_STOPS_EARLY = {"early_stopping": True, "epochs": 200, "validation_fraction": 0.25, "learning_rate": 0.002, "patience": 5}


def _has_classes_that_overlap(data: DataSet) -> bool:
    return data.classifies and not data.images


FAULTS = (
    Fault(
        name="leaking_column",
        findings=("leak",),
        severities={"mild": {"rows": (("leak", 0.1),)}, "strong": {"rows": (("leak", 0.0),)}},
        count=14,
    ),
    Fault(
        name="noisy_labels",
        findings=("label_noise", "overfitting"),
        severities={"mild": {"rows": (("label_noise", 0.35),)}, "strong": {"rows": (("label_noise", 0.6),)}},
        count=20,
    ),
    Fault(
        name="shuffled_labels",
        findings=("label_noise", "overfitting", "underfitting", "not_known"),
        severities={"strong": {"rows": (("label_noise", 1.0),)}},
        count=14,
    ),
    *(
        Fault(
            name=name,
            findings=("imbalance_ignored",),
            cures=("class_weight",),
            context={"rows": (("imbalance", share),), "class_weight": "balanced", "epochs": 40, "l2": 0.3},
            severities={severity: {"class_weight": None}},
            where=_has_classes_that_overlap,
            forms=("estimator", "pipeline"),
            metric="balanced_accuracy",
            count=20,
        )
        for name, severity, share in (("rare_class", "mild", 0.04), ("very_rare_class", "strong", 0.02))
    ),
    Fault(
        name="sorted_rows_not_shuffled",
        findings=("rows_in_order", "oscillating_loss"),
        cures=("shuffle",),
        context={"rows": (("sorted_by_target", 1.0),)},
        severities={"mild": {"shuffle": False, "learning_rate": 0.01}, "strong": {"shuffle": False, "learning_rate": 0.02}},
        count=20,
    ),
    Fault(
        name="validation_rows_sorted_by_class",
        findings=("bad_validation_split",),
        cures=("shuffle_split", "early_stopping"),
        context={"rows": (("sorted_by_target", 1.0),), **_STOPS_EARLY},
        severities={"mild": {"validation": "last"}, "strong": {"validation": "last", "validation_fraction": 0.5}},
        forms=("estimator", "pipeline"),
        count=14,
    ),
)
