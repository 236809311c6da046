"""One encoder per kind of column: number, boolean, date, category (features of 0 and 1, or codes), free text."""

from lamina.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
