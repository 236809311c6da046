"""What every server of Lamina needs: a socket to listen on, a run that ends quietly, and the words of ASGI."""

from lamina.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
