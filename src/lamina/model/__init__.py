"""From a table to a model in a file: training on a table, measuring, saving and loading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.lazy import lazy_exports

if TYPE_CHECKING:
    from lamina.model.fit import FitInterrupted, FitResult, fit_table
    from lamina.model.model_file import load_model, save_model
    from lamina.model.network_model import NetworkModel, OutputMeaning
    from lamina.model.table_model import TableModel
    from lamina.model.table_settings import (
        EncodingSettings,
        NetworkSettings,
        OptimizationSettings,
        RunSettings,
        StoppingSettings,
        TableSettings,
    )

__all__ = [
    "EncodingSettings",
    "FitInterrupted",
    "FitResult",
    "NetworkModel",
    "NetworkSettings",
    "OptimizationSettings",
    "OutputMeaning",
    "RunSettings",
    "StoppingSettings",
    "TableModel",
    "TableSettings",
    "fit_table",
    "load_model",
    "save_model",
]

_HOMES = {
    "lamina.model.fit": "FitInterrupted FitResult fit_table",
    "lamina.model.model_file": "load_model save_model",
    "lamina.model.network_model": "NetworkModel OutputMeaning",
    "lamina.model.table_model": "TableModel",
    "lamina.model.table_settings": "EncodingSettings NetworkSettings OptimizationSettings RunSettings StoppingSettings "
    "TableSettings",
}
__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
