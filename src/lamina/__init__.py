"""Lamina trains multilayer perceptrons, and any directed acyclic graph of layers, on your own data.

The names below are imported when first used: ``import lamina`` itself is instant and loads neither scikit-learn nor SciPy.
"""

from lamina.lazy import lazy_exports

__version__ = "0.1.0"
__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
