"""The lecture: its rows, and its pictures, each computed by a real run."""

from lamina.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
