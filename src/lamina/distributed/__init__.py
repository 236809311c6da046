"""Data-parallel training of one network: several processes, each with a share of every batch, on one machine or many."""

from lamina.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
