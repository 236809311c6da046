"""Measures one plain network for tables against variants: ``python -m benchmarks.table_defaults TABLE:TARGET ...``.

Each variant trains on each table with several seeds (which also move the splits), as ``lamina train`` does. Printed are the
mean over the seeds of the metric on the test part (AUC for two classes, accuracy for more, R² for numbers), and seconds.
"""

from __future__ import annotations

import dataclasses
import sys
import warnings
from typing import Any

import numpy as np

from benchmarks.tables_quality.parts import PLAIN
from lamina.data import read_table
from lamina.model import (
    EncodingSettings,
    NetworkSettings,
    OptimizationSettings,
    RunSettings,
    StoppingSettings,
    TableSettings,
    fit_table,
)

SEEDS = range(4)
VARIANTS: list[dict[str, Any]] = [
    {},
    {"hidden": (100,)},
    {"hidden": (128, 64)},
    {"hidden": (256, 128, 64)},
    {"activation": ("relu",)},
    {"activation": ("gelu",)},
    {"dropout": (0.0,)},
    {"dropout": (0.2,)},
    {"input_dropout": 0.1},
    {"batch_norm": True},
    {"learning_rate": 0.001},
    {"learning_rate": 0.004},
    {"weight_decay": 0.1},
    {"schedule": "cosine"},
    {"label_smoothing": 0.0},
    {"patience": 30},
    {"scaling": "standard"},
]
GROUPS = {
    "network": NetworkSettings,
    "optimization": OptimizationSettings,
    "stopping": StoppingSettings,
    "encoding": EncodingSettings,
}


def settings_with(variant: dict[str, Any], seed: int) -> TableSettings:
    """One plain network, changed where the variant says."""
    variant = PLAIN | variant
    chosen = {}
    for group, kind in GROUPS.items():
        names = {field.name for field in dataclasses.fields(kind)}
        chosen[group] = kind(**{name: value for name, value in variant.items() if name in names})
    return TableSettings(run=RunSettings(seed=seed, threads=1), **chosen)


def measure(table: Any, target: str, variant: dict[str, Any]) -> tuple[float, float]:
    """Mean metric and mean seconds over the seeds."""
    found, seconds = [], []
    for seed in SEEDS:
        result = fit_table(table, target, settings=settings_with(variant, seed))
        classes = len(result.model.target.classes)
        metric = {0: "r2", 2: "auc"}.get(classes, "accuracy")
        found.append(result.metrics["model"][metric])
        seconds.append(result.duration_s)
    return float(np.mean(found)), float(np.mean(seconds))


def main() -> None:
    warnings.simplefilter("ignore")
    named = [argument.rsplit(":", 1) for argument in sys.argv[1:]]
    tables = [(read_table(path), target) for path, target in named]
    print("| variant | " + " | ".join(f"{path.rsplit('/', 1)[-1].split('.')[0]}" for path, _ in named) + " |")
    print("|---|" + "---|" * len(named))
    for variant in VARIANTS:
        words = ", ".join(f"{name} {value}" for name, value in variant.items()) or "**plain network**"
        cells = ["{:.4f} ({:.1f} s)".format(*measure(table, target, variant)) for table, target in tables]
        print(f"| {words} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
