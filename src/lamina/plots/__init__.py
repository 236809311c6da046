"""Plots: each function draws given results without computing anything and returns matplotlib axes. Needs the extra ``plot``."""

from lamina.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
