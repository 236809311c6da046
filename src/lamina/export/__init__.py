"""Writes trained models in formats that run without Lamina: ONNX, a file of Python, a header of C."""

from lamina.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
