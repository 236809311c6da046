"""Advice: what the record of a training alone shows for certain, at the cost of a look at it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import sparse

from lamina.doctor.beside import Beside
from lamina.doctor.case import Case
from lamina.doctor.chains import ranked
from lamina.doctor.finding import Finding
from lamina.doctor.findings.registry import FINDINGS
from lamina.doctor.outcome import Outcome
from lamina.doctor.patients.intake import Intake
from lamina.doctor.probes.nothing_learned import nothing_learned
from lamina.doctor.probes.restraint import restraint_of
from lamina.doctor.probes.row_losses import constant_loss
from lamina.doctor.probes.run_facts import RunFacts, facts_of_record
from lamina.doctor.probes.start_facts import StartFacts, start_facts
from lamina.doctor.setup import Setup
from lamina.engine.plan import Batches
from lamina.training import MonitorRecord, Trainer

__all__ = ["advise", "advise_afterwards", "findings_without_rows"]

# Findings that read the start of a training, and its course; none that reads the rows. A stalled training is not among them:
# where the inputs tell nothing, no network gets away from a constant prediction.
_OF_THE_START = ("symmetric_units", "poor_initial_variance")
_OF_THE_COURSE = (
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
    trainer, data, (first, state) = watched.trainer, watched.training, watched.first_weights
    assert trainer is not None
    if not nothing_learned(trainer, watched.record, data):
        return ()
    start = start_facts(trainer, data, epochs=max_epochs, weights=first, state=state)
    return _said(trainer, watched.record, data, max_epochs, learns_labels, first, start)


def advise_afterwards(
    trainer: Trainer, record: MonitorRecord, data: Batches, max_epochs: int, *, learns_labels: bool
) -> tuple[Finding, ...]:
    """The same from what a model's file keeps of its training, and rows like those; how it began is not known then."""
    if not nothing_learned(trainer, record, data):
        return ()
    return _said(trainer, record, data, max_epochs, learns_labels, trainer.executor.snapshot()[0], None)


def _said(
    trainer: Trainer,
    record: MonitorRecord,
    data: Batches,
    max_epochs: int,
    learns_labels: bool,
    first: np.ndarray,
    start: StartFacts | None,
) -> tuple[Finding, ...]:
    run = facts_of_record(
        record,
        trainer.history,
        max_epochs,
        constant=constant_loss(trainer, data),
        batch_losses=np.empty(0),
        trained_loss=math.nan,
        restraint=restraint_of(trainer, data, first),
    )
    sparse_inputs = any(map(sparse.issparse, data.inputs))
    setup = Setup.of(trainer, data.num_rows, 0, max_epochs, learns_labels=learns_labels, has_sparse_inputs=sparse_inputs)
    return findings_without_rows(_OF_THE_COURSE if start is None else (*_OF_THE_START, *_OF_THE_COURSE), setup, run, start)


def findings_without_rows(names: Sequence[str], setup: Setup, run: RunFacts, start: StartFacts | None) -> tuple[Finding, ...]:
    """What findings say of a training that learned nothing, of whose rows nothing is known."""
    unknown = Beside(Outcome(math.nan, math.nan, math.nan, np.empty(0)))
    case = Case(setup, None, start, run, unknown, learned_nothing=True)  # type: ignore[arg-type]
    return ranked([finding for name in names if (finding := FINDINGS[name](case)) is not None])
