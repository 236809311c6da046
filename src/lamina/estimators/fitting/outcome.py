"""Reports how a fit ended with scikit-learn's warnings."""

from __future__ import annotations

import math

from sklearn.exceptions import ConvergenceWarning

from lamina.caller import SCIKIT_LEARN_MODULE, warn_caller
from lamina.estimators.fitting.fit import Fit
from lamina.estimators.solver import is_stochastic

__all__ = ["report_outcome"]


def report_outcome(fit: Fit, *, single_epoch: bool, interrupted: bool) -> None:
    """Warn if training did not finish, which the user might not notice otherwise."""
    code, parameters = fit.stop_reason.code, fit.parameters
    if interrupted:
        _warn("Training interrupted by user.", UserWarning)
    elif code == "non_finite" and fit.curves.validation_scores_ is not None:
        fit.curves.validation_scores_.append(math.nan)  # the epoch that diverged
    elif single_epoch:
        return
    elif code in ("max_epochs", "no_improvement") and not is_stochastic(parameters):
        text = f"lbfgs failed to converge after {fit.curves.n_iter_} iteration(s): {fit.stop_reason.text}"
        _warn(f"{text} Scale the data, or increase max_iter ({parameters.max_iter}).", ConvergenceWarning)
    elif code == "max_epochs":
        reached = f"Maximum iterations ({parameters.max_iter}) reached and the optimization hasn't converged yet."
        _warn(f"Stochastic Optimizer: {reached}", ConvergenceWarning)


def _warn(text: str, category: type[Warning]) -> None:
    """Warn in scikit-learn's name, so that filters written for its warnings apply."""
    warn_caller(text, category, module=SCIKIT_LEARN_MODULE)
