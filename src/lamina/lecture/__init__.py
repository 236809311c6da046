"""The lecture's rows and pictures; each picture is computed by a real run."""

from lamina.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
