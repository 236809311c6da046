"""Gradient descent on any function, with the library's update rules."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lamina.descent.lbfgs import descend_lbfgs
from lamina.descent.numerical_gradient import numerical_gradient
from lamina.descent.objective import Objective
from lamina.descent.result import Descent
from lamina.descent.trail import Trail
from lamina.engine import plan
from lamina.engine.formulas.clipping import clip
from lamina.engine.formulas.update import RULES, decay
from lamina.errors import DataError, InvalidSettingError, phrase
from lamina.optimizers import LBFGS, Optimizer, StepOptimizer, get_optimizer
from lamina.schedules import Constant, Schedule, get_schedule
from lamina.validation import check_parameters, integer, number

__all__ = ["minimize"]


def minimize(
    function: Callable[[np.ndarray], float],
    gradient: Callable[[np.ndarray], Any] | None,
    start: Sequence[float] | np.ndarray | float,
    *,
    optimizer: str | Optimizer | Mapping[str, Any] = "gradient_descent",
    schedule: str | Schedule | Mapping[str, Any] | Callable[[int], float] | None = None,
    clipping: plan.Clipping | None = None,
    tol: float = 1e-6,
    max_steps: int = 1000,
) -> Descent:
    """Minimize a function by descent from ``start`` until the gradient is almost zero.

    With gradient descent and a constant ``schedule``, η being the optimizer's learning rate::

        new = old − step,    step = η · gradient(old)        until ‖gradient(new)‖ < tol

    Each step is as in training: clip the gradient, apply weight decay, then the optimizer's update rule.

    Parameters
    ----------
    function : callable
        Takes a point, ndarray of shape (d,) float64, and returns a number.
    gradient : callable or None
        Takes a point and returns d numbers; None: central differences, see :func:`lamina.descent.numerical_gradient`.
    start : float or sequence of float, of shape (d,)
        A single number for a function of one variable, which still receives arrays of shape (1,).
    optimizer : str, Optimizer or dict, default="gradient_descent"
        Any in :data:`lamina.optimizers.OPTIMIZERS` that follows a gradient. L-BFGS finds its step lengths by line search.
    schedule : str, Schedule, dict or callable, optional
        How the learning rate changes; each step counts as one epoch. Reactive schedules see the function's value.
    clipping : Clipping, optional
        Gradient clipping; the point counts as one layer.
    tol : float, default=1e-6
        The descent ends when the norm of the gradient is below this, >= 0; 0: only when it is exactly zero.
    max_steps : int, default=1000
        Maximum number of steps, >= 1.

    Returns
    -------
    Descent
        The end point, the whole path, and why the descent ended.

    Raises
    ------
    InvalidSettingError
        If a setting is unknown or out of range, or L-BFGS is combined with a schedule or clipping.
    DataError
        If the start is not a finite point, the function does not return a number, the gradient's shape is not the point's, or
        one of them is not finite at the start.

    Examples
    --------
    >>> from lamina.optimizers import GradientDescent
    >>> way = minimize(lambda x: float(x @ x), lambda x: 2 * x, [3.0, 4.0], optimizer=GradientDescent(0.25), tol=1e-3)
    >>> way.num_steps, way.values[:3].tolist(), way.stop_reason.code
    (14, [25.0, 6.25, 1.5625], 'gradient_zero')
    """
    check_parameters({"tol": tol, "max_steps": max_steps}, {"tol": number(0), "max_steps": integer(1)}, owner="minimize")
    chosen, rates = get_optimizer(optimizer), get_schedule(schedule)
    objective = Objective(function, gradient or (lambda point: numerical_gradient(objective.value_at, point)))
    trail = Trail(objective, _checked_start(start), tol)
    if isinstance(chosen, LBFGS):
        _check_lbfgs(schedule, clipping)
        return descend_lbfgs(objective, trail, chosen, max_steps)
    if not isinstance(chosen, StepOptimizer):
        repair = "Choose another, such as gradient_descent, or use this one with a Trainer."
        raise InvalidSettingError(phrase("optimizer", "must follow a gradient", chosen.kind, repair=repair, owner="minimize"))
    return _descend(objective, trail, chosen, rates, clipping or plan.Clipping(), max_steps)


def _descend(
    objective: Objective,
    trail: Trail,
    optimizer: StepOptimizer,
    schedule: Schedule,
    clipping: plan.Clipping,
    max_steps: int,
) -> Descent:
    """Descend step by step with an update rule."""
    schedule = copy.deepcopy(schedule)  # reactive schedules have state, which must not reach the next descent
    if schedule.reactive is not None:
        schedule.reactive.reset()
    rule = optimizer.rule()
    w = trail.points[0]
    slots = tuple(np.zeros_like(w) for _ in range(rule.num_slots))
    everywhere, one_layer = np.ones_like(w), [[slice(0, w.size)]]
    num_clipped = 0
    for step in range(max_steps):
        if trail.is_over:
            break
        rate = float(schedule.rates(optimizer.learning_rate, step, 1, 1, max_steps)[0])
        g, was_clipped = clip(trail.gradient, clipping, one_layer)
        # A step that is too large may overflow; the trail detects that and ends.
        with np.errstate(over="ignore", invalid="ignore"):
            w = decay(w, everywhere, rate, float(optimizer.weight_decay))
            w, slots = RULES[rule.kind](w, g, slots, step + 1, rate, *rule.coefficients)
        if trail.add(w, rate):
            num_clipped += was_clipped
            _report(schedule, trail, optimizer.learning_rate)
    return trail.descent(num_clipped, max_steps)


def _report(schedule: Schedule, trail: Trail, base: float) -> None:
    """Pass the last value to a reactive schedule."""
    reactive = schedule.reactive
    if reactive is None:
        return
    reactive.on_epoch_end(trail.values[-1], base)
    if reactive.exhausted:
        text = f"The value {reactive.finding('step')}, and the learning rate is not lowered any further."
        trail.end("no_improvement", text)


def _checked_start(start: Any) -> np.ndarray:
    try:
        point = np.atleast_1d(np.array(start, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise DataError(phrase("start", "must be numbers", start, owner="minimize")) from error
    if point.ndim != 1 or not point.size or not np.isfinite(point).all():
        rule = "must be a finite number or a sequence of them"
        raise DataError(phrase("start", rule, start, repair="Give one number per variable.", owner="minimize"))
    return point


def _check_lbfgs(schedule: object, clipping: plan.Clipping | None) -> None:
    """Reject schedules and clipping with L-BFGS, which finds its steps by line search."""
    for name, given in (("schedule", schedule), ("clipping", clipping)):
        is_chosen = given.is_bounded if isinstance(given, plan.Clipping) else not isinstance(given, Constant | None)
        if is_chosen:
            rule = "must be left out with L-BFGS, whose line search decides the step length"
            raise InvalidSettingError(phrase(name, rule, given, repair="Choose another optimizer.", owner="minimize"))
