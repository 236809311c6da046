"""From a table to a model in a file: training on a table, measuring, saving and loading.

The names are imported when first used, because most of them load scikit-learn.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lamina.model.fit import FitResult, fit_table
    from lamina.model.model_file import load_model, save_model
    from lamina.model.table_model import TableModel
    from lamina.model.table_settings import (
        EncodingSettings,
        NetworkSettings,
        OptimizationSettings,
        RunSettings,
        StoppingSettings,
        TableSettings,
    )

_HOMES = {
    "lamina.model.fit": ("FitResult", "fit_table"),
    "lamina.model.model_file": ("load_model", "save_model"),
    "lamina.model.table_settings": (
        "EncodingSettings",
        "NetworkSettings",
        "OptimizationSettings",
        "RunSettings",
        "StoppingSettings",
        "TableSettings",
    ),
    "lamina.model.table_model": ("TableModel",),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "EncodingSettings",
    "FitResult",
    "NetworkSettings",
    "OptimizationSettings",
    "RunSettings",
    "StoppingSettings",
    "TableModel",
    "TableSettings",
    "fit_table",
    "load_model",
    "save_model",
]


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'lamina.model' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
