"""What can be computed (:class:`Program`), how it is trained (plans), and who computes it (executors)."""

from lamina.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
