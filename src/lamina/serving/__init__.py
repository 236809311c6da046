"""Serve a model over HTTP: rows as JSON in, predictions as JSON out (``lamina serve``)."""

from lamina.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
