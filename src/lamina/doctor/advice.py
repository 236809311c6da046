"""Advice: what the record of a training alone shows for certain, at the cost of a look at it."""

from __future__ import annotations

import math

import numpy as np

from lamina.doctor.case import Case
from lamina.doctor.chains import ranked
from lamina.doctor.finding import Finding
from lamina.doctor.findings.registry import FINDINGS
from lamina.doctor.outcome import Outcome
from lamina.doctor.patients.intake import Intake
from lamina.doctor.probes.nothing_learned import nothing_learned
from lamina.doctor.probes.restraint import restraint_of
from lamina.doctor.probes.row_losses import constant_loss
from lamina.doctor.probes.run_facts import facts_of_record
from lamina.doctor.probes.start_facts import start_facts
from lamina.doctor.setup import Setup

__all__ = ["advise"]

# Findings that read the course of a training and its start, not the rows. A stalled training is not among them: where the inputs
# tell nothing, no network gets away from a constant prediction.
_NAMES = (
    "symmetric_units",
    "poor_initial_variance",
    "divergence",
    "learning_rate_too_high",
    "learning_rate_too_low",
    "exploding_gradient",
    "vanishing_gradient",
    "saturated_units",
    "dead_units",
    "clipped_all_the_time",
    "over_regularized",
)


def advise(watched: Intake, max_epochs: int, *, learns_labels: bool) -> tuple[Finding, ...]:
    """What went wrong in a training whose loss ended where a constant prediction's lies, or above; nothing of any other.

    Parameters
    ----------
    watched : Intake
        Of one training, which has ended.
    max_epochs : int
        The epochs that were asked for.
    learns_labels : bool

    Returns
    -------
    tuple of Finding
        Causes before consequences.

    Examples
    --------
    >>> from lamina import Adam, Dense, Sequential, Trainer
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> watched, network = Intake(), Sequential([Dense(8, activation="relu"), Dense(1)])
    >>> history = Trainer(network, "squared_error", Adam(1e-7), callbacks=watched).fit(X, X[:, 0], max_epochs=10)
    >>> [finding.name for finding in advise(watched, 10, learns_labels=False)]
    ['learning_rate_too_low']
    """
    trainer, data = watched.trainer, watched.training
    assert trainer is not None
    if not nothing_learned(watched):
        return ()
    run = facts_of_record(
        watched.record,
        trainer.history,
        max_epochs,
        constant=constant_loss(trainer, data),
        batch_losses=np.empty(0),
        trained_loss=math.nan,
        restraint=restraint_of(trainer, data, watched.first_weights[0]),
    )
    setup = Setup.of(trainer, data, watched.validation, max_epochs, learns_labels=learns_labels)
    parameters, state = watched.first_weights
    start = start_facts(trainer, data, epochs=max_epochs, weights=parameters, state=state)
    unknown = Outcome(math.nan, math.nan, math.nan, np.empty(0))
    case = Case(setup, None, start, run, unknown, learned_nothing=True)  # type: ignore[arg-type]
    return ranked([finding for name in _NAMES if (finding := FINDINGS[name](case)) is not None])
