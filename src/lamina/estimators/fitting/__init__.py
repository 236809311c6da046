"""What only a fit needs, and so the first fit imports: checks of parameters, the network, the optimizer, the training itself."""

from lamina.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
