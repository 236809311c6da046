"""Searches for settings: what is drawn, how trainings are halved, and the search over a table's settings."""

from lamina.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
