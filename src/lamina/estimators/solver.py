"""Questions about the solver that an estimator's parameters name."""

from __future__ import annotations

from lamina.estimators.parameters import Parameters

__all__ = ["bears_noise", "changes_rate_by_epoch", "has_partial_fit", "is_stochastic", "stops_early"]


def is_stochastic(parameters: Parameters) -> bool:
    """Whether the solver works batch by batch."""
    chosen = parameters.solver if parameters.optimizer is None else parameters.optimizer
    return getattr(chosen, "kind", chosen) != "lbfgs"


def bears_noise(parameters: Parameters) -> bool:
    """Whether the solver does not compare losses, which any noise would disturb."""
    chosen = parameters.solver if parameters.optimizer is None else parameters.optimizer
    return getattr(chosen, "kind", chosen) not in ("lbfgs", "perturb-one", "perturb-all")


def stops_early(parameters: Parameters) -> bool:
    """Whether the score of validation rows decides when to stop."""
    return bool(parameters.early_stopping) and is_stochastic(parameters)


def has_partial_fit(parameters: Parameters) -> bool:
    """For ``available_if``: whether there is a ``partial_fit``; raises and says why if not."""
    if not is_stochastic(parameters):
        raise AttributeError("partial_fit is only available for stochastic optimizers. lbfgs is not stochastic.")
    return True


def changes_rate_by_epoch(parameters: Parameters) -> bool:
    """Whether scikit-learn's "invscaling" or "adaptive" schedule is in use."""
    sgd = parameters.optimizer is None and parameters.solver == "sgd"
    return sgd and isinstance(parameters.learning_rate, str) and parameters.learning_rate in ("invscaling", "adaptive")
