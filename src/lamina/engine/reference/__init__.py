"""The reference engine: a program run by the formulas, in the plainest way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.lazy import lazy_exports

if TYPE_CHECKING:
    from lamina.engine.reference.executor import ReferenceExecutor

__all__ = ["ReferenceExecutor"]

_HOMES = {
    "lamina.engine.reference.executor": "ReferenceExecutor",
}
__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
