"""Pictures: each function draws what it is given, computes nothing, and returns matplotlib axes. Needs the extra ``plot``."""

from lamina.plots.style import COLORS, CYCLE

__all__ = ["COLORS", "CYCLE"]
