"""The line search of Moré and Thuente: a step along a direction that sufficiently decreases a function and its slope."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Trial", "search_line"]

# MINPACK-2's factors: how far a step may grow while no minimum is bracketed, and how fast an interval must shrink.
_SHORTEST_GROWTH, _LONGEST_GROWTH = 1.1, 4.0
_SHRINKAGE = 0.66
_RETREAT = 0.1


@dataclass(frozen=True, slots=True)
class Trial:
    """A step along the line, with the function's value and slope there.

    Attributes
    ----------
    step : float
        >= 0.
    value, slope : float
        The function, and its derivative along the line.
    """

    step: float
    value: float
    slope: float

    @property
    def is_finite(self) -> bool:
        return math.isfinite(self.value) and math.isfinite(self.slope)

    def minus_line(self, slope: float) -> Trial:
        """The function with a line of that slope subtracted, up to a constant."""
        return Trial(self.step, self.value - self.step * slope, self.slope - slope)


@dataclass(slots=True)
class _Interval:
    """The search interval: ``best`` has the lowest value; ``other`` is beyond the minimum once it is bracketed."""

    best: Trial
    other: Trial
    bracketed: bool = False


def search_line(
    evaluate: Callable[[float], Trial],
    start: Trial,
    first_step: float,
    *,
    decrease: float = 1e-3,
    curvature: float = 0.9,
    precision: float = 0.1,
    max_step: float = 1e10,
    max_trials: int = 20,
) -> Trial | None:
    """Find a step that satisfies the strong Wolfe conditions, or one of sufficient decrease when the interval is too small.

    The conditions, with value f and slope f' along the line::

        f(step) <= f(0) + decrease · step · f'(0)        |f'(step)| <= curvature · |f'(0)|

    A trial that is not finite is treated as far too long.

    Parameters
    ----------
    evaluate : callable
        Returns the :class:`Trial` at a step.
    start : Trial
        At step 0; its slope is negative.
    first_step : float
        > 0.
    decrease, curvature : float, default=1e-3, 0.9
        In (0, 1); the defaults are those of L-BFGS-B.
    precision : float, default=0.1
        The relative width at which an interval is not searched any further, >= 0.
    max_step : float, default=1e10
    max_trials : int, default=20
        >= 1.

    Returns
    -------
    Trial or None
        None if no trial with a lower value was found.

    References
    ----------
    Moré & Thuente, "Line search algorithms with guaranteed sufficient decrease", 1994.

    Examples
    --------
    >>> parabola = lambda step: Trial(step, (step - 3) ** 2, 2 * (step - 3))
    >>> search_line(parabola, parabola(0.0), 1.0, curvature=0.1).step
    3.0
    """
    found = _Interval(start, start)
    needed = decrease * start.slope
    width, width_before = max_step, 2 * max_step
    low, high = 0.0, first_step + _LONGEST_GROWTH * first_step
    first_stage = True
    step = first_step
    for _ in range(max_trials):
        trial = evaluate(step)
        if not trial.is_finite:
            low, high = found.best.step, step
            max_step = step
            step = found.best.step + _RETREAT * (step - found.best.step)
            continue
        bound = start.value + step * needed
        enough = trial.value <= bound
        if enough and (abs(trial.slope) <= -curvature * start.slope or (step >= max_step and trial.slope <= needed)):
            return trial
        if found.bracketed and (not low < step < high or high - low <= precision * high):
            return trial if enough else None
        first_stage = first_stage and not (enough and trial.slope >= 0)
        if first_stage and trial.value <= found.best.value and not enough:
            # Until the decrease is sufficient, minimize the function minus the line of just sufficient decrease.
            step = _next_with_line(found, trial, needed, low, high)
        else:
            step = _next_step(found, trial, low, high)
        if found.bracketed:
            if abs(found.other.step - found.best.step) >= _SHRINKAGE * width_before:
                step = found.best.step + 0.5 * (found.other.step - found.best.step)
            width_before, width = width, abs(found.other.step - found.best.step)
            low, high = sorted((found.best.step, found.other.step))
        else:
            low = step + _SHORTEST_GROWTH * (step - found.best.step)
            high = step + _LONGEST_GROWTH * (step - found.best.step)
        step = min(max(step, 0.0), max_step)
        if found.bracketed and (not low < step < high or high - low <= precision * high):
            step = found.best.step
    return None


def _next_with_line(found: _Interval, trial: Trial, slope: float, low: float, high: float) -> float:
    """:func:`_next_step` on the function minus a line."""
    shifted = _Interval(found.best.minus_line(slope), found.other.minus_line(slope), found.bracketed)
    step = _next_step(shifted, trial.minus_line(slope), low, high)
    found.best, found.other = shifted.best.minus_line(-slope), shifted.other.minus_line(-slope)
    found.bracketed = shifted.bracketed
    return step


def _next_step(found: _Interval, trial: Trial, low: float, high: float) -> float:
    """The next step to try, from the minimizers of interpolating cubics and quadratics; updates ``found``.

    The four cases are those of section 4 of the paper.
    """
    best = found.best
    cubic, far_cubic = _cubic_minimizer(best, trial)
    secant = _secant_minimizer(best, trial)
    turned = trial.slope * math.copysign(1.0, best.slope) < 0
    if trial.value > best.value:
        # The minimum is bracketed: take the cubic's minimizer if it is closer to the best step, else the mean of both minimizers.
        quadratic = best.step + (trial.step - best.step) * _quadratic_fraction(best, trial)
        closer = abs(cubic - best.step) < abs(quadratic - best.step)
        step = cubic if closer else cubic + (quadratic - cubic) / 2
        found.bracketed = True
    elif turned:
        # Also bracketed: take the minimizer, cubic or secant, that is farther from the trial.
        step = cubic if abs(cubic - trial.step) > abs(secant - trial.step) else secant
        found.bracketed = True
    elif abs(trial.slope) < abs(best.slope):
        step = _where_slopes_fall(found, trial, far_cubic, secant, low, high)
    elif found.bracketed:
        step = _cubic_minimizer(trial, found.other)[0]
    else:
        step = high if trial.step > best.step else low
    if trial.value > best.value:
        found.other = trial
    else:
        if turned:
            found.other = best
        found.best = trial
    return step


def _where_slopes_fall(found: _Interval, trial: Trial, cubic: float | None, secant: float, low: float, high: float) -> float:
    """The third case: a lower value and a smaller slope of the same sign; the cubic may have no minimizer ahead."""
    best, other = found.best, found.other
    far = cubic if cubic is not None else high if trial.step > best.step else low
    if found.bracketed:
        step = far if abs(far - trial.step) < abs(secant - trial.step) else secant
        most = trial.step + _SHRINKAGE * (other.step - trial.step)
        return min(most, step) if trial.step > best.step else max(most, step)
    step = far if abs(far - trial.step) > abs(secant - trial.step) else secant
    return min(max(step, low), high)


def _cubic_minimizer(a: Trial, b: Trial) -> tuple[float, float | None]:
    """The minimizer of the cubic through two trials; also the one beyond ``b``, None if the cubic falls without bound there."""
    theta = 3 * (a.value - b.value) / (b.step - a.step) + a.slope + b.slope
    scale = max(abs(theta), abs(a.slope), abs(b.slope))
    inside = (theta / scale) ** 2 - (a.slope / scale) * (b.slope / scale)
    root = scale * math.sqrt(max(0.0, inside))
    towards_b = root if b.step > a.step else -root
    near = a.step + (towards_b - a.slope + theta) / (2 * towards_b - a.slope + b.slope or math.inf) * (b.step - a.step)
    # The same minimum computed from b, for slopes of the same sign.
    p, q = (-towards_b - b.slope + theta), (a.slope - b.slope - 2 * towards_b)
    far = b.step + p / q * (a.step - b.step) if q and root and p / q < 0 else None
    return near, far


def _secant_minimizer(a: Trial, b: Trial) -> float:
    """The zero of the line through the two slopes."""
    return b.step + b.slope / (b.slope - a.slope or math.inf) * (a.step - b.step)


def _quadratic_fraction(a: Trial, b: Trial) -> float:
    """The minimizer of the parabola with a's value and slope and b's value, as a fraction of the way from ``a`` to ``b``."""
    return a.slope / ((a.value - b.value) / (b.step - a.step) + a.slope) / 2
