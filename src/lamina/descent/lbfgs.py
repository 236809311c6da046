"""Descent with L-BFGS that keeps its iterates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lamina.descent.objective import Objective
from lamina.descent.quasi_newton import QuasiNewton
from lamina.descent.result import Descent
from lamina.descent.trail import Trail
from lamina.optimizers import LBFGS

__all__ = ["descend_lbfgs"]


def descend_lbfgs(objective: Objective, trail: Trail, optimizer: LBFGS, max_steps: int) -> Descent:
    """Run at most ``max_steps`` iterations from the trail's start; each is a step of the result.

    The trail's ``tol`` bounds the norm of the gradient and lowers the optimizer's own ``gradient_tol`` if that is larger.
    """
    optimizer = replace(optimizer, gradient_tol=min(optimizer.gradient_tol, trail.tol))

    def value_and_gradient(point: np.ndarray) -> tuple[float, np.ndarray]:
        return objective.value_at(point), objective.gradient_at(point)

    if not trail.is_over:
        descent = QuasiNewton(value_and_gradient, trail.points[0], optimizer)
        while not trail.is_over and descent.num_iterations < max_steps:
            _end(trail, descent, optimizer)
            if not trail.is_over:
                _advance(trail, descent)
    return trail.descent(0, max_steps)


def _advance(trail: Trail, descent: QuasiNewton) -> None:
    if descent.advance():
        trail.add(descent.point)
    else:
        trail.end("no_improvement", "The line search found no lower value.")


def _end(trail: Trail, descent: QuasiNewton, optimizer: LBFGS) -> None:
    """End the trail when one of the optimizer's own rules applies."""
    if descent.largest_slope <= optimizer.gradient_tol:
        trail.end("gradient_zero", f"The gradient was almost zero: no element exceeded {optimizer.gradient_tol:g}.")
    elif descent.num_evaluations > optimizer.max_evaluations:
        trail.end("max_steps", f"All {optimizer.max_evaluations} evaluations were used up.")
    elif descent.num_iterations and descent.has_converged(optimizer.loss_tol):
        trail.end("no_improvement", optimizer.finding("value"))
