"""Why a perceptron's training ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sklearn.exceptions import ConvergenceWarning

from lamina.caller import warn_caller
from lamina.estimators.perceptron.threshold_unit import ThresholdUnit
from lamina.training import History, StopReason

__all__ = ["stop_reason", "warn_unfinished"]

# Where scikit-learn's Perceptron gives this warning.
_SCIKIT_LEARN_MODULE = "sklearn.linear_model._stochastic_gradient"

_KEPT_WORDS = {"pocket": "pocket weights", "plain": "last weights", "averaged": "mean weights"}


class Fitted(Protocol):
    """A fitted perceptron: its parameters and results."""

    penalty: str | None
    tol: float | None
    n_iter_no_change: int
    early_stopping: bool
    variant: str
    n_iter_: int
    history_: History
    stop_reason_: StopReason


def stop_reason(model: Fitted, units: Sequence[ThresholdUnit]) -> StopReason:
    """Why ``fit`` ended."""
    mistakes = model.history_[-1, "mistakes"]
    if not mistakes and model.penalty is None:
        return StopReason("converged", "An epoch passed without a mistake.")
    if all(unit.has_stalled or (model.penalty is None and not unit.makes_mistakes) for unit in units):
        for_long = f"by tol={model.tol:g} for n_iter_no_change={model.n_iter_no_change} epochs in a row"
        if model.early_stopping:
            return StopReason("no_improvement", f"The accuracy on the held-out rows did not rise {for_long}.")
        return StopReason("converged", f"The mean loss did not fall {for_long}; the last epoch had {_counted(mistakes)}.")
    text = (
        f"Perceptron: all {model.n_iter_} epochs (max_iter) were run, and the last still had {_counted(mistakes)}; "
        f"the {_KEPT_WORDS[model.variant]} are kept, and separability_ says whether more epochs can end without one."
    )
    return StopReason("max_epochs", text)


def warn_unfinished(model: Fitted) -> None:
    """Warn at the line that called ``fit`` if ``max_iter`` was reached and ``tol`` is set; call it when the model is complete."""
    if model.stop_reason_.code == "max_epochs" and model.tol is not None:
        warn_caller(model.stop_reason_.text, ConvergenceWarning, module=_SCIKIT_LEARN_MODULE)


def _counted(mistakes: int) -> str:
    return "1 mistake" if mistakes == 1 else f"{mistakes} mistakes"
