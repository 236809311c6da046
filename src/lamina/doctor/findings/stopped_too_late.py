"""A training that went on after it was best."""

from __future__ import annotations

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding
from lamina.doctor.findings.overfitting import find as overfitting
from lamina.doctor.findings.sureness import sureness
from lamina.doctor.probes.validation_course import ValidationCourse

__all__ = ["find", "of_course"]

_RISE = 0.1
_LEFT_OPEN = 0.1
_MEANING = (
    "Training went on long after the rule was learned: the loss on its own rows kept falling while others were answered worse. "
    "Stopping by held-out rows keeps the weights of the best epoch."
)


def find(case: Case) -> Finding | None:
    """Overfitting in a training that did not stop by held-out rows, and came to a training loss near 0 or past the best epoch.

    Prechelt 1998, "Early stopping – but when?": the loss on held-out rows has risen by a share of its lowest value.
    """
    run = case.run
    if case.setup.stops_on_validation or overfitting(case) is None:
        return None
    rise = run.validation.rise if run.validation is not None else float("nan")
    learned_by_heart = run.loss.open_share < _LEFT_OPEN
    if not (rise > _RISE or learned_by_heart):
        return None
    evidence = [
        Evidence(
            "loss at the end, relative to that of a constant",
            run.loss.open_share,
            _LEFT_OPEN if learned_by_heart else None,
            False,
        )
    ]
    if run.validation is not None:
        evidence.insert(0, Evidence("rise of the validation loss over its lowest", rise, _RISE if rise > _RISE else None))
        evidence.append(Evidence("epochs after the best one", run.validation.epochs_after))
    sure = max(sureness(rise / _RISE), sureness(_LEFT_OPEN / run.loss.open_share if run.loss.open_share > 0 else 10.0))
    fewer = round(run.epochs * run.validation.best_at) if run.validation else run.epochs // 5
    return Finding("stopped_too_late", "harm", sure, tuple(evidence), _MEANING, "L20", _cures(max(1, fewer)))


def of_course(course: ValidationCourse, *, at_epoch: int, last_epoch: int) -> Finding | None:
    """The same of the course of a validation loss alone, whose training loss fell on; ``at_epoch`` it was at its best."""
    if not course.rise > _RISE:
        return None
    evidence = (
        Evidence("rise of the validation loss over its lowest", course.rise, _RISE),
        Evidence("validation loss at its lowest", course.best),
        Evidence("validation loss now", course.last),
        Evidence("epochs after the best one", last_epoch - at_epoch),
    )
    return Finding("stopped_too_late", "harm", sureness(course.rise / _RISE), evidence, _MEANING, "L20", _cures(at_epoch))


def _cures(fewer: int) -> tuple[Cure, ...]:
    stop = Cure("stop by held-out rows", {"early_stopping": True}, "Training ends when other rows gain no more.", "L20")
    return stop, Cure("train for fewer epochs", {"epochs": fewer}, "The rule is learned before the noise is.", "L20")
