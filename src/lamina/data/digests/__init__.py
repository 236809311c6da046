"""What is kept of a table's columns while they go by block by block: small, of bounded size, and mergeable."""

from lamina.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
