"""Width sweep: validation error against the number of hidden units, and how many units are enough."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina.data_frame import to_data_frame
from lamina.door import serve
from lamina.engine import N_THREADS, default_threads
from lamina.errors import DataError, LaminaError, NonFiniteError, phrase
from lamina.html import Printed
from lamina.layers import Dense
from lamina.losses import Loss, LossLike, get_loss
from lamina.losses.domain import NUMBERS
from lamina.moments import mean_and_deviation
from lamina.network import Sequential
from lamina.optimizers import LBFGS, Optimizer, get_optimizer
from lamina.tasks import map_in_threads
from lamina.text_table import text_table
from lamina.training import EarlyStopping, Trainer
from lamina.validation import Rule, check_parameters, integer, number, one_of, sequence_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["WidthSweep", "width_sweep"]

_WORTH = 0.05  # of the error of a constant
_RATE, _BATCH_SIZE = 0.01, 32  # defaults, which L-BFGS does without

_RULES: dict[str, Rule] = {
    "widths": sequence_of(integer(1), at_least=1),
    "seeds": one_of(integer(1), sequence_of(integer(0), at_least=1)),
    "max_epochs": integer(1),
    "batch_size": integer(1),
    "patience": integer(0),
    "num_points": integer(8),
    "validation_fraction": number(0, 1, "neither"),
    "tolerance": number(0),
    "n_jobs": N_THREADS,
}


@dataclass(frozen=True, eq=False, slots=True)
class WidthSweep(Printed):
    """Errors against widths; see :func:`width_sweep`.

    Attributes
    ----------
    widths : ndarray of shape (k,)
        Ascending.
    errors : ndarray of shape (k, seeds)
        The lowest validation loss of each run; infinite if a run diverged.
    enough : int or None
        The number of units that is enough, by ``rule``; None if none of the wider ones tried shows that it is.
    tolerance : float
        How far above the lowest mean error "enough" may lie, as a share of that error.
    constant : float
        The error of the best prediction that is the same for all rows; NaN where it was not measured.
    """

    widths: np.ndarray
    errors: np.ndarray
    enough: int | None
    tolerance: float = 0.1
    constant: float = math.nan

    @property
    def rule(self) -> str:
        """How ``enough`` is chosen, in words."""
        bound = f"one standard error or {100 * self.tolerance:g} % of the lowest mean error, whichever is more"
        return f"the smallest width whose mean error is within {bound}, if a wider one was tried"

    @property
    def learned_nothing(self) -> bool:
        """Whether no width is better than a constant prediction, by a twentieth of its error."""
        return bool(self.means.min() >= self.constant - _WORTH * abs(self.constant))

    @property
    def means(self) -> np.ndarray:
        """Mean error of each width over the seeds, (k,)."""
        means: np.ndarray = self.errors.mean(axis=1)
        return means

    @property
    def standard_errors(self) -> np.ndarray:
        """Standard error of each mean, (k,); 0 for a single seed."""
        return _standard_errors(self.errors)

    @property
    def diverged(self) -> np.ndarray:
        """The widths of which a run diverged."""
        widths: np.ndarray = self.widths[np.isinf(self.means)]
        return widths

    def columns(self) -> dict[str, list[Any]]:
        """Width, mean, standard error, least and greatest error as lists."""
        return {
            "hidden units": self.widths.tolist(),
            "mean error": self.means.tolist(),
            "standard error": self.standard_errors.tolist(),
            "least": self.errors.min(axis=1).tolist(),
            "greatest": self.errors.max(axis=1).tolist(),
        }

    def to_frame(self) -> pd.DataFrame:
        """One row per width, as a pandas data frame."""
        return to_data_frame(self.columns(), "WidthSweep")

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw it; see :func:`lamina.plots.plot_width_sweep`. Needs the extra ``plot``."""
        axes: Axes = serve("WidthSweep.plot", self, ax=ax)
        return axes

    def __str__(self) -> str:
        return f"{text_table(self.columns())}\n{self._verdict()}"

    def _verdict(self) -> str:
        best = int(np.argmin(self.means))
        lowest = f"Lowest mean error: {self.means[best]:.3g} with {_units(self.widths[best])}."
        if self.diverged.size:
            widths = ", ".join(str(width) for width in self.diverged)
            lowest += f" Runs diverged with {widths} hidden units, of which nothing is known; a lower learning rate may help."
        if self.learned_nothing:
            beside = f"a constant prediction has an error of {self.constant:.3g}"
            return f"{lowest}\nNothing was learned: {beside}. Longer training may help."
        if self.enough is not None:
            return (
                f"{lowest}\nOf the widths tried, {_units(self.enough)} {'is' if self.enough == 1 else 'are'} enough: {self.rule}."
            )
        if np.isinf(self.means[best + 1 :]).any():
            return f"{lowest}\nNot enough was tried: wider networks diverged."
        return f"{lowest}\nNot enough was tried, and wider networks may do better. Enough is {self.rule}."


