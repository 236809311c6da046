"""The table of a fit's restarts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lamina.data_frame import to_data_frame
from lamina.estimators.fitting.fit import Fit
from lamina.estimators.rows import Rows
from lamina.html import Printed
from lamina.training import StopReason

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Restart", "Restarts", "criterion_of", "row_of", "single_start"]


class Restart(NamedTuple):
    """One run of a fit with restarts.

    Parameters
    ----------
    seed : int or None
        The ``random_state`` that reproduces the initial weights.
    best : float
        The number by which runs are compared; see :class:`Restarts`. NaN if the run diverged at once.
    loss : float
        The last epoch's training loss.
    epochs : int
    stop_reason : StopReason
    """

    seed: int | None
    best: float
    loss: float
    epochs: int
    stop_reason: StopReason


@dataclass(frozen=True, slots=True)
class Restarts(Printed):
    """The runs of a fit as a table.

    Parameters
    ----------
    criterion : str
        What ``best`` is: "validation_score", "objective" of weight perturbation, "validation_loss", or "loss".
    rows : tuple of Restart
        In the order of their seeds.
    chosen : int
        The index of the run that was kept.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import MLPRegressor
    >>> X = np.linspace(-1, 1, 20).reshape(-1, 1)
    >>> model = MLPRegressor(hidden_layer_sizes=4, n_restarts=3, solver="lbfgs", max_iter=500, random_state=0)
    >>> model = model.fit(X, X.ravel() ** 2)
    >>> len(model.restarts_), model.restarts_.criterion
    (3, 'loss')
    >>> bool(model.restarts_[model.restarts_.chosen].loss == min(row.loss for row in model.restarts_))
    True
    """

    criterion: str
    rows: tuple[Restart, ...]
    chosen: int

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Restart]:
        return iter(self.rows)

    def __getitem__(self, position: int) -> Restart:
        return self.rows[position]

    @property
    def spread(self) -> tuple[float, float, float]:
        """The smallest, the mean and the largest ``best``, without runs that diverged."""
        values = [row.best for row in self.rows if math.isfinite(row.best)]
        return (min(values), sum(values) / len(values), max(values)) if values else (math.nan, math.nan, math.nan)

    def to_frame(self) -> pd.DataFrame:
        """The runs as a pandas data frame, one row per run; ``chosen`` marks the one that was kept."""
        lines = [
            {
                "seed": row.seed,
                self.criterion: row.best,
                **({} if self.criterion == "loss" else {"loss": row.loss}),
                "epochs": row.epochs,
                "stop_code": row.stop_reason.code,
                "chosen": position == self.chosen,
            }
            for position, row in enumerate(self.rows)
        ]
        return to_data_frame(lines, "Restarts")

    def __str__(self) -> str:
        besides = self.criterion != "loss"  # else the loss column would repeat the criterion's
        heads = f"   {'seed':>10}  {self.criterion:>16}{'        loss' if besides else ''}  {'epochs':>6}  stop reason"
        lines = [
            f"{'*' if position == self.chosen else ' '}  {'' if row.seed is None else row.seed:>10}  {row.best:>16.6g}"
            f"{f'  {row.loss:>10.6g}' if besides else ''}  {row.epochs:>6}  {row.stop_reason.code}"
            for position, row in enumerate(self.rows)
        ]
        low, mean, high = self.spread
        return "\n".join([heads, *lines, f"   {self.criterion}: {low:.6g} to {high:.6g}, mean {mean:.6g}"])


def single_start(fit: Fit) -> Restarts:
    """The table of a fit that started once."""
    state = fit.parameters.random_state
    seed = int(state) if isinstance(state, int | np.integer) else None
    return Restarts(criterion_of(fit), (row_of(fit, seed),), 0)


def criterion_of(fit: Fit) -> str:
    """The criterion by which fits like this one are compared; see :class:`Restarts`."""
    if fit.curves.best_validation_score_ is not None:
        return "validation_score"
    if fit.curves.validation_loss_curve_:
        return "validation_loss"
    history = fit.trainer.history
    return "objective" if len(history) and "objective" in history[-1] else "loss"


def row_of(fit: Fit, seed: int | None, validation: Rows | None = None) -> Restart:
    """The fit's row in the table."""
    curves, criterion = fit.curves, criterion_of(fit)
    # There is a curve if the criterion is "validation_loss"; L-BFGS may be done before its first iteration.
    curve = (curves.validation_loss_curve_ if criterion == "validation_loss" else curves.loss_curve_) or [math.nan]
    if criterion == "validation_score":
        best = curves.best_validation_score_ or 0.0
    elif criterion == "objective":
        best = fit.trainer.history[-1]["objective"]
    elif criterion == "validation_loss" and validation is not None:
        # Evaluate the current weights, since a callback may have restored better ones.
        targets = fit.target.targets(validation.truth, fit.trainer.executor.dtype)
        best = fit.trainer.evaluate(validation.X, targets, validation.weight)["loss"]
    else:
        # A run that diverged later has the weights of its lowest loss again.
        best = min(curve) if fit.stop_reason.code == "non_finite" else curve[-1]
    loss = curves.loss_curve_[-1] if curves.loss_curve_ else math.nan
    return Restart(seed, float(best), float(loss), int(curves.n_iter_), fit.stop_reason)
