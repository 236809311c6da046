"""Divergence: the loss runs away."""

from __future__ import annotations

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding, Where
from lamina.doctor.findings.fit import has_run_away
from lamina.doctor.findings.rates import lower_rate
from lamina.doctor.findings.sureness import sureness

__all__ = ["find"]

_MEANING = (
    "Each step made the loss larger instead of smaller, until it was worse than a constant answer or no number at all. "
    "Steps that are too long for the slope at hand do that: the descent jumps across the valley and lands higher each time."
)
_CAUSES = (
    "rows_in_order",
    "learning_rate_too_high",
    "unscaled_inputs",
    "unscaled_targets",
    "poor_initial_variance",
    "exploding_gradient",
)


def find(case: Case) -> Finding | None:
    """A number that is not finite, or a loss that ends above its beginning and above that of the best constant prediction."""
    if not has_run_away(case):
        return None
    run = case.run
    where, evidence = Where(), []
    if run.failure is not None:
        step, layer, quantity = run.failure
        where = Where(layer=layer, step=step + 1)
        evidence.append(Evidence(f"step at which a number was not finite ({quantity})", step + 1))
    if run.epochs:
        evidence.append(Evidence("loss at the end, relative to that of a constant", run.loss.open_share, 1.0))
    certain = 0.98 if run.failure is not None else sureness(run.loss.open_share)
    return Finding("divergence", "certain harm", certain, tuple(evidence), _MEANING, "L15", _cures(case), where, _CAUSES)


def _cures(case: Case) -> tuple[Cure, ...]:
    cures = [Cure("bound the gradient", {"clip_norm": 1.0}, "A step on a cliff is then no longer than others.", "L27")]
    if case.setup.learning_rate > 0:
        changes = {"learning_rate": lower_rate(case.setup)}
        cures.insert(0, Cure("lower the learning rate", changes, "Shorter steps stay in the valley.", "L15"))
    return tuple(cures)