def width_sweep(
    problem: Callable[[np.ndarray], Any] | tuple[Any, Any],
    widths: Sequence[int] = (1, 2, 4, 8, 16, 32, 64),
    seeds: int | Sequence[int] = 5,
    *,
    low: float | Sequence[float] = -1.0,
    high: float | Sequence[float] = 1.0,
    num_points: int = 512,
    loss: LossLike = "squared_error",
    activation: str = "tanh",
    optimizer: str | Optimizer = "adam",
    learning_rate: float | None = _RATE,
    batch_size: int = _BATCH_SIZE,
    max_epochs: int = 1000,
    patience: int = 100,
    validation_fraction: float = 0.25,
    tolerance: float = 0.1,
    n_jobs: int | None = None,
) -> WidthSweep:
    """Measure how many units in one hidden layer a function or a data set needs.

    Every width is trained from several seeds, in parallel threads, until the validation loss stops falling. Inputs (and
    targets, if the loss accepts any numbers) are standardized to mean 0 and variance 1, so that a squared error of ½ means
    "no better than the mean". The validation rows are the same for all runs.

    Enough is the smallest width whose mean error m satisfies m ≤ m* + max(s*, ``tolerance`` · m*), where m* is the lowest mean
    error and s* its standard error. Only a wider width that was tried can show that a width is enough: if only the widest
    satisfies the rule, the error may fall further, and the answer is None.

    Parameters
    ----------
    problem : callable or (X, y)
        ``function(X) -> y`` of an array (n, features), or the data with targets in the form that ``loss`` expects.
    widths : sequence of int
        Numbers of hidden units, each at least 1.
    seeds : int or sequence of int, default=5
        The number of seeds, or the seeds.
    low, high : float or sequence of float, default=-1, 1
        Bounds of the function's inputs, one per input.
    num_points : int, default=512
        Number of uniformly random points at which the function is sampled, at least 8.
    loss : loss, default="squared_error"
    activation : str, default="tanh"
        Activation of the hidden layer.
    optimizer : str or Optimizer, default="adam"
    learning_rate : float or None, default=0.01
        For an optimizer given by name; None: the optimizer's default. "lbfgs" has none, and this default is left out.
    batch_size, max_epochs, patience : int, default=32, 1000, 100
        L-BFGS takes all rows at once, and this default is left out.
    validation_fraction : float, default=0.25
        Share of the rows used for validation, in (0, 1).
    tolerance : float, default=0.1
        How far above the lowest mean error "enough" may lie, as a share of that error; at least 0. Where the standard error of
        the lowest mean is larger, it counts instead.
    n_jobs : int, optional
        Number of threads, from 1 to 1024; None: the number of available processors, within limits set by the user.

    Returns
    -------
    WidthSweep

    Raises
    ------
    DataError
        If the problem is neither a function nor a pair of arrays, or its data cannot be used.
    InvalidSettingError
        If a setting is out of range.
    LaminaError
        If every width has a run that diverged.

    References
    ----------
    Cybenko 1989 and Hornik, Stinchcombe & White 1989 show that some width suffices. The one-standard-error rule is from
    Breiman, Friedman, Olshen & Stone, "Classification and regression trees", 1984, section 3.4.3; the tolerance stands beside
    it because few seeds give a standard error that is small by chance, or none.

    Examples
    --------
    >>> import numpy as np
    >>> sweep = width_sweep(lambda X: np.sin(3 * X[:, 0]), widths=(1, 4), seeds=2, max_epochs=40)
    >>> bool(sweep.means[1] < sweep.means[0])
    True
    """
    settings: dict[str, object] = {"widths": widths, "seeds": seeds, "max_epochs": max_epochs, "batch_size": batch_size}
    settings |= {"patience": patience, "num_points": num_points, "validation_fraction": validation_fraction}
    settings |= {"tolerance": tolerance, "n_jobs": n_jobs}
    check_parameters(settings, _RULES, owner="width_sweep")
    X, y = _sampled(problem, low, high, num_points) if callable(problem) else _given(problem)
    objective = get_loss(loss)
    train, validation = _prepared(X, y, objective.domain(1) is NUMBERS, validation_fraction)
    steps = _optimizer(optimizer, learning_rate)
    outputs = _num_outputs(y, objective)
    rows = None if isinstance(steps, LBFGS) and batch_size == _BATCH_SIZE else batch_size
    run = _Run(train, validation, objective, activation, outputs, steps, rows, max_epochs, patience)
    chosen_seeds = list(range(seeds)) if isinstance(seeds, int | np.integer) else [int(seed) for seed in seeds]
    ordered = sorted({int(width) for width in widths})
    errors = np.array(map_in_threads(run.error, product(ordered, chosen_seeds), n_jobs or default_threads()))
    errors = errors.reshape(len(ordered), len(chosen_seeds))
    sweep = WidthSweep(np.array(ordered), errors, _enough(ordered, errors, tolerance), float(tolerance), run.constant_error())
    return replace(sweep, enough=None) if sweep.learned_nothing else sweep


