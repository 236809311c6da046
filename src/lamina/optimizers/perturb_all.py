"""Training by perturbing all weights at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lamina.engine.perturbation import PerturbationRule
from lamina.optimizers.optimizer import POSITIVE
from lamina.optimizers.perturbation import Objective, PerturbationOptimizer
from lamina.validation import boolean

__all__ = ["PerturbAll"]


@dataclass(frozen=True)
class PerturbAll(PerturbationOptimizer):
    """Perturbs all weights in parallel, and correlates the change in the objective with each weight's perturbation.

    With signs ``s_i`` = ±1 drawn at random, ``J`` the objective on the step's batch, ``scale`` = c and ``learning_rate`` = η::

        g_i = s_i (J(w + c s) − J(w − c s)) / 2c      antithetic, else s_i (J(w + c s) − J(w)) / c
        w_i ← w_i − η · mean of g_i over the trials

    The mean of ``g`` is the gradient (of ``J`` smoothed over c), but its variance grows with the number of weights: the effect of
    one weight is hidden in that of all the others. So the learning rate must be smaller than with back propagation, by a factor
    of about the number of weights over ``trials``. Any objective will do, as with :class:`PerturbOne`; one that changes in steps,
    such as accuracy, needs a ``scale`` large enough to change it.

    Parameters
    ----------
    learning_rate : float, default=0.01
        Step size η, > 0; what a schedule changes.
    scale : float, default=0.01
        Size of every weight's perturbation c, > 0.
    trials : int, default=1
        Draws of the signs per step, >= 1; more draws give a less noisy mean.
    antithetic : bool, default=True
        Whether to try every draw in both directions: this removes the error of order c and some variance, for one more pass per
        draw.
    objective : {"accuracy", "f1", "r2"}, callable or None, default=None
        ``function(targets, predictions) -> float`` of a batch; None is the loss. Penalties of the layers count either way.
    maximize : bool, default=True
        Whether larger values of a function are better (a score) or smaller ones.

    References
    ----------
    Dembo & Kailath, "Model-free distributed learning", 1990. Spall, "Multivariate stochastic approximation using a simultaneous
    perturbation gradient approximation", 1992, equation 2.1. Cauwenberghs, "A fast stochastic error-descent algorithm for
    supervised learning and optimization", 1993.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina.layers import Dense
    >>> from lamina.network import Sequential
    >>> from lamina.training import Trainer
    >>> x = np.linspace(-1, 1, 64).reshape(-1, 1)
    >>> trainer = Trainer(Sequential([Dense(1)]), "squared_error", PerturbAll(0.1), batch_size=None)
    >>> history = trainer.fit(x, 3 * x + 1, max_epochs=300)
    >>> {name: w.round(2).ravel().tolist() for name, w in trainer.weights.items()}
    {'dense_1.weight': [3.0], 'dense_1.bias': [1.0]}
    """

    kind: ClassVar[str] = "perturb-all"
    rules: ClassVar = {
        "learning_rate": POSITIVE,
        "scale": POSITIVE,
        "antithetic": boolean(),
        **PerturbationOptimizer.shared_rules,
    }

    learning_rate: float = 0.01
    scale: float = 0.01
    trials: int = 1
    antithetic: bool = True
    objective: Objective = None
    maximize: bool = True

    @property
    def step_size(self) -> float:
        return float(self.learning_rate)

    @property
    def passes(self) -> int:
        return 2 * int(self.trials) if self.antithetic else int(self.trials) + 1

    def perturbation_rule(self) -> PerturbationRule:
        return PerturbationRule("all", int(self.trials), float(self.scale), bool(self.antithetic))
