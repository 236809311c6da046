"""scikit-learn's ``available_if`` with types, so that type checkers keep the signature of a conditional method."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sklearn.utils import metaestimators

__all__ = ["available_if"]

_Method = TypeVar("_Method", bound=Callable[..., Any])


def available_if(check: Callable[[Any], bool]) -> Callable[[_Method], _Method]:
    """Make a method available only on objects for which ``check`` is true."""
    decorate: Callable[[_Method], _Method] = metaestimators.available_if(check)
    return decorate
