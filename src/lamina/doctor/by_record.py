"""What the record of a training shows without its rows: findings that follow from losses, layers and settings alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lamina.doctor.advice import findings_without_rows
from lamina.doctor.finding import Finding
from lamina.doctor.probes.best_constant import highest_constant_loss
from lamina.doctor.probes.nothing_learned import ended_open
from lamina.doctor.probes.restraint import Restraint
from lamina.doctor.probes.run_facts import RunFacts, facts_of_record
from lamina.doctor.setup import Setup
from lamina.training import MonitorRecord, Trainer

__all__ = ["WITHOUT_ROWS", "ByRecord", "examine_record"]

#: The findings that read the course of a training and what it was told, and neither rows nor a plain model beside it.
WITHOUT_ROWS = (
    "divergence",
    "learning_rate_too_high",
    "learning_rate_too_low",
    "oscillating_loss",
    "exploding_gradient",
    "vanishing_gradient",
    "saturated_units",
    "dead_units",
    "clipped_all_the_time",
    "batch_too_large",
    "stopped_too_early",
)
_NOTHING_KNOWN = Restraint(*(math.nan,) * 8)
_USELESS = 0.95  # of a constant prediction's loss, on rows that were held out


@dataclass(frozen=True, slots=True)
class ByRecord:
    """What a record shows.

    Attributes
    ----------
    findings : tuple of Finding
        Causes before consequences. None where more than a constant was learned: how much better it could be, only rows tell.
    learned_nothing : bool or None
        Whether the loss ended where that of a constant prediction lies, or a number was not finite; None where that is not known:
        a loss below the most that a constant's can be need not be below that of the best constant.
    """

    findings: tuple[Finding, ...]
    learned_nothing: bool | None


def examine_record(
    trainer: Trainer,
    record: MonitorRecord | None,
    max_epochs: int,
    *,
    num_rows: int,
    num_validation_rows: int = 0,
    num_classes: int = 0,
    is_standard: bool = True,
    patience: float | None = None,
    measured: Mapping[str, Mapping[str, float]] | None = None,
) -> ByRecord:
    """What a trainer's history and the record of its layers show.

    What a constant prediction's loss would be is not known without the targets, but how high it can be at most. A loss that ends
    there ends at no less than the share of it that is told.

    Parameters
    ----------
    trainer : Trainer
        Of one output.
    record : MonitorRecord, optional
        Without one, layers are not judged.
    max_epochs : int
        The epochs that were asked for.
    num_rows, num_validation_rows : int
    num_classes : int
        0 where numbers are learned.
    is_standard : bool, default=True
        Whether numbers had mean 0 and standard deviation 1 in training.
    patience : float, optional
    measured : dict of dict, optional
        Metrics of the model and of a constant on held-out rows, as of :class:`lamina.metrics.Evaluation`, if all classes and rows
        weighed the same in training.

    Examples
    --------
    >>> from lamina import Adam, Dense, Monitor, Sequential, Trainer
    >>> X, monitor = np.random.default_rng(0).normal(size=(200, 3)), Monitor()
    >>> network = Sequential([Dense(8, activation="relu"), Dense(1)])
    >>> trainer = Trainer(network, "squared_error", Adam(1e-7), callbacks=monitor)
    >>> history = trainer.fit(X, X[:, 0] / X[:, 0].std(), max_epochs=10)
    >>> found = examine_record(trainer, monitor.record, 10, num_rows=200)
    >>> found.learned_nothing, [finding.name for finding in found.findings]
    (True, ['learning_rate_too_low'])
    """
    constant = _constant(trainer, num_classes, measured) if num_classes or is_standard else math.nan
    run = _facts(trainer, record, max_epochs, constant)
    learned_nothing = run.failure is not None or ended_open(run.loss)
    if not learned_nothing:
        is_exact = not math.isnan(constant) and not num_classes and trainer.losses[0].name == "squared_error"
        return ByRecord((), False if is_exact or _is_better_than_a_constant(measured or {}) else None)
    setup = Setup.of(
        trainer,
        num_rows,
        num_validation_rows,
        max_epochs,
        learns_labels=num_classes > 0,
        patience=patience,
        stops_on_validation=num_validation_rows > 0,
    )
    return ByRecord(findings_without_rows(WITHOUT_ROWS, setup, run, None), True)


def _facts(trainer: Trainer, record: MonitorRecord | None, max_epochs: int, constant: float) -> RunFacts:
    given: dict[str, Any] = {"batch_losses": np.empty(0), "trained_loss": math.nan, "restraint": _NOTHING_KNOWN}
    kept = MonitorRecord((), (), 2) if record is None else record
    run = facts_of_record(kept, trainer.history, max_epochs, constant=constant, **given)
    if record is not None:
        return run
    steps = trainer.history[-1].get("step", 0) if len(trainer.history) else 0
    return replace(run, steps=int(steps), stop="" if trainer.stop_reason is None else trainer.stop_reason.code)


def _is_better_than_a_constant(measured: Mapping[str, Mapping[str, float]]) -> bool:
    """Whether it is so on held-out rows; not if nothing was measured."""
    model, baseline = (measured.get(name, {}) for name in ("model", "baseline"))
    if "log_loss" in model:
        return model["log_loss"] <= _USELESS * baseline["log_loss"]
    return "r2" in model and 1 - model["r2"] <= _USELESS * (1 - baseline["r2"])


def _constant(trainer: Trainer, num_classes: int, measured: Mapping[str, Mapping[str, float]] | None) -> float:
    """The most that a constant's loss can be; what it was on held-out rows, where the model does no better on these either."""
    program, loss = trainer.executor.program, trainer.losses[0]
    highest = highest_constant_loss(loss, num_classes, program.widths[program.heads[0].logits] // program.members)
    model, baseline = (dict((measured or {}).get(name, {})) for name in ("model", "baseline"))
    own, other = (metrics.get("log_loss", math.nan) for metrics in (model, baseline))
    is_comparable = num_classes > 0 and getattr(loss, "label_smoothing", 0.0) == 0.0
    return min(highest, other) if is_comparable and own > _USELESS * other > 0 else highest
