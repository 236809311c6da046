"""Training by perturbing one weight at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lamina.engine.perturbation import PerturbationRule
from lamina.optimizers.optimizer import POSITIVE
from lamina.optimizers.perturbation import Objective, PerturbationOptimizer
from lamina.validation import boolean

__all__ = ["PerturbOne"]


@dataclass(frozen=True)
class PerturbOne(PerturbationOptimizer):
    """Perturbs one weight at a time, and keeps the change if the objective improves.

    Trial of a weight ``w_i``, drawn at random, with ``J`` the objective on the step's batch and ``scale`` = c::

        d ~ uniform(−c, c)
        w_i ← w_i + d        if J(w_i + d) is better than J(w_i), else w_i stays

    Any objective will do: no derivative is needed, so metrics and threshold units ("step") work. A trial costs about one forward
    pass, of which the native engine computes only the changed unit's column and what follows it; back propagation gets the
    derivatives of *all* weights for about three passes. A schedule changes ``scale``.

    Parameters
    ----------
    scale : float, default=0.5
        Largest change of a weight, > 0.
    trials : int, default=100
        Weights tried on each batch, >= 1. Changes that help one small batch may hurt the others: prefer large batches.
    objective : {"accuracy", "f1", "r2"}, callable or None, default=None
        ``function(targets, predictions) -> float`` of a batch; None is the loss. Penalties of the layers count either way.
    maximize : bool, default=True
        Whether larger values of a function are better (a score) or smaller ones.
    accept_ties : bool, default=False
        Whether to keep a change that leaves the objective equal, which lets weights move across plateaus of accuracy and of
        threshold units.

    References
    ----------
    Jabri & Flower, "Weight perturbation: an optimal architecture and learning technique for analog VLSI feedforward and recurrent
    multilayer networks", 1992. Widrow & Lehr, "30 years of adaptive neural networks: perceptron, madaline, and backpropagation",
    1990 (Madaline rule III perturbs the sum of one unit in the same way).

    Examples
    --------
    XOR, learned by threshold units, which have no useful gradient:

    >>> import numpy as np
    >>> from lamina.layers import Dense
    >>> from lamina.network import Sequential
    >>> from lamina.training import Trainer
    >>> X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> y = np.array([0.0, 1.0, 1.0, 0.0])
    >>> network = Sequential([Dense(3, activation="step"), Dense(1, activation="step")])
    >>> trainer = Trainer(network, "squared_error", PerturbOne(scale=1.0, accept_ties=True), batch_size=None, seed=1)
    >>> history = trainer.fit(X, y, max_epochs=20)
    >>> trainer.predict(X).ravel().tolist()
    [0.0, 1.0, 1.0, 0.0]
    """

    kind: ClassVar[str] = "perturb-one"
    rules: ClassVar = {"scale": POSITIVE, **PerturbationOptimizer.shared_rules, "accept_ties": boolean()}

    scale: float = 0.5
    trials: int = 100
    objective: Objective = None
    maximize: bool = True
    accept_ties: bool = False

    @property
    def step_size(self) -> float:
        return float(self.scale)

    @property
    def passes(self) -> int:
        return int(self.trials) + 1

    def perturbation_rule(self) -> PerturbationRule:
        return PerturbationRule("one", int(self.trials), accept_ties=bool(self.accept_ties))
