"""The engine: programs (what to compute), plans (how to train), and the executors that run them."""

from lamina.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
