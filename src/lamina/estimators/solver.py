"""What kind of solver an estimator's parameters name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lamina.estimators.multilayer_perceptron import MultilayerPerceptron

__all__ = ["changes_rate_by_epoch", "has_partial_fit", "is_stochastic"]


def is_stochastic(estimator: MultilayerPerceptron) -> bool:
    """Whether the solver works batch by batch."""
    chosen = estimator.solver if estimator.optimizer is None else estimator.optimizer
    return getattr(chosen, "kind", chosen) != "lbfgs"


def has_partial_fit(estimator: MultilayerPerceptron) -> bool:
    """For ``available_if``: whether there is a ``partial_fit``; says why not."""
    if not is_stochastic(estimator):
        raise AttributeError("partial_fit is only available for stochastic optimizers. lbfgs is not stochastic.")
    return True


def changes_rate_by_epoch(estimator: MultilayerPerceptron) -> bool:
    """Whether one of scikit-learn's two changing schedules is at work."""
    sgd = estimator.optimizer is None and estimator.solver == "sgd"
    return sgd and isinstance(estimator.learning_rate, str) and estimator.learning_rate in ("invscaling", "adaptive")
