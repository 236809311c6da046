"""How values are written as text: formats of numbers, dates, booleans and durations, learned from a column's texts."""

from lamina.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
