"""From a table to a model in a file: training on a table, measuring, saving and loading."""

from lamina.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
