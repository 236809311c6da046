"""Faults of the batches, and of clipping."""

from __future__ import annotations

from benchmarks.doctor.data_sets import DataSet
from benchmarks.doctor.programs.fault import Fault

__all__ = ["FAULTS"]

# At batches of 2 an epoch has many steps.
_NORMALIZED = {"batch_norm": True, "epochs": 40, "patience": 20}


def _has_few_rows(data: DataSet) -> bool:
    return data.train_rows <= 500


FAULTS = (
    Fault(
        name="batch_norm_at_batch_2",
        findings=("batch_too_small_for_batch_norm",),
        cures=("batch_size", "batch_norm"),
        context=_NORMALIZED,
        severities={"mild": {"batch_size": 2}, "strong": {"batch_size": 2, "learning_rate": 0.01}},
        where=_has_few_rows,
        count=14,
    ),
    Fault(
        name="batch_norm_at_batch_3",
        findings=("batch_too_small_for_batch_norm",),
        cures=("batch_size", "batch_norm"),
        context=_NORMALIZED,
        severities={"mild": {"batch_size": 3}},
        where=_has_few_rows,
        networks=("deep", "residual"),
        count=28,
    ),
    Fault(
        name="all_rows_a_batch",
        findings=("batch_too_large", "stopped_too_early", "learning_rate_too_low"),
        cures=("batch_size", "epochs", "learning_rate"),
        context={"epochs": 30, "learning_rate": 0.003},
        severities={"mild": {"batch_size": None}, "strong": {"batch_size": None, "epochs": 15}},
    ),
    Fault(
        name="all_rows_a_batch_with_sgd",
        findings=("batch_too_large", "stopped_too_early", "learning_rate_too_low"),
        cures=("batch_size", "epochs", "learning_rate", "optimizer"),
        context={"optimizer": "momentum", "momentum": 0.9, "learning_rate": 0.02, "epochs": 40},
        severities={"mild": {"batch_size": None}},
    ),
    Fault(
        name="clipped_to_nothing",
        findings=("clipped_all_the_time", "learning_rate_too_low"),
        cures=("clip_norm", "learning_rate", "optimizer"),
        context={"optimizer": "momentum", "momentum": 0.9, "learning_rate": 0.02},
        severities={"mild": {"clip_norm": 3e-3}, "strong": {"clip_norm": 1e-3}},
    ),
    Fault(
        name="clipped_plain_sgd",
        findings=("clipped_all_the_time", "learning_rate_too_low"),
        cures=("clip_norm", "learning_rate", "optimizer"),
        context={"optimizer": "gradient_descent", "learning_rate": 0.1},
        severities={"mild": {"clip_norm": 1e-2}, "strong": {"clip_norm": 1e-3}},
    ),
)
