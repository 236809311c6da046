"""One visual language for pages: text, tables, findings and line charts, as notebooks and the report show them.

What is drawn is short and escaped; it runs no script and asks nobody for anything.
"""

from lamina.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
