"""Descent with L-BFGS: SciPy's, its iterates kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lamina.descent.objective import Objective
from lamina.descent.result import Descent
from lamina.descent.trail import Trail
from lamina.optimizers import LBFGS

__all__ = ["descend_lbfgs"]


def descend_lbfgs(objective: Objective, trail: Trail, optimizer: LBFGS, max_steps: int) -> Descent:
    """At most ``max_steps`` iterations from the trail's start; each is a step of the result.

    The trail's ``tol`` bounds the gradient's norm; of the optimizer's own tolerances, that of the gradient gives way to it.
    """
    from scipy import optimize

    optimizer = replace(optimizer, gradient_tol=min(optimizer.gradient_tol, trail.tol))

    def after_iteration(intermediate_result: Any) -> None:
        trail.add(np.array(intermediate_result.x, dtype=np.float64))
        if trail.is_over:
            raise StopIteration

    if not trail.is_over:
        minimize: Any = optimize.minimize  # whose type stubs know no callback with an intermediate result
        with np.errstate(over="ignore", invalid="ignore"):
            result = minimize(
                objective.value_at,
                trail.points[0],
                jac=objective.gradient_at,
                method="L-BFGS-B",
                callback=after_iteration,
                options=optimizer.scipy_options(max_steps),
            )
        _end(trail, result, optimizer, max_steps)
    return trail.descent(0, max_steps)


def _end(trail: Trail, result: Any, optimizer: LBFGS, max_steps: int) -> None:
    """SciPy's reason in our words, unless the trail has its own."""
    largest = float(np.abs(trail.gradient).max())
    if result.nit >= max_steps:
        return
    if largest <= optimizer.gradient_tol:
        trail.end("gradient_zero", f"The gradient was almost zero: no element exceeded {optimizer.gradient_tol:g}.")
    elif result.nfev >= optimizer.max_evaluations:
        trail.end("max_steps", f"All {optimizer.max_evaluations} evaluations were used up.")
    elif result.status == 0:
        trail.end("no_improvement", optimizer.finding("value"))
    else:
        trail.end("no_improvement", "The line search found no lower value.")
