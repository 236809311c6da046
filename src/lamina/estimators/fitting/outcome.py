"""How a training ended, said in scikit-learn's warnings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sklearn.exceptions import ConvergenceWarning

from lamina.caller import SCIKIT_LEARN_MODULE, warn_caller
from lamina.estimators.solver import is_stochastic

if TYPE_CHECKING:
    from lamina.estimators.multilayer_perceptron import MultilayerPerceptron

__all__ = ["DIVERGED", "report_outcome"]

DIVERGED = "Solver produced non-finite parameter weights. The input data may contain large values and need to be preprocessed."


def report_outcome(model: MultilayerPerceptron, incremental: bool, interrupted: bool) -> None:
    """Warn when the user would otherwise take an unfinished training for a finished one."""
    code = model.stop_reason_.code
    if interrupted:
        _warn("Training interrupted by user.", UserWarning)
    elif code == "non_finite" and model.validation_scores_ is not None:
        model.validation_scores_.append(math.nan)  # the epoch that diverged
    elif incremental:
        return
    elif code in ("max_epochs", "no_improvement") and not is_stochastic(model):
        text = f"lbfgs failed to converge after {model.n_iter_} iteration(s): {model.stop_reason_.text}"
        _warn(f"{text} Scale the data, or increase max_iter ({model.max_iter}).", ConvergenceWarning)
    elif code == "max_epochs":
        text = f"Stochastic Optimizer: Maximum iterations ({model.max_iter}) reached and the optimization hasn't converged yet."
        _warn(text, ConvergenceWarning)


def _warn(text: str, category: type[Warning]) -> None:
    """In scikit-learn's name: these are its warnings, and the filters that were written for them are to act."""
    warn_caller(text, category, module=SCIKIT_LEARN_MODULE)
