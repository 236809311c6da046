"""The lab: see a network learn, in a browser, with the real engine behind the page (``lamina lab``)."""

from lamina.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
