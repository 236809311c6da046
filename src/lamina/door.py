"""Methods whose implementation lives in a higher layer of the package, such as ``History.plot``.

Users expect ``history.plot()``, but the drawing code is in :mod:`lamina.plots`, which imports histories. So the method calls
:func:`serve`, which imports the implementation when it is called. No other module may import from a layer above it.
"""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import Any

__all__ = ["SERVED", "serve"]

#: For each ``Class.method``: the module and the function that implement it. The function gets the object and all arguments.
SERVED = MappingProxyType(
    {
        "FittedNetwork.plot": ("lamina.plots", "plot_history"),
        "FittedTable.plot": ("lamina.plots", "plot_history"),
        "FittedTable.report": ("lamina.report", "report_on"),
        "History.plot": ("lamina.plots", "plot_history"),
        "LearningRateRange.plot": ("lamina.plots", "plot_learning_rate_range"),
        "Network.plot": ("lamina.plots", "plot_network"),
        "NetworkModel.plot": ("lamina.plots", "plot_history"),
        "Perceptron.plot": ("lamina.plots", "plot_history"),
        "PermutationImportance.plot": ("lamina.plots", "plot_importance"),
        "TableModel.plot": ("lamina.plots", "plot_history"),
        "TableModel.report": ("lamina.report", "report_on"),
        "Trainer.live": ("lamina.plots.live_plot", "live"),
        "Trainer.plot": ("lamina.plots", "plot_history"),
        "WidthSweep.plot": ("lamina.plots", "plot_width_sweep"),
    }
)


def serve(method: str, served: object, *arguments: Any, **settings: Any) -> Any:
    """Call the implementation of ``method`` (a key of :data:`SERVED`) with the object and the method's arguments."""
    module, function = SERVED[method]
    return getattr(import_module(module), function)(served, *arguments, **settings)
