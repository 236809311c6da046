"""Facts about one batch: whether the network can learn it by heart (Karpathy 2019, "A recipe for training neural networks")."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lamina.doctor.probes.beginning import Beginning
from lamina.engine.plan import Batches, StepValues, TrainingPlan
from lamina.optimizers import Adam, StepOptimizer

__all__ = ["OneBatchFacts", "one_batch_facts"]

_ROWS = 32
_STEPS = 200
_FEWEST_STEPS = 20
_WORK = 2e8  # multiplications forward, which bounds the steps of a large network; about 50 ms for both runs
_GOOD_RATE = 0.01  # at which Adam fits 32 rows within 200 steps, whatever the functions of a well-scaled network


@dataclass(frozen=True, slots=True)
class OneBatchFacts:
    """Trainings on one batch over and over, without dropout, from the first weights.

    Attributes
    ----------
    rows, steps : int
    loss_at_start : float
        Of that batch, with penalties.
    own_loss : float
        After ``steps`` steps of the trainer's own optimizer at its own rate; the lowest of the last tenth of the steps. NaN
        for an optimizer without steps, infinite if a number was not finite.
    good_loss : float
        The same with Adam at a rate of 0.01.
    """

    rows: int
    steps: int
    loss_at_start: float
    own_loss: float
    good_loss: float


def one_batch_facts(beginning: Beginning) -> OneBatchFacts:
    """Train on up to 32 rows, for up to 200 steps; networks of more than 20,000 parameters take fewer steps, at least 20.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import Dense, Sequential, Trainer
    >>> from lamina.doctor.probes.beginning import beginning_of
    >>> from lamina.engine.plan import Batches
    >>> rng = np.random.default_rng(0)
    >>> data = Batches([rng.normal(size=(100, 5))], [rng.integers(0, 2, size=(100, 1)).astype(float)])
    >>> network = Sequential([Dense(32, activation="relu"), Dense(1)])
    >>> facts = one_batch_facts(beginning_of(Trainer(network, "sigmoid_cross_entropy"), data))
    >>> facts.rows, facts.steps, facts.good_loss < 0.1 * facts.loss_at_start
    (32, 200, True)
    """
    trainer = beginning.trainer
    rows = beginning.first_rows(_ROWS)
    work = max(beginning.subject.program.num_parameters, 1) * len(rows)
    steps = int(np.clip(_WORK / 2 // work, _FEWEST_STEPS, _STEPS))
    good = Adam(_GOOD_RATE)
    good_plan = trainer.settings.plan()._replace(rule=good.rule())
    good_losses = _losses(beginning, rows, steps, good, good_plan)
    own_losses = np.full(steps, math.nan)
    if isinstance(trainer.optimizer, StepOptimizer):
        own_losses = _losses(beginning, rows, steps, trainer.optimizer, trainer.settings.plan())
    return OneBatchFacts(len(rows), steps, float(good_losses[0]), _end(own_losses), _end(good_losses))


def _losses(beginning: Beginning, rows: np.ndarray, steps: int, optimizer: StepOptimizer, plan: TrainingPlan) -> np.ndarray:
    """The losses of ``steps`` steps; infinite from the first that is not finite."""
    model = beginning.model(beginning.trainer.settings.dtype)
    model.configure(plan, optimizer)
    num_rates = len(beginning.subject.program.mask_rates)
    decays = np.full(steps, optimizer.weight_decay) if optimizer.weight_decay else None
    rates = np.zeros((steps, num_rates)) if num_rates else None
    values = StepValues(np.full(steps, optimizer.step_size), decays, rates)
    targets = [target.astype(model.executor.dtype) for target in beginning.data.targets]
    data = Batches(beginning.data.inputs, targets)
    result = model.stepper.train(data, np.tile(rows, steps), len(rows), 0, values)
    losses = np.full(steps, math.inf)
    losses[: len(result.losses)] = result.losses
    return losses


def _end(losses: np.ndarray) -> float:
    return float(losses[-max(1, len(losses) // 10) :].min())
