"""The parts that only a fit needs, imported by the first fit: parameter checks, network, optimizer and training."""

from lamina.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
