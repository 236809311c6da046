"""The report on a model: one content, written as a page, as text or as JSON."""

from lamina.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
