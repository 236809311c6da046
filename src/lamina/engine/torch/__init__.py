"""The torch engine: the reference engine's formulas on tensors, on whatever device torch has."""

from lamina.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
