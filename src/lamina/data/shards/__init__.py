"""Tables of many files, or of one that is larger than memory: found, checked and read block by block."""

from lamina.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
