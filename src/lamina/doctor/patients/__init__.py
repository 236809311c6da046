"""Patients: estimators, pipelines, table estimators and trainers in one shape, which can be trained with changes."""

from lamina.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(__name__, __file__)
