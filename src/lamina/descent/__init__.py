"""Gradient descent on plain functions, with every optimizer, schedule and clipping of the library; keeps the whole path."""

from lamina.descent.minimization import minimize
from lamina.descent.numerical_gradient import numerical_gradient
from lamina.descent.result import Descent
from lamina.descent.surfaces import SURFACES, Surface, get_surface

__all__ = ["SURFACES", "Descent", "Surface", "get_surface", "minimize", "numerical_gradient"]