Pair = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False, slots=True)
class _Run:
    """The settings shared by all runs."""

    train: Pair
    validation: Pair
    loss: Loss
    activation: str
    num_outputs: int
    optimizer: Optimizer
    batch_size: int | None
    max_epochs: int
    patience: int

    def error(self, width_and_seed: tuple[int, int]) -> float:
        """The lowest validation loss of one run; infinite if it diverged."""
        width, seed = width_and_seed
        network = Sequential([Dense(width, activation=self.activation), Dense(self.num_outputs)])
        stopping = EarlyStopping(patience=self.patience, tol=0.0)
        settings: dict[str, Any] = {"batch_size": self.batch_size, "seed": seed, "dtype": "float64", "n_threads": 1}
        trainer = Trainer(network, self.loss, self.optimizer, callbacks=[stopping], **settings)
        try:
            trainer.fit(*self.train, validation_data=self.validation, max_epochs=self.max_epochs)
        except NonFiniteError:
            return float("inf")
        return float(stopping.best)

    def constant_error(self) -> float:
        """The validation loss of the best constant prediction: that of a network which sees no inputs."""
        (X, y), (X_held, y_held) = self.train, self.validation
        trainer = Trainer(Sequential([Dense(self.num_outputs)]), self.loss, "lbfgs", dtype="float64", n_threads=1)
        trainer.fit(np.zeros((len(X), 1)), y, max_epochs=100)
        return float(trainer.evaluate(np.zeros((len(X_held), 1)), y_held)["loss"])


