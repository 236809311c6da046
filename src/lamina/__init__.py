"""Lamina trains multilayer perceptrons, and any directed acyclic graph of layers, on your own data.

The names below are imported when first used: ``import lamina`` itself is instant and loads neither scikit-learn nor SciPy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lamina.estimators import MLPClassifier, MLPRegressor

_HOMES = {
    "lamina.estimators": ("MLPClassifier", "MLPRegressor"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = ["MLPClassifier", "MLPRegressor"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'lamina' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
