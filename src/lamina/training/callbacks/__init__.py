"""Callbacks: code that runs during training, such as early stopping and checkpoints."""

from lamina.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
