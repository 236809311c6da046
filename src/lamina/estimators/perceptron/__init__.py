"""Rosenblatt's perceptron, and whether a plane separates classes at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina.lazy import lazy_exports

if TYPE_CHECKING:
    from lamina.estimators.perceptron.certificates import CommonPoint, SeparatingPlane
    from lamina.estimators.perceptron.perceptron import Perceptron
    from lamina.estimators.perceptron.separability import Separability, linear_separability

__all__ = ["CommonPoint", "Perceptron", "Separability", "SeparatingPlane", "linear_separability"]

_HOMES = {
    "lamina.estimators.perceptron.certificates": "CommonPoint SeparatingPlane",
    "lamina.estimators.perceptron.perceptron": "Perceptron",
    "lamina.estimators.perceptron.separability": "Separability linear_separability",
}
__getattr__, __dir__ = lazy_exports(__name__, _HOMES)
