"""The one door upwards: methods of lower parts that a higher part of the house serves.

Whoever has a history wants ``history.plot()``; what draws it stands above, in :mod:`lamina.plots`, and imports histories. So the
method calls :func:`serve`, which imports the server when it is called. No other module may import from above it.
"""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import Any

__all__ = ["SERVED", "serve"]

#: By class and method: the module that serves it, and its function, which is given the object and all arguments.
SERVED = MappingProxyType(
    {
        "History.plot": ("lamina.plots", "plot_history"),
        "LearningRateRange.plot": ("lamina.plots", "plot_learning_rate_range"),
        "Network.plot": ("lamina.plots", "plot_network"),
        "WidthSweep.plot": ("lamina.plots", "plot_width_sweep"),
    }
)


def serve(method: str, served: object, *arguments: Any, **settings: Any) -> Any:
    """What the server of ``method`` (a key of :data:`SERVED`) makes of the object and the method's arguments."""
    module, function = SERVED[method]
    return getattr(import_module(module), function)(served, *arguments, **settings)
