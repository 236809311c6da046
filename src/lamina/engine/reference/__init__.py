"""The reference engine: every formula once, in the plainest text, on any library of the array API standard."""

from lamina.engine.reference.executor import ReferenceExecutor

__all__ = ["ReferenceExecutor"]