def _sampled(function: Callable[[np.ndarray], Any], low: Any, high: Any, num_points: int) -> tuple[np.ndarray, np.ndarray]:
    bottom, top = np.broadcast_arrays(np.atleast_1d(low).astype(float), np.atleast_1d(high).astype(float))
    if not (np.isfinite(bottom).all() and np.isfinite(top).all() and (bottom < top).all()):
        raise DataError(phrase("low", f"must be finite and less than high ({high})", low, owner="width_sweep"))
    X = np.random.default_rng(0).uniform(bottom, top, size=(num_points, len(bottom)))
    y = np.asarray(function(X), dtype=np.float64)
    if len(np.atleast_1d(y)) != num_points:
        rule = f"must return one value for each of {num_points} rows"
        raise DataError(phrase("function", rule, f"shape {y.shape}", repair="Work on columns: X[:, 0].", owner="width_sweep"))
    return X, y


def _given(problem: Any) -> tuple[np.ndarray, np.ndarray]:
    if not isinstance(problem, tuple | list) or len(problem) != 2:
        raise DataError(phrase("problem", "must be a function or a pair (X, y)", type(problem).__name__, owner="width_sweep"))
    try:
        X, y = (np.asarray(part, dtype=np.float64) for part in problem)
    except (TypeError, ValueError) as error:
        repair = "Encode strings and categories first."
        raise DataError(phrase("X and y", "must hold numbers", str(error), repair=repair, owner="width_sweep")) from error
    if X.ndim != 2 or y.ndim not in (1, 2) or len(X) != len(y) or len(X) < 8:
        got = f"shapes {X.shape} and {y.shape}"
        raise DataError(
            phrase("X and y", "must have the same number of rows, at least 8, and X two axes", got, owner="width_sweep")
        )
    return X, y


def _prepared(X: np.ndarray, y: np.ndarray, standardizes: bool, fraction: float) -> tuple[Pair, Pair]:
    """Training and validation rows, standardized by mean and standard deviation of the training rows."""
    order = np.random.default_rng(0).permutation(len(X))
    count = min(max(1, round(fraction * len(X))), len(X) - 1)
    held, kept = order[:count], order[count:]
    X = _standardized(X, kept)
    y = _standardized(y, kept) if standardizes else y
    return (X[kept], y[kept]), (X[held], y[held])


def _standardized(array: np.ndarray, rows: np.ndarray) -> np.ndarray:
    mean, deviation = mean_and_deviation(array[rows], axis=0)
    standardized: np.ndarray = (array - mean) / np.where(deviation > 0, deviation, 1.0)
    return standardized


def _num_outputs(y: np.ndarray, loss: Loss) -> int:
    num_columns = 1 if y.ndim == 1 else y.shape[1]
    if loss.one_of_several and num_columns == 1:
        return max(loss.min_width, int(y.max(initial=0.0, where=np.isfinite(y))) + 1)  # wrong indices the trainer refuses
    return loss.width_for(num_columns)


def _optimizer(optimizer: str | Optimizer, learning_rate: float | None) -> Optimizer:
    has_none = optimizer == "lbfgs" and learning_rate == _RATE
    if not isinstance(optimizer, str) or learning_rate is None or has_none:
        return get_optimizer(optimizer)
    return get_optimizer(optimizer, learning_rate=learning_rate)


def _standard_errors(errors: np.ndarray) -> np.ndarray:
    count = errors.shape[1]
    if count == 1:
        return np.zeros(len(errors))
    with np.errstate(invalid="ignore"):  # inf - inf for a width with diverged runs
        deviations: np.ndarray = errors.std(axis=1, ddof=1) / np.sqrt(count)
    return deviations


def _enough(widths: Sequence[int], errors: np.ndarray, tolerance: float = 0.1) -> int | None:
    """The smallest width near the lowest mean error, or None if no wider one, trained without divergence, can show it."""
    means = errors.mean(axis=1)
    trained = np.flatnonzero(np.isfinite(means))
    if not len(trained):
        raise LaminaError("width_sweep: every width has a run that diverged. Lower the learning rate.")
    best = int(np.argmin(means))
    margin = max(float(_standard_errors(errors)[best]), tolerance * abs(float(means[best])))
    first = int(np.flatnonzero(means <= means[best] + margin)[0])
    return int(widths[first]) if first < trained[-1] else None


def _units(count: int) -> str:
    return f"{count} hidden unit{'' if count == 1 else 's'}"
