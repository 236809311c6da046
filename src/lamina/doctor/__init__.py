"""The doctor: names why a network does not learn, cures it, and proves the cure."""

from lamina.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
