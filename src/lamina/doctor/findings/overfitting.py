"""A network that learned its rows by heart."""

from __future__ import annotations

import math

from lamina.doctor.case import Case
from lamina.doctor.cures.cure import Cure
from lamina.doctor.finding import Evidence, Finding
from lamina.doctor.findings.fit import fits_badly, gap
from lamina.doctor.findings.sureness import sureness

__all__ = ["find"]

_GAP = 0.05
_BY_HEART, _CARRIED_OVER = 0.9, 0.0
_CERTAIN = 1.2
_FEWEST_ERRORS = 3
_MEANING = (
    "The network is much better on the rows of its training than on others: it learned noise by heart along with the rule. "
    "A plainer network, a penalty, dropout or an earlier stop keep it to the rule."
)


def find(case: Case) -> Finding | None:
    """Behind on held-out rows but not on training rows, with a gap between the two that is wider than the control's.

    Also training rows known by heart of which nothing carries over to other rows, or so surely that wrong answers cost more than
    to know nothing (Guo et al. 2017, "On calibration of modern neural networks"): no control is needed to call that harm.
    """
    outcome = case.outcome
    wider = gap(case)
    is_wider = case.is_behind and not fits_badly(case) and wider > _GAP
    known = _learned(outcome.train, outcome.constant)
    carries_nothing = known > _BY_HEART and outcome.learned <= _CARRIED_OVER
    certainty = _loss_of_certainty(case)
    is_too_certain = known > _BY_HEART and certainty > _CERTAIN
    if not (is_wider or carries_nothing or is_too_certain):
        return None
    evidence = [
        Evidence(
            "what the model learned of the training rows (0: as a constant, 1: all)",
            known,
            _BY_HEART if carries_nothing else None,
        ),
        Evidence("what of held-out rows", outcome.learned, _CARRIED_OVER if carries_nothing else None, is_above=False),
        Evidence("training rows per parameter", case.setup.rows_per_parameter),
    ]
    if is_wider:
        what = "score on training rows above that on held-out rows, beyond the same of a plain model"
        evidence.insert(0, Evidence(what, wider, _GAP))
    if is_too_certain:
        what = "estimated loss of held-out rows, answered as surely as training rows, relative to that of a constant"
        evidence.insert(0, Evidence(what, certainty, _CERTAIN))
    sure = max(sureness(wider / _GAP), 0.9 if carries_nothing else 0.0, sureness(certainty))
    causes = ("label_noise", "leak")
    return Finding("overfitting", "harm", sure, tuple(evidence), _MEANING, "L20", _cures(case), because_of=causes)


def _loss_of_certainty(case: Case) -> float:
    """An estimate of the cross-entropy of held-out rows over that of a constant: errors are as sure as right answers are.

    An answer that is right with the probability exp(−loss) leaves wrong ones about −log(loss).
    """
    run, wrong = case.run, case.outcome.errors
    is_entropy = case.setup.losses in (("softmax_cross_entropy",), ("sigmoid_cross_entropy",))
    if not is_entropy or not 0 < run.trained_loss < 1 or not run.loss.constant > 0 or wrong.sum() < _FEWEST_ERRORS:
        return 0.0
    return float(wrong.mean()) * -math.log(run.trained_loss) / run.loss.constant


def _learned(score: float, constant: float) -> float:
    return (score - constant) / (1 - constant) if constant < 1 else math.nan


def _cures(case: Case) -> tuple[Cure, ...]:
    setup = case.setup
    halved = tuple(max(8, width // 2) for width in setup.hidden_widths)
    stop = Cure("stop by held-out rows", {"early_stopping": True}, "Training ends when other rows gain no more.", "L20")
    cures = [] if setup.stops_on_validation else [stop]
    cures += [
        Cure("add a penalty", {"l2": max(10 * setup.l2, 0.01)}, "Small weights bend less around single rows.", "L21"),
        Cure("drop units", {"dropout": 0.2}, "No unit can rely on the others to remember a row.", "L22"),
    ]
    if halved:
        cures.append(Cure("take fewer units", {"widths": halved}, "Fewer units have less room for noise.", "L7"))
    return tuple(cures)
