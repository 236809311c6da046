"""scikit-learn's ``available_if``, typed: a method that is there for some settings only keeps its signature for type checkers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sklearn.utils import metaestimators

__all__ = ["available_if"]

_Method = TypeVar("_Method", bound=Callable[..., Any])


def available_if(check: Callable[[Any], bool]) -> Callable[[_Method], _Method]:
    """Make a method an attribute of those objects only for which ``check`` is true."""
    decorate: Callable[[_Method], _Method] = metaestimators.available_if(check)
    return decorate
