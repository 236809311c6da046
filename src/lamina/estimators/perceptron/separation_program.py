"""The linear program that separates two classes, or proves that no plane does.

For rows ``x_i`` with signs ``s_i`` of −1 and +1, one program gives both answers:

    maximize m   subject to   s_i (w·x_i + b) >= m,   −1 <= w_j <= 1

If its optimum is positive, (w, b) is a separating plane. If it is 0, ``m > 0`` is infeasible, and the dual values of the optimum
prove it (Farkas 1902): weights >= 0 with sum 1 in each class, under which both classes have the same mean. A separating plane
would have this point on both sides.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from lamina.estimators.perceptron.certificates import TOLERANCE, CommonPoint, SeparatingPlane, scales

__all__ = ["certify"]


def certify(
    X: Any, sign: np.ndarray, counts: np.ndarray, deadline: float | None = None, plane: SeparatingPlane | None = None
) -> SeparatingPlane | CommonPoint | None:
    """The certificate for rows X (n, d) float64, dense or CSR, with signs (n,); only rows where ``counts`` is True are used.

    If ``plane`` separates them, no linear program is solved. ``deadline`` is a time of ``time.monotonic``.
    """
    rows, signs = (X, sign) if counts.all() else (X[counts], sign[counts])
    if plane is not None and plane.verify(rows, signs):
        return plane
    time_left = None if deadline is None else deadline - time.monotonic()
    if time_left is not None and time_left <= 0:
        return None
    solved = _solve(rows, signs, time_left)
    if solved is None:
        return None
    plane, multipliers = solved
    if plane.verify(rows, signs):
        return plane
    point = CommonPoint(multipliers, rows.T @ np.where(signs > 0, multipliers, 0.0))
    if not point.verify(rows, signs):
        return None
    everywhere = np.zeros(len(sign))
    everywhere[counts] = multipliers
    return CommonPoint(everywhere, point.point)


def _solve(X: Any, sign: np.ndarray, time_left: float | None) -> tuple[SeparatingPlane, np.ndarray] | None:
    """The linear program's plane and multipliers; None if it was not solved, for example in time."""
    center, scale = scales(X)
    constraints: Any
    if not isinstance(X, np.ndarray):
        center = np.zeros_like(center)  # centering would make the rows dense
        scaled = X @ sparse.diags_array(1.0 / scale)
        columns: Any = [-sparse.diags_array(sign) @ scaled, -sign[:, np.newaxis], np.ones((len(sign), 1))]
        constraints = sparse.hstack(columns, format="csc")
    else:
        scaled = (X - center) / scale
        constraints = np.column_stack([-sign[:, np.newaxis] * scaled, -sign, np.ones(len(sign))])
    num_features = X.shape[1]
    cost = np.zeros(num_features + 2)
    cost[-1] = -1.0
    options: Any = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    if time_left is not None:
        options["time_limit"] = time_left
    bounds: Any = [(-1.0, 1.0)] * num_features + [(None, None)] * 2
    result: Any = linprog(cost, constraints, np.zeros(len(sign)), bounds=bounds, method="highs", options=options)
    if result.status != 0:
        return None
    weights = result.x[:num_features] / scale
    plane = SeparatingPlane(weights, float(result.x[num_features] - weights @ center))
    return plane, _polished(scaled, sign, np.maximum(-2.0 * result.ineqlin.marginals, 0.0))


def _polished(X: Any, sign: np.ndarray, multipliers: np.ndarray) -> np.ndarray:
    """Dual values without the solver's rounding errors: the nearest solution of the equations with the same zeros."""
    support = np.flatnonzero(multipliers > TOLERANCE)
    rows = X[support] if isinstance(X, np.ndarray) else X[support].toarray()
    signs, few = sign[support], multipliers[support]
    equations = np.vstack([rows.T * signs, signs > 0, signs < 0])
    wanted = np.concatenate([np.zeros(rows.shape[1]), [1.0, 1.0]])
    few = few + np.linalg.lstsq(equations, wanted - equations @ few, rcond=None)[0]
    polished = np.zeros_like(multipliers)
    polished[support] = np.maximum(few, 0.0)
    return polished
