"""Gradient check: compares back propagation with numerical slopes of the loss, also for custom networks and losses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.analysis.passes import batches_of
from lamina.analysis.subject import Weights, subject_of
from lamina.analysis.training_objective import TrainingObjective
from lamina.data_frame import to_data_frame
from lamina.engine.program import Parameter
from lamina.html import Printed
from lamina.network import Network
from lamina.network.heads import Losses
from lamina.text_table import text_table
from lamina.training import Trainer
from lamina.validation import check_parameters, integer, number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GradientCheck", "ParameterCheck", "check_gradients"]

# The first step balances truncation, O(h^2), against rounding, O(eps / h): the cube root of float64's eps.
# The smaller ones leave nearby kinks outside.
_STEPS = tuple(float(np.finfo(np.float64).eps) ** (1 / 3) / shrink for shrink in (1, 8, 64))
# Rounding error allowed in a difference quotient, for a loss of size 1.
_NOISE = 1e-8
# Size of the move away from a kink: far beyond the steps, so that sums that were exactly 0 no longer are.
_ASIDE = 1e-3


@dataclass(frozen=True, slots=True)
class ParameterCheck:
    """The worst of the tested elements of one parameter.

    Attributes
    ----------
    parameter : str
        Name of the parameter.
    tried : int
        Number of perturbed elements.
    index : tuple of int
        The element with the largest error.
    gradient, difference : float
        Its gradient by back propagation and by central differences; at the weights beside, if the element is at a kink.
    error : float
        |gradient − difference| / max(|gradient|, |difference|, floor): the relative error, but with floor = 1e-8 max(1, |loss|) /
        ``tol``, so that the rounding of a difference is no error where the gradient is almost 0.
    kinks : int
        Elements along which the loss has a kink at the tested weights, where no slope is the right one. They are compared at
        weights beside; those with a kink there, too, are not checked.
    """

    parameter: str
    tried: int
    index: tuple[int, ...]
    gradient: float
    difference: float
    error: float
    kinks: int


@dataclass(frozen=True, slots=True)
class GradientCheck(Printed):
    """Result of :func:`check_gradients`.

    Attributes
    ----------
    passed : bool
        Whether every error is at most ``tol``.
    tol : float
        The largest relative error that passes.
    loss : float
        The loss at the tested weights.
    directions : tuple of float
        Errors along random directions over all parameters. Kinks are treated as those of elements.
    parameters : tuple of ParameterCheck
        One per trainable parameter.
    """

    passed: bool
    tol: float
    loss: float
    directions: tuple[float, ...]
    parameters: tuple[ParameterCheck, ...]

    @property
    def worst(self) -> ParameterCheck | None:
        """The parameter with the largest error; None for a network without trainable parameters."""
        return max(self.parameters, key=lambda check: check.error, default=None)

    @property
    def verdict(self) -> str:
        """The result in one sentence."""
        if self.passed:
            return f"The gradient is right: no relative error exceeds {self.tol:g}."
        worst = self.worst
        if worst is None or worst.error <= self.tol:
            return f"The gradient is WRONG along a random direction: relative error {max(self.directions):.2g} > {self.tol:g}."
        at = f"{worst.parameter}{list(worst.index)}"
        numbers = f"back propagation gives {worst.gradient:.6g}, differences give {worst.difference:.6g}"
        return (
            f"The gradient is WRONG, with the largest error at {at}: {numbers} (relative error {worst.error:.2g} > {self.tol:g})."
        )

    def columns(self) -> dict[str, list[Any]]:
        """The attributes of :class:`ParameterCheck` as lists."""
        columns: dict[str, list[Any]] = {"parameter": [check.parameter for check in self.parameters]}
        columns["worst element"] = [", ".join(map(str, check.index)) for check in self.parameters]
        for name in ("gradient", "difference", "error", "tried", "kinks"):
            columns[name] = [getattr(check, name) for check in self.parameters]
        return columns

    def to_frame(self) -> pd.DataFrame:
        """One row per parameter, as a pandas data frame."""
        return to_data_frame(self.columns(), "GradientCheck")

    def __str__(self) -> str:
        along = ", ".join(f"{error:.1e}" for error in self.directions)
        return f"{self.verdict}\nrelative errors along random directions: {along}\n{text_table(self.columns())}"


def check_gradients(
    network: Network | Trainer,
    X: Any,
    y: Any,
    loss: Losses | None = None,
    *,
    weights: Weights = None,
    state: np.ndarray | None = None,
    num_directions: int = 5,
    max_elements: int = 100,
    tol: float = 1e-4,
    seed: int = 0,
    engine: str = "auto",
) -> GradientCheck:
    """Compare the gradient that a training step uses with central differences of its loss, in float64.

    (L(w + h v) − L(w − h v)) / 2h is compared with g · v: along random directions v, which test all parameters at the cost of
    two evaluations, and along single weights, which locate an error. Frozen layers have no gradient to check.

    A ReLU, an absolute error, or an L1 penalty has kinks, where the slopes on both sides differ. If the difference disagrees with
    the gradient, or the sides with one another, smaller steps follow, h / 8 and h / 64, which leave nearby kinks outside. If the
    sides still differ by more than curvature explains, or the smallest step still changes the result, the weights are at a kink.
    With biases of 0, for example, a row for which one ReLU layer is dead gives sums of exactly 0 in the next. No slope is right
    there: the direction is compared at weights beside, which differ by about 0.001 each. A wrong gradient is wrong there, too.

    Parameters
    ----------
    network : Network or Trainer
        A trainer supplies its loss and its current weights.
    X, y
        A few rows are enough; targets in the form that the loss expects.
    loss : loss, optional
        May be a function, or a :class:`lamina.losses.CustomLoss` whose gradient you want to check.
    weights, state
        As in :func:`lamina.analysis.activation_statistics`.
    num_directions : int, default=5
        Number of random directions, at least 1.
    max_elements : int, default=100
        Maximum number of elements to perturb in each parameter, at least 1; chosen at random if there are more.
    tol : float, default=1e-4
        The largest relative error that passes; back propagation in float64 usually stays below 1e-6.
    seed : int, default=0
        Seed of initial weights, directions and elements, and of the dropout masks, which stay the same throughout.
    engine : {"auto", "native", "reference", "torch"}, default="auto"

    Returns
    -------
    GradientCheck

    Raises
    ------
    DataError
        If there is no loss.
    NonFiniteError
        If the loss or its gradient is not finite.
    ShapeError, InvalidSettingError
        If data, weights or loss do not fit the network, or a setting is out of range.

    Examples
    --------
    A loss whose author forgot a factor:

    >>> import numpy as np
    >>> from lamina import Dense, Sequential
    >>> def fourth_power(z, t):
    ...     return np.sum((z - t) ** 4, axis=1), (z - t) ** 3
    >>> X, y = np.eye(3), np.arange(3.0)
    >>> check = check_gradients(Sequential([Dense(2, activation="tanh"), Dense(1)]), X, y, fourth_power)
    >>> check.passed, round(check.worst.difference / check.worst.gradient, 4)
    (False, 4.0)
    """
    owner = "check_gradients"
    settings = {"num_directions": num_directions, "max_elements": max_elements, "tol": tol, "seed": seed}
    rules = {"num_directions": integer(1), "max_elements": integer(1), "tol": number(0, closed="neither"), "seed": integer(0)}
    check_parameters(settings, rules, owner=owner)
    subject = subject_of(network, X=X, loss=loss, weights=weights, state=state, seed=seed, needs_loss=True, owner=owner)
    data = batches_of(subject, X, y)
    objective = TrainingObjective(subject, data, engine, seed)
    every = np.arange(data.num_rows, dtype=np.int64)

    def loss_and_gradient(weights: np.ndarray) -> tuple[float, np.ndarray]:
        return objective(weights, every)

    here = _Slope(loss_and_gradient, subject.parameters, tol)
    rng = np.random.default_rng(seed)
    trained = [parameter for parameter in subject.program.parameters if parameter.trainable]
    aside = _direction(np.random.default_rng([seed, 1]), here.gradient.size, trained)
    beside = _Slope(loss_and_gradient, subject.parameters + _ASIDE * np.sqrt(aside.size) * aside, tol)
    slopes = _Slopes(here, beside, here.bends(aside))
    along = [slopes.along(_direction(rng, here.gradient.size, trained))[0] for _ in range(num_directions if trained else 0)]
    directions = tuple(comparison.error for comparison in along if not comparison.is_kink)
    parameters = tuple(_check_parameter(parameter, slopes, rng, max_elements) for parameter in trained)
    passed = all(error <= tol for error in (*directions, *(check.error for check in parameters)))
    return GradientCheck(passed, float(tol), here.loss, directions, parameters)


@dataclass(frozen=True, slots=True)
class _Comparison:
    gradient: float
    difference: float
    error: float
    bend: float
    is_kink: bool


class _Slope:
    """Compares the gradient at some weights with differences of the loss."""

    def __init__(
        self, loss_and_gradient: Callable[[np.ndarray], tuple[float, np.ndarray]], weights: np.ndarray, tol: float
    ) -> None:
        self._loss_and_gradient = loss_and_gradient
        self._weights = weights
        self.tol = tol
        self.loss, self.gradient = loss_and_gradient(weights)
        self._noise = _NOISE * max(1.0, abs(self.loss))

    def along(self, direction: np.ndarray) -> _Comparison:
        """The comparison with the first step that finds no kink and no error, or with the step of the smallest error."""
        comparisons: list[_Comparison] = []
        for step in _STEPS:
            comparisons.append(self._with_step(direction, step))
            if comparisons[-1].error <= self.tol and not comparisons[-1].is_kink:
                return comparisons[-1]
        return replace(min(comparisons, key=lambda comparison: comparison.error), is_kink=self._is_kink(*comparisons[-2:]))

    def bends(self, direction: np.ndarray) -> bool:
        """Whether there is a kink in this direction, even one too slight to disturb a comparison."""
        return self._is_kink(*(self._with_step(direction, step) for step in _STEPS[1:]))

    def _is_kink(self, large: _Comparison, small: _Comparison) -> bool:
        """Whether the one-sided slopes stay apart, or the smaller step changes the result."""
        # The sides of a smooth loss differ by O(h): by an eighth of what they did.
        change = abs(large.difference - small.difference)
        bends = small.bend > max(0.3 * large.bend, self._noise)
        return bends or change > max(self.tol * max(abs(large.difference), abs(small.difference)), self._noise)

    def _with_step(self, direction: np.ndarray, step: float) -> _Comparison:
        step *= max(1.0, abs(float(self._weights @ direction)))
        above, below = (self._loss_and_gradient(self._weights + side * direction)[0] for side in (step, -step))
        difference, claimed = (above - below) / (2 * step), float(self.gradient @ direction)
        error = abs(claimed - difference) / max(abs(claimed), abs(difference), self._noise / self.tol)
        right, left = (above - self.loss) / step, (self.loss - below) / step
        bend = abs(right - left)
        return _Comparison(claimed, difference, error, bend, bend > 1e-3 * max(abs(right), abs(left)) + self._noise)


@dataclass(frozen=True, slots=True)
class _Slopes:
    here: _Slope
    beside: _Slope
    bends_here: bool  # along some direction

    def along(self, direction: np.ndarray) -> tuple[_Comparison, bool]:
        """The comparison at the tested weights, or beside if they are at a kink, and whether they are."""
        comparison = self.here.along(direction)
        # Along this direction, the kinks of several units may cancel.
        is_kink = comparison.is_kink or (self.bends_here and comparison.error > self.here.tol)
        return (self.beside.along(direction), True) if is_kink else (comparison, False)


def _direction(rng: np.random.Generator, size: int, trained: Sequence[Parameter]) -> np.ndarray:
    """A vector of length 1 over these parameters, 0 elsewhere."""
    drawn, direction = rng.normal(size=size), np.zeros(size)
    for parameter in trained:
        direction[parameter.slice] = drawn[parameter.slice]
    unit: np.ndarray = direction / (np.linalg.norm(direction) or 1.0)
    return unit


def _check_parameter(parameter: Parameter, slopes: _Slopes, rng: np.random.Generator, most: int) -> ParameterCheck:
    """Perturb elements of one parameter one by one."""
    chosen = rng.permutation(parameter.size)[:most]
    worst, where, kinks = _Comparison(0.0, 0.0, -1.0, 0.0, False), 0, 0
    for element in chosen:
        direction = np.zeros_like(slopes.here.gradient)
        direction[parameter.offset + element] = 1.0
        comparison, is_kink = slopes.along(direction)
        kinks += is_kink
        if not comparison.is_kink and comparison.error > worst.error:
            worst, where = comparison, int(element)
    index = tuple(int(i) for i in np.unravel_index(where, parameter.shape))
    return ParameterCheck(parameter.name, len(chosen), index, worst.gradient, worst.difference, max(worst.error, 0.0), kinks)
